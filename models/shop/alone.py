"""When could an operation end at the earliest if it were alone in the shop? For lower bounds, and for unscheduled jobs.

Nothing but its own job's precedence, release and windows, its machines' and operators' open time and its fixed work is
looked at, so no plan can do better: the ends are true lower bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil

from models.shop.calendar import Calendars
from models.shop.fixed_work import lot_seconds, standing
from models.shop.open_time import OpenTime
from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Operation, Problem

Way = tuple[OpenTime, int]
"""Open time in which an operation can run, and its seconds there."""

Ends = Sequence[int | None] | Mapping[int, int | None]
"""The end of each operation by number, None where it has none."""


def earliest_ends(problem: Problem, calendars: Calendars | None = None) -> list[int | None]:
    """The earliest end of each operation, alone in the shop after its predecessors, in seconds from second zero.

    None where it never fits, would end after ``end_before``, or comes after such an operation. Fixed work ends as it
    stands. What may be cut into lots counts as if it ran on its fastest machines at once, without calendars.
    """
    alone = Alone(problem, calendars or Calendars(problem))
    ends: list[int | None] = [None] * len(problem.operations)
    for number in topological(problem):
        end = alone.end_after(number, ends)
        before = problem.operations[number].end_before
        if end is not None and before is not None and end > before and number not in alone.fixed_ends:
            end = None
        ends[number] = end
    return ends


def topological(problem: Problem, operations: Iterable[int] | None = None) -> list[int]:
    """Operations (all, or those of whole jobs) so that each comes after its predecessors, else in the given order."""
    order: list[int] = []
    done = set()
    for first in range(len(problem.operations)) if operations is None else operations:
        stack = [first]
        while stack:
            number = stack[-1]
            waiting = [p for p in problem.operations[number].predecessors if p not in done]
            if waiting and number not in done:
                stack.extend(reversed(waiting))
                continue
            stack.pop()
            if number not in done:
                done.add(number)
                order.append(number)
    return order


class Alone:
    """The shop as an operation sees it if nothing else is there. ``fixed_ends``: the ends of operations fixed whole."""

    def __init__(self, problem: Problem, calendars: Calendars, *, fixed: bool = True) -> None:
        self.problem = problem
        self.calendars = calendars
        self.fixed_ends: dict[int, int] = {}
        self._part_ends: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self._opened: dict[tuple[str, int], list[int]] = {}
        if fixed:
            for work in standing(problem, calendars):
                number = work.operation
                self._left[number] = self._left.get(number, WHOLE_SHARE) - work.share
                self._part_ends[number] = max(work.end, self._part_ends.get(number, work.end))
            self.fixed_ends = {n: end for n, end in self._part_ends.items() if self._left[n] <= 0}

    def ready(self, number: int) -> int:
        """The earliest start by release and ``start_after``, without predecessors."""
        operation = self.problem.operations[number]
        return max(0, self.problem.jobs[operation.job].earliest, operation.start_after or 0)

    def end_after(self, number: int, ends: Ends) -> int | None:
        """The earliest end after predecessors that end at ``ends``; None if one of them has none, or it never fits."""
        if number in self.fixed_ends:
            return self.fixed_ends[number]
        operation = self.problem.operations[number]
        ready = self.ready(number)
        for before in operation.predecessors:
            end = ends[before]
            if end is None:
                return None
            ready = max(ready, end + operation.min_delay)
        end = self.end(number, ready)
        return None if end is None else max(end, self._part_ends.get(number, end))

    def end(self, number: int, ready: int) -> int | None:
        """The earliest end of what is not fixed of an operation, begun at or after ``ready``; None if it never fits."""
        operation = self.problem.operations[number]
        share = self._left.get(number, WHOLE_SHARE)
        if operation.max_lots > 1 and share == WHOLE_SHARE:
            end = ready + self._spread(operation)
            return end if end <= MAX_SECONDS else None
        best: int | None = None
        for opened, whole in self.ways(operation):
            end_here = _run(opened, ready, lot_seconds(whole, share), operation.interruptible)
            if end_here is not None and (best is None or end_here < best):
                best = end_here
        return best

    def fits(self, number: int) -> bool:
        """Whether it fits some open time at some time; True too where that cannot be told.

        A lot as short as may be stands for what may be cut.
        """
        operation = self.problem.operations[number]
        ready = self.ready(number)
        for opened, whole in self.ways(operation):
            lots = max(1, min(operation.max_lots, whole // max(1, operation.min_lot)))
            shortest = -(-whole // lots)
            if _run(opened, ready, shortest, operation.interruptible) is not None or opened.exhausted:
                return True
        return False

    def ways(self, operation: Operation) -> list[Way]:
        """Where it could run, without those that another is as open and faster than."""
        fastest: dict[int, Way] = {}
        for machine, seconds in operation.options.items():
            for operator in self._able(operation):
                opened = self.calendars.both(machine, operator)
                known = fastest.get(id(opened))
                if known is None or seconds < known[1]:
                    fastest[id(opened)] = (opened, seconds)
        return list(fastest.values())

    def _able(self, operation: Operation) -> Iterable[int | None]:
        """Operators with the skill, one of each open time; (None,) where none is needed."""
        if operation.skill is None:
            return (None,)
        key = (operation.skill, operation.skill_level)
        if key not in self._opened:
            able = self.problem.operators_by_skill[key]
            self._opened[key] = list({id(self.calendars.operator(i)): i for i in reversed(able)}.values())
        return self._opened[key]

    def _spread(self, operation: Operation) -> int:
        """Seconds that it takes if its lots run on the fastest machines at once, shared out evenly to the second."""
        seconds = sorted(
            s
            for machine, s in operation.options.items()
            for _ in range(min(operation.max_lots, self.problem.machines[machine].capacity))
        )
        return ceil(1 / sum(Fraction(1, s) for s in seconds[: operation.max_lots]))


def _run(opened: OpenTime, ready: int, seconds: int, interruptible: bool) -> int | None:
    if not interruptible:
        start = opened.fit(ready, seconds)
        return None if start is None else start + seconds
    return opened.finish(ready, seconds)
