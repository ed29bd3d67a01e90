"""How a request wants to be judged and solved: the objective and the options."""

from __future__ import annotations

from models.shop.problem import DEFAULT_OBJECTIVE, RELAXABLE, TERMS, Level, Options
from models.shop.reading.bounds import MAX_BATCH, MAX_LEVELS, MAX_SEED, MAX_WEIGHT, MIN_SECONDS
from models.shop.reading.context import Context
from models.shop.reading.quantities import to_thousandths
from models.shop.reading.row import Row

ENGINES = ("auto", "dispatch", "search", "cpsat", "ppo")
"""Engines that a request may ask for; ``auto`` lets the platform choose."""

CALENDAR_RULE = "calendar:"
_OPTIONS = frozenset({"engine", "time_limit_seconds", "gap_tolerance", "batch_size", "seed", "deterministic", "relax"})


def read_objective(document: Row) -> tuple[Level, ...]:
    """The objective levels, most important first; the default where none is given."""
    stated = document.fields.get("objective")
    if stated is None:
        return DEFAULT_OBJECTIVE
    if not isinstance(stated, list):
        level = _read_level(document, "objective", stated)
        return DEFAULT_OBJECTIVE if level is None else (level,)
    levels = [
        _read_level(document, f"objective[{number}]", value)
        for number, value in enumerate(document.items("objective", MAX_LEVELS))
    ]
    return tuple(level for level in levels if level is not None) or DEFAULT_OBJECTIVE


def _read_level(document: Row, name: str, stated: object) -> Level | None:
    if isinstance(stated, str):
        if stated in TERMS:
            return {stated: 1000}
        document.fault(name, "unknown_term", f"must be one of {', '.join(TERMS)}", stated)
        return None
    if not isinstance(stated, dict):
        document.fault(name, "type", "must be a term, or an object of terms and coefficients", stated)
        return None
    row = Row.of(document.faults, document.at(name), stated, None)
    if row is None or not stated:
        document.fault(name, "min_items", "must name at least one term", stated)
        return None
    level = {}
    for term in row.fields:
        if term not in TERMS:
            row.fault(term, "unknown_term", f"is no objective term; terms are {', '.join(TERMS)}", term)
        elif row.require(term):
            level[term] = read_thousandths(row, term) or 0
    return level


def read_thousandths(row: Row, name: str) -> int | None:
    """A weight or coefficient with at most three decimals, in thousandths."""
    number = row.number(name, 0, MAX_WEIGHT)
    if number is None:
        return None
    thousandths = to_thousandths(number)
    if thousandths is None:
        row.fault(name, "decimals", "must have at most three decimals", number)
    return thousandths


def read_options(context: Context, document: Row) -> Options:
    """The solving options."""
    row = document.object("options", _OPTIONS)
    if row is None:
        return Options()
    default = Options()
    seconds = row.number("time_limit_seconds", MIN_SECONDS, context.bounds.max_seconds)
    gap = row.number("gap_tolerance", 0, 1)
    return Options(
        engine=_read_engine(row) or default.engine,
        seconds=default.seconds if seconds is None else float(seconds),
        gap_tolerance=default.gap_tolerance if gap is None else float(gap),
        batch_size=row.integer("batch_size", 1, MAX_BATCH) or default.batch_size,
        seed=row.integer("seed", 0, MAX_SEED) or default.seed,
        deterministic=row.flag("deterministic", default.deterministic),
        relax=_read_relax(context, row),
    )


def _read_engine(row: Row) -> str | None:
    engine = row.text("engine")
    if engine is not None and engine not in ENGINES:
        row.fault("engine", "unknown_engine", f"is not available; available engines are {', '.join(ENGINES)}", engine)
        return None
    return engine


def _read_relax(context: Context, row: Row) -> tuple[str, ...]:
    rules: dict[str, None] = {}
    for number, rule in enumerate(row.items("relax", len(RELAXABLE) + context.bounds.max_calendars)):
        name = f"relax[{number}]"
        if not isinstance(rule, str):
            row.fault(name, "type", "must be the name of a rule as a string", rule)
        elif rule.startswith(CALENDAR_RULE) and rule.removeprefix(CALENDAR_RULE) not in context.calendars:
            row.fault(name, "unknown_calendar", "names no calendar of this problem", rule)
        elif not rule.startswith(CALENDAR_RULE) and rule not in RELAXABLE:
            row.fault(name, "unknown_rule", f"must be one of {', '.join(RELAXABLE)} or calendar:NAME", rule)
        else:
            rules[rule] = None
    return tuple(rules)
