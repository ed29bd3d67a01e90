"""One look at each piece of work that tells most of it to be in order, so that the checks look only at the rest.

The rules that one piece of work can break by itself: eligibility, times, calendars, duration, operators, windows and
due dates. The checks of these rules remain the judges: whatever is not plainly in order goes to them, and only they
report. So a large plan is checked in a tenth of the time, and what is said about a broken rule does not change.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Problem
from models.shop.schedule import Assignment
from models.shop.validator.intervals import intersection
from models.shop.validator.ledger import Key
from models.shop.validator.open_time import OpenTimes


def doubtful(
    problem: Problem, assignments: Iterable[Assignment], fixed: Mapping[Key, object], open_times: OpenTimes
) -> Iterator[Assignment]:
    """The assignments that are not plainly in order, in the order given. Their numbers exist in the problem."""
    operations, jobs = problem.operations, problem.jobs
    shared = _OpenTime(problem, open_times)
    for a in assignments:
        number, machine, start, end, seconds, operator, _, _, lot, share, marked = a
        operation = operations[number]
        job = jobs[operation.job]
        if (
            not marked
            and max(0, job.earliest) <= start < end <= MAX_SECONDS
            and machine in operation.options
            and -(-operation.options[machine] * share // WHOLE_SHARE) == seconds
            and (operation.start_after is None or start >= operation.start_after)
            and (operation.end_before is None or end <= operation.end_before)
            and not (job.due_hard and job.due is not None and end > job.due)
            and _attended(problem, operation.skill, operation.skill_level, operator)
            and shared.of(machine, operator).holds(start, end, seconds, interruptible=operation.interruptible)
            and (number, lot) not in fixed
        ):
            continue
        yield a


def _attended(problem: Problem, skill: str | None, level: int, operator: int | None) -> bool:
    """Whether work with that skill has an operator who may do it, and other work none."""
    if skill is None or operator is None:
        return skill is None and operator is None
    return problem.operators[operator].skills.get(skill, 0) >= level


class _Stretches:
    """Open time as lists to search in: where each interval starts and ends, and the open seconds before it."""

    def __init__(self, intervals: list[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in intervals]
        self._ends = [end for _, end in intervals]
        self._before = list(accumulate((end - start for start, end in intervals), initial=0))

    def holds(self, start: int, end: int, seconds: int, *, interruptible: bool) -> bool:
        """Whether work starts and ends in open time with ``seconds`` of it in between, in one interval if it must."""
        first = bisect_right(self._starts, start) - 1
        if first < 0 or start >= self._ends[first]:
            return False
        if end <= self._ends[first]:
            return end - start == seconds
        last = bisect_right(self._starts, end - 1) - 1
        if not interruptible or end > self._ends[last]:
            return False
        whole = self._before[last] - self._before[first]
        return whole - (start - self._starts[first]) + (end - self._starts[last]) == seconds


class _OpenTime:
    """The stretches in which a machine, or a machine and an operator, are open; those of one calendar are shared."""

    def __init__(self, problem: Problem, open_times: OpenTimes) -> None:
        self._open_times = open_times
        self._known: dict[tuple[object, ...], _Stretches] = {}
        self._at: dict[tuple[int, int | None], _Stretches] = {}
        self._machines, self._operators = problem.machines, problem.operators

    def of(self, machine: int, operator: int | None) -> _Stretches:
        """When work on the machine, attended by the operator if any, can go on."""
        found = self._at.get((machine, operator))
        if found is None:
            found = self._at[machine, operator] = self._shared(machine, operator)
        return found

    def _shared(self, machine: int, operator: int | None) -> _Stretches:
        key: tuple[object, ...] = (self._machines[machine].calendar, self._machines[machine].closed)
        if operator is not None:
            key += (self._operators[operator].calendar, self._operators[operator].absent)
        found = self._known.get(key)
        if found is None:
            room = self._open_times.machine(machine)
            if operator is not None:
                room = intersection(room, self._open_times.operator(operator))
            found = self._known[key] = _Stretches(room)
        return found
