"""Why a job is left out: what is proved of it alone, then beside the fixed work, else what stopped it in a replay."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from models.shop.alone import Alone, topological
from models.shop.problem import Operation, Problem
from models.shop.schedule import Unscheduled

if TYPE_CHECKING:
    from models.shop.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Failure:
    """What stopped a job in a replay, told as the reason where nothing stronger can be proved."""

    reason: str
    detail: str


def no_decision(problem: Problem, number: int) -> Failure:
    """Nobody has decided about an operation (or about all of its lots)."""
    return Failure("no_time", f"There is no decision about {_name(problem.operations[number])}.")


def late(problem: Problem, number: int, end: int) -> Failure:
    """A job with a hard due date would be late."""
    due = problem.jobs[problem.operations[number].job].due
    detail = f"{_begin(problem.operations[number])} would end {_duration(end - (due or 0))} after the hard due date."
    return Failure("lcd_hard", detail)


def no_place(problem: Problem, number: int, timeline: Timeline) -> Failure:
    """An operation finds no place behind what was decided before it."""
    operation = problem.operations[number]
    if timeline.ready(number) is None:
        return Failure("predecessor", f"{_begin(operation)} is decided before its predecessors have a place.")
    if operation.end_before is not None:
        return Failure("window", f"{_begin(operation)} cannot end by its end_before behind the work decided before it.")
    return Failure("no_time", f"{_begin(operation)} finds no open time behind the work decided before it.")


class Reasons:
    """Tells why jobs are left out. ``standing`` is a timeline with the fixed work alone."""

    def __init__(self, standing: Timeline) -> None:
        self._problem = standing.problem
        self._standing = standing

    @cached_property
    def _alone(self) -> Alone:
        return Alone(self._problem, self._standing.calendars, fixed=False)

    @cached_property
    def _beside(self) -> Alone:
        return Alone(self._problem, self._standing.calendars)

    def why(self, job: int, failure: Failure) -> Unscheduled:
        """The strongest reason that can be proved for leaving the job out, else ``failure``."""
        order = topological(self._problem, self._problem.jobs[job].operations)
        found = self._never_fits(order) or self._too_late_alone(job, order) or self._beside_fixed(job, order) or failure
        return Unscheduled(job, found.reason, found.detail)

    def _never_fits(self, order: list[int]) -> Failure | None:
        for number in order:
            if number not in self._beside.fixed_ends and not self._alone.fits(number):
                operation = self._problem.operations[number]
                how = "" if operation.interruptible else " without interruption"
                seconds = min(operation.options.values())
                detail = f"{_begin(operation)} takes {_duration(seconds)}{how} and fits no open time where it may run."
                return Failure("never_fits", detail)
        return None

    def _too_late_alone(self, job: int, order: list[int]) -> Failure | None:
        ends: dict[int, int | None] = {}
        due = self._problem.jobs[job].due if self._problem.jobs[job].due_hard else None
        for number in order:
            operation = self._problem.operations[number]
            end = ends[number] = self._alone.end_after(number, ends)
            if end is None:
                return None
            if operation.end_before is not None and end > operation.end_before:
                over = _duration(end - operation.end_before)
                return Failure(
                    "window", f"{_begin(operation)} ends {over} after its end_before even alone in the shop."
                )
            if due is not None and end > due:
                over = _duration(end - due)
                return Failure(
                    "lcd_hard", f"{_begin(operation)} ends {over} after the hard due date even alone in the shop."
                )
        return None

    def _beside_fixed(self, job: int, order: list[int]) -> Failure | None:
        if not self._problem.fixed:
            return None
        ends: dict[int, int] = {}
        due = self._problem.jobs[job].due if self._problem.jobs[job].due_hard else None
        for number in order:
            operation = self._problem.operations[number]
            stood = self._standing.end(number)
            if stood is not None:
                ends[number] = stood
                continue
            ready = max([self._alone.ready(number), *(ends[p] + operation.min_delay for p in operation.predecessors)])
            end = self._soonest(operation, ready)
            if end is None or (due is not None and end > due):
                return Failure("fixed_conflict", f"Fixed work leaves no place for {_name(operation)} in time.")
            ends[number] = end
        return None

    def _soonest(self, operation: Operation, ready: int) -> int | None:
        """The earliest end beside the fixed work alone; of what may be cut, as if calendars and fixed work were not."""
        if operation.max_lots > 1 and self._standing.rest(operation.number) is None:
            return self._alone.end(operation.number, ready)
        placements = (self._standing.probe(operation.number, m, ready=ready) for m in operation.options)
        return min((p.end for p in placements if p is not None), default=None)


def _name(operation: Operation) -> str:
    return f"operation {operation.operation_id}"


def _begin(operation: Operation) -> str:
    return f"Operation {operation.operation_id}"


def _duration(seconds: int) -> str:
    return f"{seconds / 3600:g} h" if seconds % 36 == 0 else f"{seconds} s"
