"""What CP-SAT is to plan of a batch: which operations are free, what stands, and which parts share no machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from models.shop.calendar import Calendars
from models.shop.problem import Operation, Problem
from models.shop.schedule import Assignment
from models.shop.timeline import Timeline


@dataclass(frozen=True)
class Scope:
    """A batch as CP-SAT sees it.

    ``left_out`` are jobs with an operation that fits nowhere even when alone; ``jobs`` are the others. ``operations``
    are the unfixed operations of ``jobs``, predecessors first. ``standing`` is fixed work by machine, in order of its
    start, ``ends`` its end by operation. ``earliest`` is each operation's earliest start: by release, start_after and
    the earliest ends of its predecessors. All times in seconds.
    """

    problem: Problem
    calendars: Calendars
    jobs: tuple[int, ...]
    left_out: tuple[int, ...]
    operations: tuple[Operation, ...]
    standing: Mapping[int, tuple[Assignment, ...]]
    ends: Mapping[int, int]
    earliest: Mapping[int, int]

    @cached_property
    def has_setups(self) -> frozenset[int]:
        """Machines on which some setup between free or fixed operations takes time."""
        problem = self.problem
        families: dict[int, set[str | None]] = defaultdict(set)
        for operation in self.operations:
            for machine in operation.options:
                families[machine].add(operation.family_id)
        found = set()
        for machine, free in families.items():
            fixed = {problem.operations[a.operation].family_id for a in self.standing.get(machine, ())}
            every = free | fixed | {problem.machines[machine].initial_family}
            if any(problem.setup_seconds(machine, f, g) for f in every for g in every):
                found.add(machine)
        return frozenset(found)


def scope(problem: Problem, jobs: Sequence[int], calendars: Calendars) -> Scope:
    """The scope of a batch."""
    standing: dict[int, list[Assignment]] = defaultdict(list)
    ends: dict[int, int] = {}
    for assignment in Timeline(problem, calendars).fixed:
        standing[assignment.machine].append(assignment)
        ends[assignment.operation] = max(assignment.end, ends.get(assignment.operation, assignment.end))
    kept, left_out = [], []
    operations: list[Operation] = []
    earliest: dict[int, int] = {}
    for job in jobs:
        starts = earliest_starts(problem, job, ends, calendars)
        if starts is None:
            left_out.append(job)
            continue
        kept.append(job)
        earliest.update(starts)
        operations += [operation for operation in in_order(problem, job) if operation.number in starts]
    rows = {machine: tuple(sorted(row, key=lambda a: (a.start, a.end))) for machine, row in standing.items()}
    return Scope(problem, calendars, tuple(kept), tuple(left_out), tuple(operations), rows, ends, earliest)


def in_order(problem: Problem, job: int) -> Iterator[Operation]:
    """The job's operations, predecessors first."""
    waiting = [problem.operations[number] for number in problem.jobs[job].operations]
    done: set[int] = set()
    while waiting:
        ready = [operation for operation in waiting if done.issuperset(operation.predecessors)]
        yield from ready
        done.update(operation.number for operation in ready)
        waiting = [operation for operation in waiting if operation.number not in done]


def earliest_starts(problem: Problem, job: int, ends: Mapping[int, int], calendars: Calendars) -> dict[int, int] | None:
    """Earliest start of each unfixed operation of a job alone in the shop, None where one of them fits nowhere."""
    starts: dict[int, int] = {}
    earliest_ends = dict(ends)
    for operation in in_order(problem, job):
        if operation.number in ends:
            continue
        start = max(problem.jobs[job].earliest, operation.start_after or 0, 0)
        for before in operation.predecessors:
            start = max(start, earliest_ends[before] + operation.min_delay)
        found = [
            end for m, s in operation.options.items() if (end := alone(operation, m, s, start, calendars)) is not None
        ]
        if not found:
            return None
        starts[operation.number] = start
        earliest_ends[operation.number] = min(found)
    return starts


def alone(operation: Operation, machine: int, seconds: int, start: int, calendars: Calendars) -> int | None:
    """When the operation could end on a machine with nothing else on it; None where it fits nowhere."""
    opened = calendars.machine(machine)
    if operation.interruptible:
        return opened.finish(start, seconds)
    fitting = opened.fit(start, seconds)
    return None if fitting is None else fitting + seconds


@dataclass(frozen=True, slots=True)
class Part:
    """Jobs whose free operations share machines among them, and with no other part. May hold fixed jobs alone."""

    jobs: tuple[int, ...]
    operations: tuple[Operation, ...]


def parts(scope: Scope) -> tuple[Part, ...]:
    """The parts of a batch, smallest first. Jobs without free operations make up a part of their own."""
    owner: dict[int, int] = {}

    def root(node: int) -> int:
        while owner.setdefault(node, node) != node:
            owner[node] = owner[owner[node]]
            node = owner[node]
        return node

    free: dict[int, list[Operation]] = defaultdict(list)
    for operation in scope.operations:
        free[operation.job].append(operation)
        for machine in operation.options:
            owner[root(machine)] = root(-1 - operation.job)
    grouped: dict[int | None, list[int]] = defaultdict(list)
    for job in scope.jobs:
        grouped[root(-1 - job) if job in free else None].append(job)
    found = [Part(tuple(row), tuple(o for job in row for o in free.get(job, ()))) for row in grouped.values()]
    return tuple(sorted(found, key=lambda part: (len(part.operations), part.jobs)))
