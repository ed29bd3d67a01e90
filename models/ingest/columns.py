"""The tables that a load may bring, with their columns: what each row and cell means. docs/ingest.md explains them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["id", "text", "whole", "number", "hours", "share", "flag", "instant", "date", "clock", "days"]
"""What a cell holds. ``hours``: a duration in hours; ``share``: a part of 1; ``clock``: a local time of the day;
``days``: days of the week, like ``mon,tue``."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. A row without a value in a ``required`` one is refused."""

    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table. ``key`` names the columns that tell its rows apart; empty where rows may be alike."""

    columns: dict[str, Column]
    key: tuple[str, ...] = ()
    required: bool = field(default=False)


def _must(kind: Kind) -> Column:
    return Column(kind, required=True)


ID, TEXT, WHOLE, NUMBER = Column("id"), Column("text"), Column("whole"), Column("number")
HOURS, SHARE, FLAG, INSTANT = Column("hours"), Column("share"), Column("flag"), Column("instant")

_SPAN = {"from": _must("instant"), "to": _must("instant"), "reason": TEXT}

TABLES: Final[dict[str, Table]] = {
    "origin": Table({"generated_by": _must("text")}),
    "calendars": Table(
        {
            "calendar": _must("id"),
            "kind": TEXT,
            "days": _must("days"),
            "from": _must("clock"),
            "to": _must("clock"),
            "shift": TEXT,
        }
    ),
    "holidays": Table({"calendar": _must("id"), "date": _must("date")}, ("calendar", "date")),
    "calendar_changes": Table({"calendar": _must("id"), "kind": _must("text"), **_SPAN}),
    "setup_matrices": Table({"setup_matrix": _must("id"), "default": HOURS}, ("setup_matrix",)),
    "setup_times": Table(
        {
            "setup_matrix": _must("id"),
            "from_family": _must("id"),
            "to_family": _must("id"),
            "setup_time": _must("hours"),
        },
        ("setup_matrix", "from_family", "to_family"),
    ),
    "machines": Table(
        {
            "machine_id": _must("id"),
            "machine_type": WHOLE,
            "department": TEXT,
            "efficiency": NUMBER,
            "calendar": ID,
            "setup_matrix": ID,
            "initial_family": ID,
            "capacity": WHOLE,
        },
        ("machine_id",),
        required=True,
    ),
    "machine_closures": Table({"machine_id": _must("id"), **_SPAN}),
    "operators": Table(
        {
            "operator_id": _must("id"),
            "calendar": ID,
            "capacity": WHOLE,
            "department": TEXT,
            "overtime_eligible": FLAG,
        },
        ("operator_id",),
    ),
    "operator_skills": Table(
        {"operator_id": _must("id"), "skill": _must("id"), "level": WHOLE}, ("operator_id", "skill")
    ),
    "operator_absences": Table({"operator_id": _must("id"), **_SPAN}),
    "jobs": Table(
        {
            "job_id": _must("id"),
            "family_id": ID,
            "priority": WHOLE,
            "is_important": FLAG,
            "weight": NUMBER,
            "release_date": INSTANT,
            "lcd_date": INSTANT,
            "lcd_hard": FLAG,
            "quantity": NUMBER,
        },
        ("job_id",),
        required=True,
    ),
    "operations": Table(
        {
            "job_id": _must("id"),
            "operation_id": _must("id"),
            "position": NUMBER,
            "family_id": ID,
            "skill": ID,
            "skill_level": WHOLE,
            "interruptible": FLAG,
            "max_lots": WHOLE,
            "min_lot": HOURS,
            "min_delay": HOURS,
            "start_after": INSTANT,
            "end_before": INSTANT,
        },
        ("job_id", "operation_id"),
        required=True,
    ),
    "predecessors": Table(
        {"job_id": _must("id"), "operation_id": _must("id"), "predecessor": _must("id")},
        ("job_id", "operation_id", "predecessor"),
    ),
    "operation_machines": Table(
        {
            "job_id": _must("id"),
            "operation_id": _must("id"),
            "machine_id": _must("id"),
            "processing_time": _must("hours"),
        },
        ("job_id", "operation_id", "machine_id"),
        required=True,
    ),
    "progress": Table(
        {
            "job_id": _must("id"),
            "operation_id": _must("id"),
            "lot": WHOLE,
            "share": SHARE,
            "machine_id": _must("id"),
            "operator_id": ID,
            "start_time": _must("instant"),
            "end_time": INSTANT,
            "remaining_time": HOURS,
        },
        ("job_id", "operation_id", "lot"),
    ),
}
"""By name, in the order in which they are read: what a table refers to comes before it.

``origin`` marks data that were made up: a production environment refuses a load that has a row in it.
"""

UNITS: Final[dict[Kind, tuple[str, ...]]] = {
    "hours": ("hours", "minutes", "seconds", "days"),
    "number": ("one", "percent"),
    "share": ("one", "percent", "millionths"),
    "instant": ("text", "unix_seconds", "unix_milliseconds"),
}
"""Units in which a source may hold what a kind of column means; the first is taken where none is named."""
