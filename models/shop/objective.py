"""What a schedule is worth: its metrics as exact integers, and the objective levels by which plans are compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from models.shop.calendar import Calendars
from models.shop.problem import COUNT_TERMS, TERMS, WEIGHTED_TERMS, WHOLE_SHARE, Problem
from models.shop.schedule import Assignment, Schedule

HOUR = 3600
LEVEL_UNIT = 1_000_000 * HOUR
"""A level's integers are millionths of a second: this many make an hour, and one count weighs as much as an hour."""

CHANGE_TOLERANCE = 3600
"""An operation that starts this many seconds or fewer from its reference has not moved."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every objective term and rate of a schedule. Times in seconds; terms that carry weights in thousandths.

    ``unscheduled_weight`` (thousandths) is what the jobs left out weigh; they count in ``completion_rate`` and in no
    other metric. Rates run from 0 to 1; ``on_time_rate`` is None where no scheduled job has a due date.
    """

    makespan: int
    weighted_tardiness: int
    total_tardiness: int
    max_tardiness: int
    tardy_jobs: int
    weighted_tardy_jobs: int
    total_flow_time: int
    setup_time: int
    changes: int
    unscheduled_weight: int
    completion_rate: float
    machine_utilisation: float
    on_time_rate: float | None


def evaluate(
    problem: Problem, schedule: Schedule, jobs: Collection[int] | None = None, calendars: Calendars | None = None
) -> tuple[int, ...]:
    """The levels of a schedule: ``measure``, then ``levels``."""
    return levels(problem, measure(problem, schedule, jobs, calendars))


def levels(problem: Problem, metrics: Metrics) -> tuple[int, ...]:
    """The unscheduled weight in thousandths, then each level in units of which LEVEL_UNIT make an hour or a count.

    Plans are compared by these, the smaller tuple is the better plan.
    """
    return (
        metrics.unscheduled_weight,
        *(sum(factor * _amount(metrics, term) for term, factor in level.items()) for level in problem.objective),
    )


def measure(
    problem: Problem, schedule: Schedule, jobs: Collection[int] | None = None, calendars: Calendars | None = None
) -> Metrics:
    """The metrics of a schedule over ``jobs`` (all if None), as docs/problem.md defines them.

    A job counts as scheduled where all of its operations are there and it is not told to be left out.
    """
    considered = range(len(problem.jobs)) if jobs is None else sorted(set(jobs))
    ends = _completions(problem, schedule, considered)
    counted = _counted(problem, schedule, ends)
    makespan = max(0, max(ends.values(), default=0))
    with_due = tardy = total = worst = weighted = weighted_tardy = flow = 0
    for number, end in ends.items():
        job = problem.jobs[number]
        flow += end - (job.release or 0)
        if job.due is None:
            continue
        with_due += 1
        late = end - job.due
        if late > 0:
            tardy += 1
            total += late
            worst = max(worst, late)
            weighted += job.weight * late
            weighted_tardy += job.weight
    return Metrics(
        makespan=makespan,
        weighted_tardiness=weighted,
        total_tardiness=total,
        max_tardiness=worst,
        tardy_jobs=tardy,
        weighted_tardy_jobs=weighted_tardy,
        total_flow_time=flow,
        setup_time=sum(a.setup_seconds for a in counted),
        changes=_changes(problem, counted),
        unscheduled_weight=sum(problem.jobs[number].weight for number in considered if number not in ends),
        completion_rate=len(ends) / len(considered) if considered else 1.0,
        machine_utilisation=_utilisation(problem, counted, makespan, calendars),
        on_time_rate=(with_due - tardy) / with_due if with_due else None,
    )


def as_document(metrics: Metrics) -> dict[str, float | None]:
    """The metrics as a result states them: hours, counts and rates."""
    document: dict[str, float | None] = {}
    for term in TERMS:
        unit = (1 if term in COUNT_TERMS else HOUR) * (1000 if term in WEIGHTED_TERMS else 1)
        amount = getattr(metrics, term)
        document[term] = amount if unit == 1 else amount / unit
    return document | {
        "completion_rate": metrics.completion_rate,
        "machine_utilisation": metrics.machine_utilisation,
        "on_time_rate": metrics.on_time_rate,
    }


def _amount(metrics: Metrics, term: str) -> int:
    """A term in thousandths of seconds, a count as so many hours."""
    amount: int = getattr(metrics, term)
    return amount * (1 if term in WEIGHTED_TERMS else 1000) * (HOUR if term in COUNT_TERMS else 1)


def _completions(problem: Problem, schedule: Schedule, considered: Collection[int]) -> dict[int, int]:
    """When each scheduled job among ``considered`` is complete."""
    operations = problem.operations
    shares = [0] * len(operations)
    ends: dict[int, int] = {}
    for a in schedule.assignments:
        number, end = a.operation, a.end
        job = operations[number].job
        shares[number] += a.share
        if end > ends.get(job, end - 1):
            ends[job] = end
    missing = {entry.job for entry in schedule.unscheduled}
    missing.update(operations[number].job for number, share in enumerate(shares) if share < WHOLE_SHARE)
    return {job: ends[job] for job in considered if job in ends and job not in missing}


def _counted(problem: Problem, schedule: Schedule, ends: Mapping[int, int]) -> Sequence[Assignment]:
    """The work of the jobs that count: all of it where they are all jobs there are."""
    if len(ends) == len(problem.jobs):
        return schedule.assignments
    operations = problem.operations
    return [a for a in schedule.assignments if operations[a.operation].job in ends]


def _changes(problem: Problem, counted: Collection[Assignment]) -> int:
    """Operations on another machine than in the reference, cut otherwise, or starting too far away from it."""
    if not problem.reference:
        return 0
    before: dict[int, dict[int, tuple[int, int]]] = {}
    for work in problem.reference:
        before.setdefault(work.operation, {})[work.lot] = (work.machine, work.start)
    now: dict[int, dict[int, tuple[int, int]]] = {}
    for a in counted:
        if a.operation in before:
            now.setdefault(a.operation, {})[a.lot] = (a.machine, a.start)
    return sum(_moved(before[number], lots) for number, lots in now.items())


def _moved(before: Mapping[int, tuple[int, int]], now: Mapping[int, tuple[int, int]]) -> bool:
    if before.keys() != now.keys():
        return True
    return any(
        machine != now[lot][0] or abs(start - now[lot][1]) > CHANGE_TOLERANCE
        for lot, (machine, start) in before.items()
    )


def _utilisation(
    problem: Problem, counted: Collection[Assignment], makespan: int, calendars: Calendars | None
) -> float:
    """Processing after second zero over what the machines could do until the makespan.

    Fixed work that overlaps against the rules may be more than that; it counts as 1.
    """
    calendars = calendars or Calendars(problem)
    available = sum(
        machine.capacity * calendars.machine(number).between(0, makespan)
        for number, machine in enumerate(problem.machines)
    )
    return min(1.0, sum(a.seconds for a in counted) / available) if available else 0.0
