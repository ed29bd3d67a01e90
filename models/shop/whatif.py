"""What if: a problem with more open time, another shift, one more machine, a rule dropped, other weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from models.shop.problem import RELAXABLE, Calendar, Machine, Problem, Span
from models.shop.reading.bounds import DEFAULT_BOUNDS, MAX_SCENARIO_CHANGES, Bounds
from models.shop.reading.calendars import read_windows
from models.shop.reading.context import Context
from models.shop.reading.options import CALENDAR_RULE, read_objective, read_thousandths
from models.shop.reading.row import Faults, Row
from models.shop.relax import relaxed

Change = Callable[[Problem, Row, Context], Problem]
"""Reads one change and makes it; notes faults and leaves the problem as it is where it cannot be made."""


def changed(problem: Problem, rows: object, faults: Faults, path: str, bounds: Bounds = DEFAULT_BOUNDS) -> Problem:
    """The relaxed ``problem`` with changes (docs/api.md), one after the other. What is wrong is noted in ``faults``."""
    context = Context(faults, bounds, problem.epoch)
    parent, _, name = path.rpartition(".")
    for number, value in enumerate(Row(faults, parent, {name: rows}).items(name, MAX_SCENARIO_CHANGES)):
        kind = value.get("type") if isinstance(value, dict) else None
        known = _CHANGES.get(kind) if isinstance(kind, str) else None
        row = Row.of(faults, f"{path}[{number}]", value, None if known is None else known[0] | {"type"})
        if row is None:
            continue
        if known is None:
            row.fault("type", "unknown_type", f"must be one of {', '.join(_CHANGES)}", kind)
        else:
            problem = known[1](problem, row, context)
    return relaxed(problem)


def with_open_time(problem: Problem, machine: int, span: Span) -> Problem:
    """The problem with one machine open for a span more; its calendar's other owners keep theirs."""
    owner = problem.machines[machine]
    if owner.calendar is None:
        return problem
    name = _fresh(f"{owner.calendar} of {owner.machine_id}", problem.calendars)
    calendar = problem.calendars[owner.calendar]
    machines = list(problem.machines)
    machines[machine] = replace(owner, calendar=name)
    calendars = {**problem.calendars, name: replace(calendar, name=name, extra=(*calendar.extra, span))}
    return replace(problem, machines=tuple(machines), calendars=calendars)


def _open_hours(problem: Problem, row: Row, context: Context) -> Problem:
    """More open time of a machine, an operator, or all owners of a calendar."""
    given = [name for name in ("machine_id", "operator_id", "calendar") if row.has(name)]
    if len(given) != 1:
        row.fault("machine_id", "one_of", "must be given, or `operator_id`, or `calendar`, and only one of them")
    span = _span(row, context)
    if len(given) != 1 or span is None:
        return problem
    if given == ["calendar"]:
        name = _calendar(problem, row)
        if name is None:
            return problem
        calendar = problem.calendars[name]
        return replace(problem, calendars={**problem.calendars, name: replace(calendar, extra=(*calendar.extra, span))})
    known = {m.machine_id: i for i, m in enumerate(problem.machines)}
    if given == ["operator_id"]:
        known = {who.operator_id: i for i, who in enumerate(problem.operators)}
    index = _index(row, given[0], known)
    if index is None:
        return problem
    if given == ["machine_id"]:
        if problem.machines[index].calendar is None:
            row.fault("machine_id", "always_open", "is always open, but for its own closures")
        return with_open_time(problem, index, span)
    who = problem.operators[index]
    if who.calendar is None:
        row.fault("operator_id", "always_open", "is always there, but for absences")
        return problem
    name = _fresh(f"{who.calendar} of {who.operator_id}", problem.calendars)
    calendar = problem.calendars[who.calendar]
    operators = list(problem.operators)
    operators[index] = replace(who, calendar=name)
    calendars = {**problem.calendars, name: replace(calendar, name=name, extra=(*calendar.extra, span))}
    return replace(problem, operators=tuple(operators), calendars=calendars)


def _shift(problem: Problem, row: Row, context: Context) -> Problem:
    """One more weekly shift of a calendar."""
    name = _calendar(problem, row)
    windows = read_windows(context, row, "weekly")
    if not windows:
        row.fault("weekly", "min_items", "must list at least one window")
    if name is None or not windows:
        return problem
    calendar = problem.calendars[name]
    if calendar.weekly is None:
        row.fault("calendar", "always_open", "is open all week already")
        return problem
    more = replace(calendar, weekly=(*calendar.weekly, *windows))
    return replace(problem, calendars={**problem.calendars, name: more})


def _machine(problem: Problem, row: Row, context: Context) -> Problem:  # noqa: ARG001  as of every change
    """One more machine like another: whatever may run there may run on it, in the same time."""
    like = _index(row, "like", {m.machine_id: i for i, m in enumerate(problem.machines)})
    machine_id = row.identity("machine_id")
    if machine_id is not None and any(m.machine_id == machine_id for m in problem.machines):
        row.fault("machine_id", "duplicate", "must be the id of a new machine", machine_id)
        return problem
    if like is None or machine_id is None:
        return problem
    one: Machine = replace(problem.machines[like], machine_id=machine_id, closed=())
    number = len(problem.machines)
    shared: dict[int, Mapping[int, int]] = {}
    operations = []
    for operation in problem.operations:
        options = operation.options
        if like in options:
            options = shared.setdefault(id(options), {**options, number: options[like]})
            operation = replace(operation, options=options)
        operations.append(operation)
    return replace(problem, machines=(*problem.machines, one), operations=tuple(operations))


def _relax(problem: Problem, row: Row, context: Context) -> Problem:  # noqa: ARG001  as of every change
    """A rule dropped by name."""
    rule = row.identity("rule")
    if rule is None:
        return problem
    named = rule.removeprefix(CALENDAR_RULE)
    if rule.startswith(CALENDAR_RULE) and named not in problem.calendars:
        row.fault("rule", "unknown_calendar", "names no calendar of this plan's problem", rule)
        return problem
    if not rule.startswith(CALENDAR_RULE) and rule not in RELAXABLE:
        row.fault("rule", "unknown_rule", f"must be one of {', '.join(RELAXABLE)} or calendar:NAME", rule)
        return problem
    relax = tuple(dict.fromkeys((*problem.options.relax, rule)))
    return replace(problem, options=replace(problem.options, relax=relax))


def _objective(problem: Problem, row: Row, context: Context) -> Problem:  # noqa: ARG001  as of every change
    """Another objective."""
    return replace(problem, objective=read_objective(row)) if row.require("objective") else problem


def _weight(problem: Problem, row: Row, context: Context) -> Problem:  # noqa: ARG001  as of every change
    """Another weight of one job."""
    index = _index(row, "job_id", {job.job_id: job.index for job in problem.jobs})
    weight = read_thousandths(row, "weight") if row.require("weight") else None
    if index is None or weight is None:
        return problem
    jobs = list(problem.jobs)
    jobs[index] = replace(jobs[index], weight=weight)
    return replace(problem, jobs=tuple(jobs))


_CHANGES: Mapping[str, tuple[frozenset[str], Change]] = MappingProxyType(
    {
        "open_hours": (frozenset({"machine_id", "operator_id", "calendar", "from", "to"}), _open_hours),
        "shift": (frozenset({"calendar", "weekly"}), _shift),
        "machine": (frozenset({"like", "machine_id"}), _machine),
        "relax": (frozenset({"rule"}), _relax),
        "objective": (frozenset({"objective"}), _objective),
        "weight": (frozenset({"job_id", "weight"}), _weight),
    }
)


def _span(row: Row, context: Context) -> Span | None:
    start = context.second_down(row, "from") if row.require("from") else None
    end = context.second_up(row, "to") if row.require("to") else None
    if start is None or end is None:
        return None
    if end <= start:
        row.fault("to", "order", "must be after `from`", row.fields["to"])
        return None
    return Span(start, end)


def _calendar(problem: Problem, row: Row) -> str | None:
    name = row.identity("calendar")
    if name is not None and name not in problem.calendars:
        row.fault("calendar", "unknown_calendar", "names no calendar of this plan's problem", name)
        return None
    return name


def _index(row: Row, name: str, known: Mapping[str, int]) -> int | None:
    value = row.identity(name)
    if value is not None and value not in known:
        row.fault(name, "unknown", "names none of this plan's problem", value)
    return None if value is None else known.get(value)


def _fresh(name: str, taken: Mapping[str, Calendar]) -> str:
    while name in taken:
        name += "'"
    return name
