"""The one place that turns decisions into times: machines, calendars, setups, operators, precedence and fixed work.

Decisions are replayed append-only: on a machine of capacity 1 an operation takes the earliest place after what was
appended there before, around fixed work; on a machine of higher capacity, and with operators, the earliest place where
the use stays below the capacity. Parallel work can therefore never be booked twice, whatever order decisions come in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple

from models.shop.attendance import Attendance
from models.shop.calendar import Calendars
from models.shop.fixed_conflicts import fixed_conflicts
from models.shop.fixed_setups import with_setups
from models.shop.fixed_work import lines, lot_seconds, standing
from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Problem
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.unscheduled import Failure, Reasons, late, no_decision, no_place


class Placement(NamedTuple):
    """Where an operation (or lot) would run, in seconds from second zero. ``setup_start`` is None without a setup."""

    operation: int
    machine: int
    operator: int | None
    lot: int
    share: int
    start: int
    end: int
    seconds: int
    setup_start: int | None
    setup_seconds: int


class Timeline:
    """A shop being filled: all fixed work stands from the beginning, operations are appended one by one.

    ``fixed`` is the fixed work with its times. ``calendars`` may be shared by all timelines of one problem.
    """

    def __init__(self, problem: Problem, calendars: Calendars | None = None) -> None:
        self.problem = problem
        self.calendars = calendars or Calendars(problem)
        self.fixed: tuple[Assignment, ...] = standing(problem, self.calendars) if problem.fixed else ()
        self._operations = problem.operations
        self._lines = lines(problem, self.calendars, self.fixed)
        self._attendance = Attendance(problem, self.calendars)
        self._ends: list[int | None] = [None] * len(problem.operations)
        self._left: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._rest: dict[int, int] = {}
        for work in self.fixed:
            if work.operator is not None:
                self._attendance.bind(work.operator, work.start, work.end)
            self._done(work.operation, work.share, work.end)
        for operation, works in problem.fixed_by_operation.items():
            if self._ends[operation] is None:
                taken = {work.lot for work in works}
                self._rest[operation] = next(lot for lot in range(1, len(taken) + 2) if lot not in taken)

    def ready(self, operation: int) -> int | None:
        """The earliest start by release, ``start_after`` and predecessors; None while a predecessor has no end."""
        chosen = self._operations[operation]
        t = self.problem.jobs[chosen.job].earliest
        if chosen.start_after is not None and chosen.start_after > t:
            t = chosen.start_after
        for before in chosen.predecessors:
            end = self._ends[before]
            if end is None:
                return None
            if end + chosen.min_delay > t:
                t = end + chosen.min_delay
        return t if t > 0 else 0

    def end(self, operation: int) -> int | None:
        """The end of the whole operation, its last lot included; None until all of it is placed."""
        return self._ends[operation]

    def free(self, machine: int) -> int:
        """The end of the last operation appended on the machine, 0 if none.

        What runs over second zero counts as appended. Where the capacity is above 1: the first second with any left.
        """
        return self._lines[machine].free

    def rest(self, operation: int) -> tuple[int, int] | None:
        """(lot, share) of what is left to plan of an operation that is fixed in part; None for all others."""
        lot = self._rest.get(operation)
        return None if lot is None else (lot, self._left[operation])

    def probe(
        self,
        operation: int,
        machine: int,
        operator: int | None = None,
        *,
        lot: int = 1,
        share: int = WHOLE_SHARE,
        ready: int | None = None,
    ) -> Placement | None:
        """The earliest placement on ``machine`` after what was appended there, or None where there is none.

        Around fixed work, with setups on both sides, with the operator who lets it end first if none is named. Of an
        operation that is fixed in part it is the rest, as one further lot, whatever ``lot`` and ``share`` say.

        None for a machine or operator that may not run it, for a lot shorter than ``min_lot``, while a predecessor has
        no end (unless ``ready`` is given), where it never fits, and if it would end after ``end_before``. Hard due
        dates are not looked at.
        """
        chosen = self._operations[operation]
        seconds = chosen.options.get(machine)
        if seconds is None:
            return None
        if operation in self._rest:
            lot, share = self._rest[operation], self._left[operation]
            if len(self.problem.fixed_by_operation[operation]) >= chosen.max_lots:
                return None
        if share != WHOLE_SHARE:
            seconds = lot_seconds(seconds, share)
            if seconds < chosen.min_lot:
                return None
        if ready is None:
            ready = self.ready(operation)
            if ready is None:
                return None
        line = self._lines[machine]
        latest = MAX_SECONDS if chosen.end_before is None else chosen.end_before
        if chosen.skill is None:
            operator = None
            if line.plain:
                start = ready if ready > line.end else line.end
                end = start + seconds
                if end > latest:
                    return None
                return Placement(operation, machine, None, lot, share, start, end, seconds, None, 0)
            spot = line.earliest(
                chosen.family_id, ready, seconds, latest, line.opened, interruptible=chosen.interruptible
            )
        else:
            attended = self._attendance.earliest(chosen, machine, line, operator, ready, seconds, latest)
            operator, spot = (None, None) if attended is None else attended
        if spot is None:
            return None
        start, end, setup = spot
        setup_start = line.opened.latest_start(start, setup) if setup else None
        return Placement(operation, machine, operator, lot, share, start, end, seconds, setup_start, setup)

    def place(self, placement: Placement) -> None:
        """Appends a placement that ``probe`` gave for the timeline as it is."""
        operation = placement.operation
        self._lines[placement.machine].append(placement.start, placement.end, self._operations[operation].family_id)
        if placement.operator is not None:
            self._attendance.bind(placement.operator, placement.start, placement.end)
        if placement.share == WHOLE_SHARE:
            self._ends[operation] = placement.end
        else:
            self._done(operation, placement.share, placement.end)

    def append(self, decision: Decision, due: int | None = None) -> Assignment | None:
        """Probes a decision and places it, unless it would end after ``due``; None where there is no place for it.

        The same as ``probe`` and ``place``, with a short cut for the many operations that nothing stands in the way of.
        """
        number, index, operator, lot, share = decision
        chosen = self._operations[number]
        line = self._lines[index]
        if line.plain and share == WHOLE_SHARE and chosen.skill is None and number not in self._rest:
            seconds, start = chosen.options.get(index), self.ready(number)
            if seconds is None or start is None:
                return None
            if start < line.end:
                start = line.end
            end = start + seconds
            if end > (MAX_SECONDS if chosen.end_before is None else chosen.end_before):
                return None
            if due is None or end <= due:
                line.end, line.family = end, chosen.family_id
                self._ends[number] = end
            return Assignment(number, index, start, end, seconds, None, None, 0, lot)
        placement = self.probe(number, index, operator, lot=lot, share=share)
        if placement is None:
            return None
        if due is None or placement.end <= due:
            self.place(placement)
        _, _, operator, lot, share, start, end, seconds, setup_start, setup_seconds = placement
        return Assignment(number, index, start, end, seconds, operator, setup_start, setup_seconds, lot, share)

    def _done(self, operation: int, share: int, end: int) -> None:
        left = self._left[operation] = self._left.get(operation, WHOLE_SHARE) - share
        last = self._last[operation] = max(end, self._last.get(operation, end))
        if left <= 0:
            self._ends[operation] = last


def replay(
    problem: Problem,
    decisions: Iterable[Decision],
    jobs: Collection[int] | None = None,
    calendars: Calendars | None = None,
) -> Schedule:
    """The schedule that ``decisions`` lead to, in their order, for ``jobs`` (all if None) and all fixed work.

    A job of which an operation finds no place, or that misses a hard due date, is left out whole with its reason, and
    the rest is replayed without it. Decisions about other jobs, about fixed work and about what was decided before are
    passed over; an operation without any leaves its job out.
    """
    calendars = calendars or Calendars(problem)
    wanted = set(range(len(problem.jobs)) if jobs is None else jobs)
    standing_alone = Timeline(problem, calendars)
    chosen, missing = _chosen(problem, decisions, wanted, standing_alone)
    failures = {problem.operations[n].job: no_decision(problem, n) for n in reversed(missing)}
    while True:
        active = wanted - failures.keys()
        assignments, failed = _attempt(problem, chosen, active, calendars)
        if not failed:
            break
        # What fails late may have failed only because of what failed before it: that gets another chance.
        failures.update(list(failed.items())[: (len(failed) + 1) // 2])
    assignments += standing_alone.fixed
    assignments.sort(key=itemgetter(2, 3, 0, 8))  # start, end, operation, lot
    dated, unset = with_setups(problem, calendars, assignments)
    reasons = Reasons(standing_alone)
    return Schedule(
        tuple(dated),
        tuple(reasons.why(job, failures[job]) for job in sorted(failures)),
        fixed_conflicts(problem, calendars, dated, unset),
    )


def _chosen(
    problem: Problem, decisions: Iterable[Decision], wanted: Collection[int], standing_alone: Timeline
) -> tuple[list[Decision], list[int]]:
    """The decisions that count, and the operations that they leave undecided (or decided in part), by number."""
    left = [0] * len(problem.operations)
    everything = len(wanted) == len(problem.jobs)
    for number in range(len(left)) if everything else (n for job in wanted for n in problem.jobs[job].operations):
        if standing_alone.end(number) is None:
            left[number] = WHOLE_SHARE
    in_part = {number for number in problem.fixed_by_operation if standing_alone.rest(number) is not None}
    chosen = []
    for decision in decisions:
        number, share = decision.operation, decision.share
        open_share = left[number]
        if number in in_part and open_share == WHOLE_SHARE:
            left[number] = 0
        elif 0 < share <= open_share:
            left[number] = open_share - share
        else:
            continue
        chosen.append(decision)
    return chosen, [number for number, share in enumerate(left) if share]


def _attempt(
    problem: Problem, decisions: Sequence[Decision], active: Collection[int], calendars: Calendars
) -> tuple[list[Assignment], dict[int, Failure]]:
    """One replay for the ``active`` jobs: what was placed, and which jobs failed, in the order in which they did."""
    timeline = Timeline(problem, calendars)
    operations, jobs = problem.operations, problem.jobs
    append = timeline.append
    going = [False] * len(jobs)
    for index in active:
        going[index] = True
    hard = [job.due if job.due_hard else None for job in jobs]
    placed: list[Assignment] = []
    failed: dict[int, Failure] = {}
    for decision in decisions:
        number = decision.operation
        index = operations[number].job
        if not going[index]:
            continue
        due = hard[index]
        work = append(decision, due)
        if work is None:
            failed[index] = no_place(problem, number, timeline)
            going[index] = False
        elif due is not None and work.end > due:
            failed[index] = late(problem, number, work.end)
            going[index] = False
        else:
            placed.append(work)
    return placed, failed
