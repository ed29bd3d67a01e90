"""A schedule laid out for the checks: by machine, by operator, by operation, with fixed work beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from models.shop.problem import WHOLE_SHARE, FixedWork, Job, Operation, Problem
from models.shop.schedule import Assignment, Schedule
from models.shop.validator.intervals import Intervals, length
from models.shop.validator.ledger import Key, Ledger
from models.shop.validator.open_time import OpenTimes
from models.shop.validator.plain import doubtful


class Facts:
    """What all checks read. Assignments that name nothing of the problem are reported here and then left aside.

    ``doubtful`` are those that checks of one assignment alone look at: all that are not plainly in order.
    """

    def __init__(self, problem: Problem, schedule: Schedule, ledger: Ledger) -> None:
        self.problem = problem
        self.schedule = schedule
        self.ledger = ledger
        self.fixed: Mapping[Key, FixedWork] = {(work.operation, work.lot): work for work in problem.fixed}
        self.left_out = frozenset(entry.job for entry in schedule.unscheduled)
        self.assignments: Sequence[Assignment] = sorted(
            (a for a in schedule.assignments if self._known(a)), key=attrgetter("start", "end", "operation", "lot")
        )
        self.current: Sequence[Assignment] = [a for a in self.assignments if not self.completed(a)]
        done = sorted((a for a in self.assignments if self.completed(a)), key=lambda a: a.end)
        self.last_completed: Mapping[int, Assignment] = {a.machine: a for a in done}
        first = min((a.start for a in self.assignments), default=0)
        last = max((a.end for a in self.assignments), default=0)
        self.open_times = OpenTimes(problem, min(first, 0), max(last, 1))
        self.doubtful: Sequence[Assignment] = list(doubtful(problem, self.assignments, self.fixed, self.open_times))
        self.by_operation: dict[int, list[Assignment]] = {}
        for a in self.assignments:
            self.by_operation.setdefault(a.operation, []).append(a)

    def on_machines(self) -> Sequence[list[Assignment]]:
        """Work that is not completed, machine by machine, in order of start."""
        rows: list[list[Assignment]] = [[] for _ in self.problem.machines]
        for a in self.current:
            rows[a.machine].append(a)
        return rows

    def of_operators(self) -> Sequence[list[Assignment]]:
        """Work that is not completed, operator by operator, in order of start."""
        rows: list[list[Assignment]] = [[] for _ in self.problem.operators]
        for a in self.current:
            if a.operator is not None:
                rows[a.operator].append(a)
        return rows

    def operation(self, a: Assignment) -> Operation:
        """The operation that is carried out."""
        return self.problem.operations[a.operation]

    def job(self, a: Assignment) -> Job:
        """The job that it belongs to."""
        return self.problem.jobs[self.problem.operations[a.operation].job]

    def work(self, a: Assignment) -> FixedWork | None:
        """The fixed work that this is, if any."""
        return self.fixed.get((a.operation, a.lot)) if self.fixed else None

    def completed(self, a: Assignment) -> bool:
        """Whether this is completed fixed work."""
        work = self.work(a)
        return work is not None and work.completed

    def seconds(self, a: Assignment) -> int | None:
        """The open seconds that this takes where it is, from ``counted_from`` on; None: nothing states them."""
        work = self.work(a)
        if work is not None and work.remaining is not None:
            return work.remaining
        whole = self.operation(a).options.get(a.machine)
        return None if whole is None else lot_seconds(whole, a.share)

    def counted_from(self, a: Assignment) -> int:
        """The second from which its time counts: what remains of running work counts from second zero."""
        work = self.work(a)
        return max(0, a.start) if work is not None and work.remaining is not None else a.start

    def open_within(self, a: Assignment, first: int, last: int) -> Intervals:
        """When this may make progress: its machine is open, and its operator if it needs one."""
        return self.open_times.within(a.machine, self.attended_by(a), first, last)

    def attended_by(self, a: Assignment) -> int | None:
        """The operator whose presence it needs, if any."""
        return a.operator if self.operation(a).skill is not None else None

    def processing(self, a: Assignment) -> int:
        """Open seconds of processing at or after second zero."""
        return 0 if self.completed(a) else length(self.open_within(a, max(0, a.start), a.end))

    def name(self, a: Assignment) -> str:
        """The operation (or lot) by its ids."""
        return self.ledger.name(a.operation, a.lot)

    def machine_name(self, a: Assignment) -> str:
        """The machine by its id."""
        return f"machine {self.problem.machines[a.machine].machine_id}"

    def _known(self, a: Assignment) -> bool:
        known = (
            0 <= a.operation < len(self.problem.operations)
            and 0 <= a.machine < len(self.problem.machines)
            and (a.operator is None or 0 <= a.operator < len(self.problem.operators))
        )
        if not known:
            detail = f"{a} names an operation, a machine or an operator that the problem does not have."
            self.ledger.report("eligibility", detail)
        return known


def lot_seconds(whole: int, share: int) -> int:
    """A lot's time: its share of the operation's, rounded up to a second."""
    return -(-whole * share // WHOLE_SHARE)
