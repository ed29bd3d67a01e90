"""Decisions and schedules: what an engine answers with, and what the timeline makes of it.

Decisions and assignments are named tuples, which are made in a quarter of the time that frozen dataclasses take: a
replay makes ten thousands of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from models.shop.problem import WHOLE_SHARE

REASONS = ("never_fits", "lcd_hard", "window", "fixed_conflict", "predecessor", "no_time")
"""Why a job may stay unscheduled."""


class Decision(NamedTuple):
    """One entry of an engine's ordered list: this operation (or lot) next on this machine, with this operator.

    The position in the list is the decision about order; times come from the timeline alone. ``operator`` None lets the
    timeline choose the operator that lets the operation end first, where its skill needs one.
    """

    operation: int
    machine: int
    operator: int | None = None
    lot: int = 1
    share: int = WHOLE_SHARE


class Assignment(NamedTuple):
    """An operation (or lot) with its times, in seconds from second zero.

    ``seconds`` is its processing time in open time after second zero (for fixed work: what it counts for utilisation).
    ``setup_start`` is None where no setup precedes it. ``fixed`` marks work that stood as given.
    """

    operation: int
    machine: int
    start: int
    end: int
    seconds: int
    operator: int | None = None
    setup_start: int | None = None
    setup_seconds: int = 0
    lot: int = 1
    share: int = WHOLE_SHARE
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """A job left out, with a reason of REASONS and a sentence."""

    job: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class FixedConflict:
    """A rule that fixed work contradicts: alone (one entry of (operation, lot)) or as a pair (two)."""

    rule: str
    fixed: tuple[tuple[int, int], ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """A dated plan. ``assignments`` are ordered by (start, end, operation, lot) and include all fixed work."""

    assignments: tuple[Assignment, ...]
    unscheduled: tuple[Unscheduled, ...] = ()
    fixed_conflicts: tuple[FixedConflict, ...] = ()

    def decisions(self) -> tuple[Decision, ...]:
        """The decisions that replay to this schedule or an earlier one: by start, end, number; fixed work left out."""
        return tuple(
            Decision(a.operation, a.machine, a.operator, a.lot, a.share) for a in self.assignments if not a.fixed
        )
