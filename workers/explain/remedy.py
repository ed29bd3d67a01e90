"""The smallest single change that makes a late job on time, found by trying and verified by solving.

Changes are tried from small to large: another order alone; more open hours of one machine; an earlier release; one more
machine; a rule dropped. A change counts only with a whole checked plan in which the job is on time and no job is left
out that was not before; what the others pay is told.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.shop.calendar import Calendars
from models.shop.objective import HOUR, evaluate
from models.shop.parts import only
from models.shop.problem import Problem, Span
from models.shop.reading.row import Faults
from models.shop.result_reader import read_result
from models.shop.schedule import Decision, Schedule
from models.shop.soonest import soonest
from models.shop.timeline import replay
from models.shop.whatif import changed, with_open_time
from workers import local
from workers.engine import Levels
from workers.explain.chain import chain
from workers.explain.document import instant
from workers.explain.plan import Plan
from workers.explain.rules import FIXED, bearing

HOURS = (1, 2, 4, 8, 16, 24)
"""Open hours that are tried on a machine, the fewest first."""

MOST_MACHINES = 5
MOST_CLOSINGS = 10
SOLVE_SECONDS, SOLVE_SHARE = 2.0, 0.2
"""For the plan that verifies a change and keeps down what the others pay; at most that part of all the time."""


@dataclass(frozen=True, slots=True)
class Change:
    """A single change: its ``kind``, what it is in words, and as a change of a scenario; None where it is none."""

    kind: str
    words: str
    scenario: Mapping[str, Any] | None
    problem: Problem


@dataclass(frozen=True, slots=True)
class Remedy:
    """What makes a job on time. ``change`` is None where nothing was found.

    ``before`` and ``after`` are the levels of the plan as it is and of the one that verifies the change, both without
    hard due dates of our own; ``moved`` counts operations that are elsewhere. ``tried``: kinds in the order they were.
    """

    change: Change | None
    tried: tuple[str, ...]
    before: Levels
    after: Levels | None = None
    completion: int | None = None
    moved: int = 0
    schedule: Schedule | None = None


def remedy(problem: Problem, schedule: Schedule, job: int, seconds: float = 10.0) -> Remedy:
    """The smallest single change found within about ``seconds`` with which a late job of a plan is on time.

    ``problem`` is relaxed as the plan was made. Raises ValueError for a job without a due date.
    """
    due = problem.jobs[job].due
    if due is None:
        raise ValueError(f"job {problem.jobs[job].job_id} has no due date")
    deadline = time.monotonic() + seconds
    before = evaluate(problem, schedule)
    tried: list[str] = []
    for change in _changes(problem, schedule, job):
        if time.monotonic() > deadline:
            break
        if change.kind not in tried:
            tried.append(change.kind)
        if not _alone_on_time(change.problem, job):
            continue
        found = _verified(change, schedule, job, min(SOLVE_SECONDS, seconds * SOLVE_SHARE))
        if found is not None:
            end = max(row.end for row in found.assignments if problem.operations[row.operation].job == job)
            after = evaluate(change.problem, found)
            return Remedy(change, tuple(tried), before, after, end, _moved(schedule, found), found)
    return Remedy(None, tuple(tried), before)


def _changes(problem: Problem, schedule: Schedule, job: int) -> Iterator[Change]:
    """Single changes that could help, from small to large."""
    yield Change("order", "plan it before others", None, problem)
    plan = Plan(problem, schedule)
    machines: dict[int, int] = {}
    if plan.last(job) is not None:
        for link in chain(plan, job).links:
            machines[link.work.machine] = machines.get(link.work.machine, 0) + link.work.end - max(0, link.since)
    for number in problem.jobs[job].operations:
        for machine in problem.operations[number].options:
            machines.setdefault(machine, 0)
    ranked = sorted(machines, key=lambda machine: -machines[machine])[:MOST_MACHINES]
    for hours in HOURS:
        for machine in ranked:
            yield from _opened(problem, job, machine, hours)
    yield from _released(problem, job)
    for machine in ranked:
        yield from _doubled(problem, machine)
    for rule in bearing(problem, [job]):
        if rule not in (FIXED, "lcd_hard"):
            yield from _scenario("relax", f"without {rule}", {"type": "relax", "rule": rule}, problem)


def _opened(problem: Problem, job: int, machine: int, hours: int) -> Iterator[Change]:
    """A machine open for longer, once before the due date."""
    owner, due = problem.machines[machine], problem.jobs[job].due or 0
    if owner.calendar is None:
        return
    intervals = Calendars(problem).machine(machine).intervals(0, due)
    closings = [end for _, end in intervals if end < due]
    for end in closings[-MOST_CLOSINGS:]:
        span = Span(end, end + hours * HOUR)
        row = {
            "type": "open_hours",
            "machine_id": owner.machine_id,
            "from": instant(problem, span.start),
            "to": instant(problem, span.end),
        }
        words = f"{hours} h more on {owner.machine_id} from {row['from']}"
        yield Change("open_hours", words, row, with_open_time(problem, machine, span))


def _released(problem: Problem, job: int) -> Iterator[Change]:
    """The job released at second zero."""
    if problem.jobs[job].earliest <= 0:
        return
    jobs = list(problem.jobs)
    jobs[job] = replace(jobs[job], earliest=0)
    words = f"release {jobs[job].job_id} at {instant(problem, 0)}"
    yield Change("release", words, None, replace(problem, jobs=tuple(jobs)))


def _doubled(problem: Problem, machine: int) -> Iterator[Change]:
    machine_id = problem.machines[machine].machine_id
    row = {"type": "machine", "like": machine_id, "machine_id": f"{machine_id} (2)"}
    yield from _scenario("machine", f"one more machine like {machine_id}", row, problem)


def _scenario(kind: str, words: str, row: Mapping[str, Any], problem: Problem) -> Iterator[Change]:
    faults = Faults()
    made = changed(problem, [dict(row)], faults, "changes")
    if not faults.total:
        yield Change(kind, words, row, made)


def _alone_on_time(problem: Problem, job: int) -> bool:
    """Whether a job is on time if it is planned first of all: beside fixed work alone."""
    part = only(problem, {job, *(problem.operations[work.operation].job for work in problem.fixed)})
    index, calendars = part.jobs[job], Calendars(part.problem)
    schedule = replay(part.problem, soonest(part.problem, [index], calendars), [index], calendars)
    due = part.problem.jobs[index].due
    ends = [row.end for row in schedule.assignments if part.problem.operations[row.operation].job == index]
    return due is not None and not schedule.unscheduled and bool(ends) and max(ends) <= due


def _verified(change: Change, schedule: Schedule, job: int, seconds: float) -> Schedule | None:
    """A plan with the job on time, and no other job left out that was not; None where none was found.

    The search begins with the job before all others. Where even that leaves others out, only another order is searched
    for; a change of the shop is passed over, so that there is time for all of them.
    """
    problem = change.problem
    jobs = list(problem.jobs)
    jobs[job] = replace(jobs[job], due_hard=True)
    hard = replace(problem, jobs=tuple(jobs), options=replace(problem.options, deterministic=False))
    calendars = Calendars(hard)
    rest = [decision for decision in schedule.decisions() if problem.operations[decision.operation].job != job]
    start: Sequence[Decision] = [*soonest(_on_new(hard, job, change), [job], calendars), *rest]
    was = {entry.job for entry in schedule.unscheduled} - {job}

    def keeps(found: Schedule) -> bool:
        return {entry.job for entry in found.unscheduled} <= was

    if change.kind != "order" and not keeps(replay(hard, start, None, calendars)):
        return None
    document = local.solve(hard, engine="auto", seconds=seconds, workers=1, start=start)
    found, _ = read_result(hard, document)
    return found if keeps(found) else None


def _on_new(problem: Problem, job: int, change: Change) -> Problem:
    """The problem in which the job runs on the machine that a change adds, wherever it may."""
    if change.kind != "machine":
        return problem
    added, operations = len(problem.machines) - 1, list(problem.operations)
    for number in problem.jobs[job].operations:
        seconds = operations[number].options.get(added)
        if seconds is not None:
            operations[number] = replace(operations[number], options={added: seconds})
    return replace(problem, operations=tuple(operations))


def _moved(before: Schedule, after: Schedule) -> int:
    """Operations (lots) on another machine, or starting more than an hour away."""
    was = {(row.operation, row.lot): row for row in before.assignments}
    return sum(
        (old := was.get((row.operation, row.lot))) is None
        or old.machine != row.machine
        or abs(old.start - row.start) > HOUR
        for row in after.assignments
    )
