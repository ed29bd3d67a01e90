"""Whether an operation fits by itself: in the empty shop, within open time and its windows, precedence aside."""

from __future__ import annotations

from functools import cached_property

from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Operation, Problem
from models.shop.validator.facts import lot_seconds
from models.shop.validator.intervals import Intervals, length
from models.shop.validator.open_time import OpenTimes
from models.shop.validator.setups import setup_seconds

LOOKAHEAD = 400 * 86_400
"""Seconds looked at beyond the last dated event: weekly windows and daylight saving have repeated by then."""


class Alone:
    """Answers ``fits``; calendars are written out only once a job claims that it never fits."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._most: dict[tuple[object, ...], tuple[int, int]] = {}

    def fits(self, number: int) -> bool:
        """Whether the operation (uncut, or what is not fixed of it) surely fits by itself. False: not shown."""
        operation = self.problem.operations[number]
        share = WHOLE_SHARE - sum(work.share for work in self.problem.fixed_by_operation.get(number, ()))
        if share <= 0:
            return True
        operators: tuple[int | None, ...] = (None,)
        if operation.skill is not None:
            operators = self.problem.operators_by_skill[operation.skill, operation.skill_level]
        return any(
            self._fits_on(operation, machine, operator, lot_seconds(whole, share))
            for machine, whole in operation.options.items()
            if self._may_hold((machine, None), operation, lot_seconds(whole, share))
            for operator in operators
        )

    def _fits_on(self, operation: Operation, machine: int, operator: int | None, seconds: int) -> bool:
        if not self._may_hold((machine, operator), operation, seconds):
            return False
        open_time = self._open_times.machine(machine)
        set_up = _after(open_time, self._initial_setup(machine, operation.family_id))
        earliest = max(0, self.problem.jobs[operation.job].earliest, operation.start_after or 0, set_up)
        latest = self._last if operation.end_before is None else min(self._last, operation.end_before)
        longest, total = _most(self._open_times.within(machine, operator, earliest, latest))
        return seconds <= (total if operation.interruptible else longest)

    def _may_hold(self, where: tuple[int, int | None], operation: Operation, seconds: int) -> bool:
        """Whether machine and operator are ever open long enough, windows aside: quickly says no to most that is no."""
        machine, operator = where
        resource = self.problem.machines[machine]
        person = None if operator is None else self.problem.operators[operator]
        key = (resource.calendar, resource.closed, *(() if person is None else (person.calendar, person.absent)))
        most = self._most.get(key)
        if most is None:
            most = self._most[key] = _most(self._open_times.within(machine, operator, 0, self._last))
        longest, total = most
        return seconds <= (total if operation.interruptible else longest)

    def _initial_setup(self, machine: int, family: str | None) -> int:
        """The longest setup that can precede the operation on the machine as second zero finds it."""
        given = self.problem.machines[machine].initial_family
        left = (
            {given}
            if given is not None
            else {
                self.problem.operations[work.operation].family_id
                for work in self.problem.fixed
                if work.machine == machine
            }
        )
        return max((setup_seconds(self.problem, machine, before, family) for before in left), default=0)

    def never_finishes(self, machine: int, operator: int | None, start: int, seconds: int) -> bool:
        """Whether the open time from ``start`` on ends before ``seconds`` of it have passed."""
        return length(self._open_times.within(machine, operator, start, self._last)) < seconds

    @cached_property
    def _last(self) -> int:
        """The end of the stretch looked at."""
        ends = [0]
        ends += [span.end for calendar in self.problem.calendars.values() for span in calendar.extra]
        ends += [span.end for calendar in self.problem.calendars.values() for span in calendar.closed]
        ends += [span.end for machine in self.problem.machines for span in machine.closed]
        ends += [span.end for operator in self.problem.operators for span in operator.absent]
        ends += [job.earliest for job in self.problem.jobs]
        ends += [operation.start_after or 0 for operation in self.problem.operations]
        return min(MAX_SECONDS, max(ends) + LOOKAHEAD)

    @cached_property
    def _open_times(self) -> OpenTimes:
        return OpenTimes(self.problem, 0, self._last)


def _after(open_time: Intervals, seconds: int) -> int:
    """The second by which ``seconds`` of open time have passed; beyond everything where they never do."""
    left = seconds
    for start, end in open_time:
        if left <= 0:
            break
        if end - start >= left:
            return start + left
        left -= end - start
    return 0 if left <= 0 else MAX_SECONDS


def _most(room: Intervals) -> tuple[int, int]:
    """The longest interval, and the open seconds in all."""
    lengths = [end - start for start, end in room]
    return max(lengths, default=0), sum(lengths)
