"""How late operations may have to end: tight domains decide most of the search, wrong ones would make bounds untrue.

Two arguments limit an end without losing every optimal plan:

- a plan no worse than the known one at a level keeps each term of that level at or below the known value;
- some optimal plan is semi-active: after the last release, each moment up to the makespan belongs to an operation, a
  setup, a delay or to closed time that one of them waits through, so the makespan is at most the sum of the longest
  each can take.

With calendars the second limit can lie far beyond any sensible plan. Then a practical one is used instead, and
``Windows.complete`` is False: no bound may be claimed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.shop.calendar import OpenTime
from models.shop.problem import MAX_SECONDS, Level, Operation
from workers.cpsat.axis import open_intervals
from workers.cpsat.scope import Part, Scope

WIDEST = 3
"""With calendars, a safe horizon beyond this many times the known makespan is given up for a practical one, ..."""

WIDEST_SECONDS = 30 * 86_400
"""... but not within this time, which no number of closed hours makes too long."""

PRACTICAL = 1.5
"""The practical horizon, as a multiple of the known makespan."""

CHANGE_SECONDS = 3600
"""An operation that starts at most this far from the reference plan has not changed."""

DOUBLINGS = 12
"""How often the reach is doubled to find a safe horizon where no plan is known."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The latest end of each free operation of a part, in seconds.

    ``reach`` is the greatest of them and of the ends of fixed work on the part's machines. ``complete`` says that some
    optimal plan lies within.
    """

    latest: Mapping[int, int]
    reach: int
    complete: bool


def windows(
    scope: Scope, part: Part, known: Sequence[tuple[Level, int | None]], makespan: int | None
) -> Windows | None:
    """The windows of a part.

    ``known`` are levels with the values that plans worth looking for do not exceed; ``makespan`` is the end of a known
    plan. None where no plan is known and the calendars leave no safe horizon.
    """
    caps = {job: _cap(scope, part, job, known) for job in part.jobs}
    limit, complete = _horizon(scope, part, makespan)
    if limit is None:
        return None
    latest: dict[int, int] = {}
    # A job that weighs nothing may be left out where its latest end is in the way, which the model does not do.
    cut = any(
        scope.problem.jobs[o.job].weight == 0 and (o.end_before is not None or _hard_due(scope, o) is not None)
        for o in part.operations
    )
    for operation in reversed(part.operations):
        ends = (caps[operation.job], operation.end_before, _hard_due(scope, operation))
        bound = min((end for end in ends if end is not None), default=None)
        end = limit if bound is None else min(limit, bound)
        cut = cut or (not complete and (bound is None or limit < bound))
        for after in scope.problem.successors[operation.number]:
            if after in latest:
                follower = scope.problem.operations[after]
                end = min(end, latest[after] - min(follower.options.values()) - follower.min_delay)
        latest[operation.number] = end
    machines = {machine for operation in part.operations for machine in operation.options}
    standing = [a.end for machine in machines for a in scope.standing.get(machine, ())]
    return Windows(latest, max([*latest.values(), *standing], default=0), not cut)


def _hard_due(scope: Scope, operation: Operation) -> int | None:
    job = scope.problem.jobs[operation.job]
    return job.due if job.due_hard else None


def _cap(scope: Scope, part: Part, job: int, known: Sequence[tuple[Level, int | None]]) -> int | None:
    """The latest completion of a job that no known value rules out; None where nothing limits it."""
    negative = _negative_flow(scope, part)
    found = [
        cap(scope, job, level, None if negative and "total_flow_time" in level else value) for level, value in known
    ]
    return min((end for end in found if end is not None), default=None)


def cap(scope: Scope, job: int, level: Level, known: int | None) -> int | None:
    """The latest completion with which a job alone does not exceed ``known`` at a level; None where any does."""
    if known is None:
        return None
    facts = scope.problem.jobs[job]
    found: list[int] = []
    for term, coefficient in level.items():
        if coefficient <= 0:
            continue
        seconds = known // (coefficient * 1000)
        if term == "makespan":
            found.append(seconds)
        elif term == "total_flow_time":
            found.append(seconds + (facts.release or 0))
        elif facts.due is not None and term in ("total_tardiness", "max_tardiness"):
            found.append(seconds + facts.due)
        elif facts.due is not None and term == "weighted_tardiness" and facts.weight > 0:
            found.append(known // (coefficient * facts.weight) + facts.due)
        elif facts.due is not None and term == "tardy_jobs" and coefficient * CHANGE_SECONDS * 1000 > known:
            found.append(facts.due)
        elif term == "weighted_tardy_jobs" and facts.due is not None:
            found += [facts.due] if coefficient * facts.weight * CHANGE_SECONDS > known else []
    return min(found, default=None)


def _negative_flow(scope: Scope, part: Part) -> bool:
    """Whether a job may be done before the release its flow time counts from, which takes away from the other terms."""
    facts = (scope.problem.jobs[job] for job in part.jobs)
    return any((job.release or 0) > job.earliest for job in facts)


def _horizon(scope: Scope, part: Part, makespan: int | None) -> tuple[int | None, bool]:
    """A horizon and whether it is safe."""
    begun = _last_release(scope, part)
    if makespan is not None:
        always = all(opened.always for opened in scope.open_times(part.operations))
        widest = MAX_SECONDS if always else max(WIDEST * max(makespan, begun), WIDEST_SECONDS)
        safe = _semi_active(scope, part.operations, begun, widest)
        return (max(safe, makespan), True) if safe is not None else (int(PRACTICAL * max(makespan, begun)), False)
    reach = begun + sum(max(operation.options.values()) for operation in part.operations) + 1
    for _ in range(DOUBLINGS):
        safe = _semi_active(scope, part.operations, begun, reach)
        if safe is not None:
            return safe, True
        reach *= 2
    return None, False


def _last_release(scope: Scope, part: Part) -> int:
    """From here on no operation of the part waits for anything but other operations, setups, delays and calendars."""
    problem = scope.problem
    found = [0, *scope.ends.values()]
    for operation in part.operations:
        found += [problem.jobs[operation.job].earliest, operation.start_after or 0]
        found += [scope.ends[before] + operation.min_delay for before in operation.predecessors if before in scope.ends]
    if any("changes" in level for level in problem.objective):
        free = {operation.number for operation in part.operations}
        found += [work.start for work in problem.reference if work.operation in free]
    return max(found)


def _semi_active(scope: Scope, operations: Sequence[Operation], begun: int, reach: int) -> int | None:
    """The latest makespan of a semi-active plan; None where it is beyond ``reach``."""
    problem = scope.problem
    families = {operation.family_id for operation in operations}
    setup: dict[tuple[int, str | None], int] = {}
    waits: dict[int, _Waits] = {}
    total = begun

    def waiting(opened: OpenTime) -> _Waits:
        return waits.get(id(opened)) or waits.setdefault(id(opened), _Waits(opened, reach))

    for operation in operations:
        longest = 0
        for machine, seconds in operation.options.items():
            machines_own = scope.calendars.machine(machine)
            people = scope.people.get(operation.number)
            opens = [scope.calendars.both(machine, who) for who in people] if people else [machines_own]
            key = machine, operation.family_id
            if machine not in scope.has_setups:
                setup[key] = 0
            elif key not in setup:
                before = families | {problem.machines[machine].initial_family}
                before |= {problem.operations[a.operation].family_id for a in scope.standing.get(machine, ())}
                setup[key] = max(problem.setup_seconds(machine, family, operation.family_id) for family in before)
            change = waiting(machines_own).longest(setup[key], True)
            for opened in {id(opened): opened for opened in opens}.values():
                work = waiting(opened).longest(seconds, operation.interruptible)
                if work is None or change is None:
                    return None
                longest = max(longest, work + change)
        total += longest + operation.min_delay
        if total > reach:
            return None
    return total


class _Waits:
    """The longest that work can take on a calendar, closed time included, wherever it starts before ``reach``."""

    def __init__(self, opened: OpenTime, reach: int) -> None:
        self.always = opened.always
        self.reach = reach
        self.rows = [] if opened.always else open_intervals(opened, 2 * reach)
        self.known: dict[tuple[int, bool], int | None] = {}
        self.before = [0]
        for start, end in self.rows:
            self.before.append(self.before[-1] + end - start)

    def longest(self, seconds: int, interruptible: bool) -> int | None:
        """The longest elapsed time, None where it does not end before twice the reach."""
        if self.always or not seconds:
            return seconds
        key = seconds, interruptible
        if key not in self.known:
            self.known[key] = self._longest(seconds, interruptible)
        return self.known[key]

    def _longest(self, seconds: int, interruptible: bool) -> int | None:
        # The worst moments to start are second zero and the closing of each interval; work that must not be interrupted
        # may also just not have fitted into what was left, less than `seconds` before the closing.
        late = 0 if interruptible else seconds
        worst = seconds
        closings = [0, *(end for _, end in self.rows if end < self.reach)]
        for k, closing in enumerate(closings):
            first = max(0, k) if k else 0
            end = self._interruptible(first, seconds) if interruptible else self._whole(first, seconds)
            if end is None:
                return None
            worst = max(worst, end - closing + late)
        return worst

    def _interruptible(self, first: int, seconds: int) -> int | None:
        target = self.before[first] + seconds
        if target > self.before[-1]:
            return None
        k = bisect_left(self.before, target) - 1
        return self.rows[k][0] + target - self.before[k]

    def _whole(self, first: int, seconds: int) -> int | None:
        return next((start + seconds for start, end in self.rows[first:] if end - start >= seconds), None)
