"""Which operations to free next: those of a few machines, around an operation that hurts, in one stretch of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from models.shop.problem import WHOLE_SHARE, FixedWork, Problem
from models.shop.schedule import Assignment, Schedule

HURTING_SHARE = 0.7
"""How often the neighbourhood starts from an operation of a costly late job or of the machine that ends last."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Operations to decide again, the jobs they belong to, and the machines that are disturbed."""

    operations: frozenset[int]
    jobs: tuple[int, ...]
    machines: frozenset[int]


def pick(problem: Problem, schedule: Schedule, size: int, random: Random) -> Neighbourhood | None:
    """At most ``size`` operations around one that hurts; None where nothing may be moved.

    Machines are added, the seed operation's own first and then those it could run on, the least loaded first, until
    there is enough to decide. Of a machine with more operations than that, those nearest to the seed in time are taken.
    """
    movable = [row for row in schedule.assignments if not row.fixed and row.share == WHOLE_SHARE]
    if not movable:
        return None
    seed = _seed(problem, schedule, movable, random)
    lines: dict[int, list[Assignment]] = defaultdict(list)
    for row in movable:
        lines[row.machine].append(row)
    chosen: list[Assignment] = []
    machines: set[int] = set()
    for machine in _machines(problem, seed, lines, random):
        line = lines.get(machine, [])
        if chosen and len(chosen) + len(line) > size:
            continue
        machines.add(machine)
        chosen += _nearest(line, seed, size)
        if len(chosen) >= size:
            break
    operations = frozenset(row.operation for row in chosen)
    jobs = tuple(sorted({problem.operations[number].job for number in operations}))
    return Neighbourhood(operations, jobs, frozenset(machines)) if len(operations) > 1 else None


def around(problem: Problem, schedule: Schedule, free: Neighbourhood) -> Problem:
    """The problem in which everything but the neighbourhood stands as the schedule has it.

    Only what can meet the freed operations is kept: work on machines they may run on, of operators that may attend
    them, and of their own jobs.
    """
    reachable = {machine for number in free.operations for machine in problem.operations[number].options}
    people = {
        who
        for number in free.operations
        if (skill := problem.operations[number].skill) is not None
        for who in problem.operators_by_skill[skill, problem.operations[number].skill_level]
    }
    jobs = set(free.jobs)
    pinned = tuple(
        FixedWork(row.operation, row.machine, row.start, row.lot, row.share, row.operator)
        for row in schedule.assignments
        if not row.fixed
        and row.operation not in free.operations
        and (row.machine in reachable or row.operator in people or problem.operations[row.operation].job in jobs)
    )
    return replace(problem, fixed=problem.fixed + pinned)


def _seed(problem: Problem, schedule: Schedule, movable: Sequence[Assignment], random: Random) -> Assignment:
    if random.random() > HURTING_SHARE:
        return random.choice(movable)
    costs = _costs(problem, schedule)
    late = [row for row in movable if costs.get(problem.operations[row.operation].job)]
    if late and random.random() < 0.8:
        return random.choices(late, [costs[problem.operations[row.operation].job] for row in late])[0]
    last = max(movable, key=lambda row: row.end)
    return random.choice([row for row in movable if row.machine == last.machine])


def _costs(problem: Problem, schedule: Schedule) -> Mapping[int, int]:
    """Weighted tardiness of each late job."""
    ends: dict[int, int] = {}
    for row in schedule.assignments:
        job = problem.operations[row.operation].job
        ends[job] = max(ends.get(job, row.end), row.end)
    costs = {}
    for job, end in ends.items():
        due = problem.jobs[job].due
        if due is not None and end > due:
            costs[job] = (end - due) * max(1, problem.jobs[job].weight)
    return costs


def _machines(
    problem: Problem, seed: Assignment, lines: Mapping[int, Sequence[Assignment]], random: Random
) -> list[int]:
    """The seed's machine, then the others it may run on by load (a little shuffled), then theirs."""
    others = [machine for machine in problem.operations[seed.operation].options if machine != seed.machine]
    load = {machine: sum(row.seconds for row in lines.get(machine, ())) for machine in others}
    others.sort(key=lambda machine: load[machine] * random.uniform(0.5, 1.5))
    return [seed.machine, *others]


def _nearest(line: Sequence[Assignment], seed: Assignment, size: int) -> list[Assignment]:
    if len(line) <= size:
        return list(line)
    return sorted(line, key=lambda row: abs(row.start - seed.start))[:size]
