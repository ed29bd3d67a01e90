"""The fields that an operation has of its own or takes from its job."""

from __future__ import annotations

from dataclasses import dataclass

from models.shop.reading.bounds import MAX_LOTS
from models.shop.reading.context import Context
from models.shop.reading.machine_options import read_by_types, read_listed, read_types
from models.shop.reading.plant import BEST_LEVEL
from models.shop.reading.row import Row

SHARED_FIELDS = frozenset(
    {"family_id", "skill", "interruptible", "machine_types", "max_lots", "min_lot", "start_after", "end_before"}
)
"""Fields that a job may state as defaults for its operations."""

OWN_FIELDS = frozenset({"processing_time", "machines"})
"""Fields that belong to one operation only."""

_SKILL = frozenset({"skill", "level"})


@dataclass(frozen=True, slots=True)
class Terms:
    """The shared fields as read; ``types_at`` is the path where ``machine_types`` stands."""

    family_id: str | None = None
    skill: str | None = None
    skill_level: int = 1
    interruptible: bool = True
    types: tuple[int, ...] | None = None
    types_at: str = ""
    max_lots: int = 1
    min_lot: int = 3600
    start_after: int | None = None
    end_before: int | None = None


DEFAULT_TERMS = Terms()


def read_terms(context: Context, row: Row, default: Terms) -> Terms:
    """The shared fields of a job or operation; ``default`` where one is absent."""
    if SHARED_FIELDS.isdisjoint(row.fields):
        return default
    skill, level = default.skill, default.skill_level
    if row.has("skill"):
        skill, level = _read_skill(row)
    types = read_types(context, row)
    min_lot = row.hours("min_lot")
    start_after, end_before = context.second_up(row, "start_after"), context.second_down(row, "end_before")
    return Terms(
        family_id=row.text("family_id") or default.family_id,
        skill=skill,
        skill_level=level,
        interruptible=row.flag("interruptible", default.interruptible),
        types=default.types if types is None else types,
        types_at=default.types_at if types is None else row.at("machine_types"),
        max_lots=row.integer("max_lots", 1, MAX_LOTS) or default.max_lots,
        min_lot=default.min_lot if min_lot is None else min_lot,
        start_after=default.start_after if start_after is None else start_after,
        end_before=default.end_before if end_before is None else end_before,
    )


def _read_skill(row: Row) -> tuple[str | None, int]:
    """A skill by name, or as an object with its level."""
    if isinstance(row.fields["skill"], str):
        return row.text("skill"), 1
    if not isinstance(row.fields["skill"], dict):
        row.fault("skill", "type", "must be a string, or an object with `skill` and `level`", row.fields["skill"])
        return None, 1
    stated = row.object("skill", _SKILL)
    if stated is None:
        return None, 1
    return stated.identity("skill"), stated.integer("level", 1, BEST_LEVEL) or 1


def check_skill(context: Context, row: Row, terms: Terms) -> None:
    """Somebody must have the skill at that level, unless the rule ``skill`` is relaxed."""
    if terms.skill is None or "skill" in context.relax:
        return
    best = context.best_levels.get(terms.skill, 0)
    if best == 0:
        row.fault("skill", "unknown_skill", "is a skill that no operator has", terms.skill)
    elif best < terms.skill_level:
        message = f"level {terms.skill_level} of {terms.skill!r} is above the best operator's level {best}"
        row.fault("skill", "skill_level", message, terms.skill_level)


def read_eligible(context: Context, row: Row, terms: Terms) -> dict[int, int]:
    """Machine number -> seconds: from ``machines``, or from ``machine_types`` and ``processing_time``."""
    if row.has("machines"):
        for name in ("machine_types", "processing_time"):
            if row.has(name):
                row.fault(name, "exclusive", "excludes `machines`, whose times are final", row.fields[name])
        return read_listed(context, row)
    if terms.types is not None:
        return read_by_types(context, row, terms.types, terms.types_at)
    row.fault("machines", "required", "needs `machines`, or `machine_types` and `processing_time`")
    return {}
