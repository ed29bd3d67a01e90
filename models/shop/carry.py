"""From the plan in force to the next problem: what is done, under way or frozen is fixed, and second zero moves to now.

PROBLEM 10 in docs/problem.md says what fixed work is: completed work ends by second zero, running work has a remaining
time, pinned work starts later. So a plan that has been followed for a while is the fixed work of a problem that starts
now, and its remaining decisions, replayed, are the plan shifted right by whatever happened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from models.shop.actual import Actual
from models.shop.calendar import Calendars
from models.shop.fixed_work import lot_seconds, standing
from models.shop.open_time import OpenTime
from models.shop.problem import (
    WHOLE_SHARE,
    FixedWork,
    Machine,
    Operation,
    Problem,
    ReferenceWork,
    Span,
)
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.shifted import earlier, shifted, shifted_work

__all__ = ["Actual", "Carried", "carry"]


@dataclass(frozen=True, slots=True)
class Carried:
    """The problem that starts now, and of the plan in force what is not fixed there: ``rows`` in its own seconds.

    The problem's ``reference`` is the plan in force: what ``changes`` are counted against.
    """

    problem: Problem
    rows: tuple[Assignment, ...]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The rows as decisions, in the order of the plan: replayed, they are the plan shifted by what happened."""
        return Schedule(tuple(row._replace(fixed=False) for row in self.rows)).decisions()


def carry(
    problem: Problem,
    schedule: Schedule,
    actuals: Iterable[Actual] = (),
    now: int = 0,
    frozen: int = 0,
    *,
    assume: bool = True,
    pins: Collection[tuple[int, int]] | None = None,
    hold: Collection[tuple[int, int]] = (),
) -> Carried:
    """The next problem after ``schedule``, a plan of ``problem``, has been in force until second ``now``.

    All seconds count from the problem's second zero; a ``now`` before it leaves it where it is. What ``actuals`` tell
    of an operation (or lot) counts; then the problem's own fixed work; of everything else it is assumed (``assume``)
    that it went as planned, unless its predecessors or what is on its machine or with its operator say otherwise.
    What should have ended but is running has a second left. A lot that is told of but is not in the plan is left out.
    Work that starts within ``frozen`` seconds from now, and the (operation, lot) in ``hold``, are pinned where they can
    still be as planned. The problem's own pinned work stays pinned whatever it contradicts, or of it only the
    (operation, lot) in ``pins``.

    A setup that is under way closes its machine until it is done, and leaves it in the family it was for; only where
    that family needs a setup even after itself it begins again. Work that was paused is planned again, on its machine,
    for the time that it has left; a lot that was paused counts as running.
    """
    now = max(0, now)
    state = _State(problem, now)
    told = {(actual.operation, actual.lot): actual for actual in actuals}
    rows = {(row.operation, row.lot): row for row in schedule.assignments}
    for row in standing(problem, state.calendars):
        planned = rows.get((row.operation, row.lot))
        if planned is None or planned[1:4] != row[1:4]:  # machine, start, end
            rows[row.operation, row.lot] = row
    for key, actual in told.items():
        state.tell(actual, rows.get(key))
    for row in sorted(rows.values(), key=_order):
        key = (row.operation, row.lot)
        if key in told:
            continue
        if row.fixed and row.start >= now and (pins is None or key in pins):
            state.pin(row)
        elif row.start >= now or assume or row.fixed:
            state.follow(row, frozen, hold)
    made = replace(
        shifted(problem, now),
        fixed=tuple(shifted_work(work, now) for work in state.fixed.values()),
        reference=tuple(_reference(row, now) for key, row in rows.items() if key not in state.begun),
    )
    free = [row for key, row in rows.items() if key not in state.fixed]
    return Carried(
        replace(made, machines=state.machines(made), operations=state.operations(made)),
        tuple(state.left(row) for row in sorted(free, key=_order)),
    )


class _State:
    """Fixed work as it is found, by (operation, lot), in seconds of the old problem; ``begun`` is no longer planned."""

    def __init__(self, problem: Problem, now: int) -> None:
        self.problem, self.now = problem, now
        self.calendars = Calendars(problem)
        self.fixed: dict[tuple[int, int], FixedWork] = {}
        self.begun: set[tuple[int, int]] = set()
        self._paused: dict[int, tuple[int, int]] = {}
        self._setups: dict[int, Assignment] = {}
        self._shares: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._last: dict[int, tuple[int, str | None]] = {}
        self._machine_use: dict[int, list[tuple[int, int]]] = {}
        self._operator_use: dict[int, list[tuple[int, int]]] = {}

    def tell(self, actual: Actual, row: Assignment | None) -> None:
        """Takes what the plant says. A lot that the plan does not have has no share of the work: it is left out."""
        if row is None and actual.lot > 1:
            return
        share = WHOLE_SHARE if row is None else row.share
        if actual.state == "scrapped" or not actual.stretches:
            return
        start, last = actual.stretches[0][0], actual.stretches[-1][1]
        if actual.state == "finished":
            end = self.now if last is None else min(last, self.now)
            self._complete(_row(actual, share, min(start, end - 1), end), told=True)
            return
        left = self._left(actual, share)
        if actual.state == "paused" and share == WHOLE_SHARE:
            self._paused[actual.operation] = (actual.machine, left)
        else:
            self._run(_row(actual, share, min(start, self.now), self.now), left)

    def follow(self, row: Assignment, frozen: int, hold: Collection[tuple[int, int]]) -> None:
        """Takes a row of the plan as it was planned, where nothing speaks against it."""
        if not self.admits(row):
            return
        if row.end <= self.now:
            self._complete(row)
        elif row.start < self.now:
            opened = self._opened(row.operation, row.machine, row.operator)
            self._run(row, max(1, opened.between(self.now, row.end)))
        elif row.setup_start is not None and row.setup_start < self.now and not self._sets_up(row):
            return
        elif (row.start < self.now + frozen or (row.operation, row.lot) in hold) and self._stands(row):
            self.pin(row)

    def admits(self, row: Assignment) -> bool:
        """Whether a row can be as planned, beside what is fixed so far."""
        operation = self.problem.operations[row.operation]
        if self._shares.get(row.operation, 0) + row.share > WHOLE_SHARE or row.operation in self._paused:
            return False
        for before in operation.predecessors:
            if self._shares.get(before, 0) < WHOLE_SHARE or self._ends[before] + operation.min_delay > row.start:
                return False
        machine = self.problem.machines[row.machine]
        if not _fits(self._machine_use.get(row.machine, ()), row, machine.capacity):
            return False
        if row.operator is None:
            return True
        return _fits(self._operator_use.get(row.operator, ()), row, self.problem.operators[row.operator].capacity)

    def _stands(self, row: Assignment) -> bool:
        """Whether the shop lets a row start and end when it was planned to: its dates, its machine and its operator."""
        operation = self.problem.operations[row.operation]
        whole = operation.options.get(row.machine)
        earliest = max(self.problem.jobs[operation.job].earliest, operation.start_after or 0)
        late = operation.end_before is not None and row.end > operation.end_before
        if (whole is None and not row.fixed) or row.start < earliest or late:
            return False
        seconds = row.seconds if row.fixed or whole is None else lot_seconds(whole, row.share)
        opened = self._opened(row.operation, row.machine, row.operator)
        return opened.next_open(row.start) == row.start and opened.finish(row.start, seconds) == row.end

    def _opened(self, operation: int, machine: int, operator: int | None) -> OpenTime:
        needed = self.problem.operations[operation].skill is not None
        return self.calendars.both(machine, operator if needed else None)

    def pin(self, row: Assignment) -> None:
        """Fixes work that has not begun."""
        if row.setup_start is not None and row.setup_start < self.now:
            self._sets_up(row)
        stated = self.problem.fixed_by_operation.get(row.operation, ()) if row.fixed else ()
        remaining = next((work.remaining for work in stated if work.lot == row.lot), None)
        work = FixedWork(row.operation, row.machine, row.start, row.lot, row.share, row.operator, remaining)
        self._fix(row, work, row.end)

    def _sets_up(self, row: Assignment) -> bool:
        """Takes a setup that is under way; False where its family needs a setup even after itself: it begins again."""
        family = self.problem.operations[row.operation].family_id
        known = self.problem.setup_seconds(row.machine, family, family) == 0
        if known:
            self._setups[row.machine] = row
        return known

    def _complete(self, row: Assignment, *, told: bool = False) -> None:
        work = FixedWork(row.operation, row.machine, row.start, row.lot, row.share, row.operator, None, True, row.end)
        # what ended as planned is in nobody's way
        self._fix(row, work, row.end, uses=told)
        self.begun.add((row.operation, row.lot))
        if row.end >= self._last.get(row.machine, (row.end, None))[0]:
            self._last[row.machine] = (row.end, self.problem.operations[row.operation].family_id)

    def _run(self, row: Assignment, left: int) -> None:
        work = FixedWork(row.operation, row.machine, row.start, row.lot, row.share, row.operator, left)
        end = self._opened(row.operation, row.machine, row.operator).finish(self.now, left)
        end = self.now + left if end is None else end
        self._fix(row, work, end)
        self.begun.add((row.operation, row.lot))

    def _fix(self, row: Assignment, work: FixedWork, end: int, *, uses: bool = True) -> None:
        self.fixed[row.operation, row.lot] = work
        self._shares[row.operation] = self._shares.get(row.operation, 0) + row.share
        self._ends[row.operation] = max(end, self._ends.get(row.operation, end))
        if uses:
            self._machine_use.setdefault(row.machine, []).append((row.start, end))
            if row.operator is not None:
                self._operator_use.setdefault(row.operator, []).append((row.start, end))

    def _left(self, actual: Actual, share: int) -> int:
        """Seconds of open time that running or paused work still takes after now, at least 1."""
        opened = self._opened(actual.operation, actual.machine, actual.operator)
        stretches = [(first, self.now if last is None else min(last, self.now)) for first, last in actual.stretches]
        if actual.left is None:
            options = self.problem.operations[actual.operation].options
            whole = lot_seconds(options.get(actual.machine, min(options.values())), share)
            return max(1, whole - sum(opened.between(*stretch) for stretch in stretches))
        since, seconds = actual.left
        return max(1, seconds - sum(opened.between(max(first, since), last) for first, last in stretches))

    def machines(self, made: Problem) -> tuple[Machine, ...]:
        """The machines as they stand now: in the family of what was last done there, or is being set up."""
        machines = list(made.machines)
        for index, (_, family) in self._last.items():
            if machines[index].setup_matrix is not None:
                machines[index] = replace(machines[index], initial_family=family)
        for index, row in self._setups.items():
            operation = self.problem.operations[row.operation]
            closed = machines[index].closed
            if row.start > self.now:
                job_id = self.problem.jobs[operation.job].job_id
                closed = (*closed, Span(0, row.start - self.now, f"being set up for {job_id}"[:1000]))
            machines[index] = replace(machines[index], initial_family=operation.family_id, closed=closed)
        return tuple(machines)

    def operations(self, made: Problem) -> tuple[Operation, ...]:
        """The operations, of those that were paused only what is left of them."""
        operations = list(made.operations)
        for number, (machine, left) in self._paused.items():
            operations[number] = replace(operations[number], options={machine: left}, max_lots=1)
        return tuple(operations)

    def left(self, row: Assignment) -> Assignment:
        """A row of what is not fixed, in the seconds of the next problem, on a machine that may run it."""
        options, machine, seconds = self.problem.operations[row.operation].options, row.machine, row.seconds
        if row.operation in self._paused:
            machine, seconds = self._paused[row.operation]
        elif machine not in options:
            machine = min(options, key=options.__getitem__)
        setup = earlier(row.setup_start, self.now)
        start, end = row.start - self.now, row.end - self.now
        return row._replace(machine=machine, seconds=seconds, start=start, end=end, setup_start=setup)


def _order(row: Assignment) -> tuple[int, int, int, int]:
    return row.start, row.end, row.operation, row.lot


def _row(actual: Actual, share: int, start: int, end: int) -> Assignment:
    return Assignment(
        actual.operation, actual.machine, start, end, end - start, actual.operator, lot=actual.lot, share=share
    )


def _fits(uses: Iterable[tuple[int, int]], row: Assignment, capacity: int) -> bool:
    """Whether one more piece of work has room beside ``uses`` from its start to its end."""
    beside = [(start, end) for start, end in uses if start < row.end and end > row.start]
    if len(beside) < capacity:
        return True
    moments = [row.start, *(start for start, _ in beside if start > row.start)]
    return all(sum(start <= moment < end for start, end in beside) < capacity for moment in moments)


def _reference(row: Assignment, seconds: int) -> ReferenceWork:
    return ReferenceWork(row.operation, row.machine, row.start - seconds, row.lot)
