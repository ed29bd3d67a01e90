"""Whether an operation fits by itself: in the empty shop, within open time and its windows, precedence aside."""

from __future__ import annotations

from functools import cached_property

from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Operation, Problem
from models.shop.validator.facts import lot_seconds
from models.shop.validator.intervals import Intervals, clip, intersection
from models.shop.validator.open_time import OpenTimes

LOOKAHEAD = 3 * 366 * 86_400
"""Seconds looked at beyond the last dated event: weekly windows and daylight saving have repeated by then."""


class Alone:
    """Answers ``fits``; calendars are written out only once a job claims that it never fits."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._known: dict[tuple[object, ...], bool] = {}

    def fits(self, number: int) -> bool:
        """Whether the operation (uncut, or what is not fixed of it) surely fits by itself. False: not shown."""
        operation = self.problem.operations[number]
        share = WHOLE_SHARE - sum(work.share for work in self.problem.fixed_by_operation.get(number, ()))
        if share <= 0:
            return True
        job = self.problem.jobs[operation.job]
        earliest = max(0, job.earliest, operation.start_after or 0)
        latest = min(operation.end_before if operation.end_before is not None else MAX_SECONDS, self._last)
        operators: tuple[int | None, ...] = (None,)
        if operation.skill is not None:
            operators = self.problem.operators_by_skill[operation.skill, operation.skill_level]
        return any(
            self._fits_on(operation, machine, operator, lot_seconds(whole, share), earliest, latest)
            for machine, whole in operation.options.items()
            for operator in operators
        )

    def _fits_on(
        self, operation: Operation, machine: int, operator: int | None, seconds: int, earliest: int, latest: int
    ) -> bool:
        setup = self._initial_setup(machine, operation.family_id)
        resource = self.problem.machines[machine]
        person = None if operator is None else self.problem.operators[operator]
        key = (
            (resource.calendar, resource.closed, setup),
            None if person is None else (person.calendar, person.absent),
            (seconds, earliest, latest, operation.interruptible),
        )
        if key not in self._known:
            room = clip(self._open_times.machine(machine), _after(self._open_times.machine(machine), setup), latest)
            room = clip(room, earliest, latest)
            if operator is not None:
                room = intersection(room, self._open_times.operator(operator))
            self._known[key] = _holds(room, seconds, operation.interruptible)
        return self._known[key]

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
        return max((self.problem.setup_seconds(machine, before, family) for before in left), default=0)

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


def _holds(room: Intervals, seconds: int, interruptible: bool) -> bool:
    if interruptible:
        return sum(end - start for start, end in room) >= seconds
    return any(end - start >= seconds for start, end in room)
