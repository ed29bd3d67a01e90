"""What CP-SAT is to plan of a batch: which operations are free, what stands, and which parts share no machine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from models.shop.calendar import Calendars
from models.shop.open_time import OpenTime
from models.shop.problem import Operation, Problem
from models.shop.schedule import Assignment
from models.shop.timeline import Timeline


@dataclass(frozen=True)
class Scope:
    """A batch as CP-SAT sees it.

    ``left_out`` are jobs with an operation that fits nowhere even when alone; ``jobs`` are the others. ``operations``
    are the unfixed operations of ``jobs``, predecessors first. ``standing`` is fixed work by machine, in order of its
    start, ``ends`` its end by operation. ``earliest`` is each operation's earliest start: by release, start_after and
    the earliest ends of its predecessors. ``people`` are the operators who may attend an operation with a skill,
    ``attended`` the stretches in which each operator attends what stands. All times in seconds.

    Of a neighbourhood (see repair.py): ``kept`` are operations by machine that stay there in this order; before
    ``origins`` a machine takes nothing, and then is set up for its family in ``origin_families``.
    """

    problem: Problem
    calendars: Calendars
    jobs: tuple[int, ...]
    left_out: tuple[int, ...]
    operations: tuple[Operation, ...]
    standing: Mapping[int, tuple[Assignment, ...]]
    ends: Mapping[int, int]
    earliest: Mapping[int, int]
    people: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    attended: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    kept: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    origins: Mapping[int, int] = field(default_factory=dict)
    origin_families: Mapping[int, str | None] = field(default_factory=dict)

    def open_times(self, operations: Iterable[Operation]) -> list[OpenTime]:
        """Every open time in which one of the operations may go on, or an operator or machine is used."""
        found: dict[int, OpenTime] = {}
        for operation in operations:
            people = self.people.get(operation.number, ())
            for machine in operation.options:
                for opened in [self.calendars.machine(machine), *(self.calendars.both(machine, o) for o in people)]:
                    found[id(opened)] = opened
            for operator in people:
                opened = self.calendars.operator(operator)
                found[id(opened)] = opened
        return list(found.values())

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
    attended: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for assignment in Timeline(problem, calendars).fixed:
        standing[assignment.machine].append(assignment)
        ends[assignment.operation] = max(assignment.end, ends.get(assignment.operation, assignment.end))
        if assignment.operator is not None:
            attended[assignment.operator].append((assignment.start, assignment.end))
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
    people = {o.number: able(problem, o) for o in operations if o.skill is not None}
    return Scope(
        problem, calendars, tuple(kept), tuple(left_out), tuple(operations), rows, ends, earliest, people, attended
    )


def able(problem: Problem, operation: Operation) -> tuple[int, ...]:
    """The operators who may attend an operation; none for one without a skill."""
    return () if operation.skill is None else problem.operators_by_skill[operation.skill, operation.skill_level]


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
        people: Sequence[int | None] = (None,) if operation.skill is None else able(problem, operation)
        found = []
        for machine, seconds in operation.options.items():
            for opened in {id(row): row for row in (calendars.both(machine, who) for who in people)}.values():
                end = alone(operation, opened, seconds, start)
                if end is not None:
                    found.append(end)
        if not found:
            return None
        starts[operation.number] = start
        earliest_ends[operation.number] = min(found)
    return starts


def alone(operation: Operation, opened: OpenTime, seconds: int, start: int) -> int | None:
    """When the operation could end in some open time with nothing else there; None where it fits nowhere."""
    if operation.interruptible:
        return opened.finish(start, seconds)
    fitting = opened.fit(start, seconds)
    return None if fitting is None else fitting + seconds


@dataclass(frozen=True, slots=True)
class Part:
    """Jobs whose free operations share machines and operators with no other part. May hold fixed jobs alone."""

    jobs: tuple[int, ...]
    operations: tuple[Operation, ...]

    @property
    def routed(self) -> bool:
        """Whether some free operation follows another one."""
        free = {operation.number for operation in self.operations}
        return any(not free.isdisjoint(operation.predecessors) for operation in self.operations)

    @property
    def options(self) -> int:
        """Pairs of operation and machine to choose from."""
        return sum(len(operation.options) for operation in self.operations)


def parts(scope: Scope) -> tuple[Part, ...]:
    """The parts of a batch, smallest first. Jobs without free operations make up a part of their own."""
    owner: dict[int, int] = {}

    def root(node: int) -> int:
        while owner.setdefault(node, node) != node:
            owner[node] = owner[owner[node]]
            node = owner[node]
        return node

    users = Counter(who for people in scope.people.values() for who in people)
    scarce = {
        who
        for who, count in users.items()
        if count + len(scope.attended.get(who, ())) > scope.problem.operators[who].capacity
    }
    free: dict[int, list[Operation]] = defaultdict(list)
    for operation in scope.operations:
        free[operation.job].append(operation)
        for machine in operation.options:
            owner[root(machine)] = root(-1 - operation.job)
        for who in scope.people.get(operation.number, ()):
            if who in scarce:
                owner[root(len(scope.problem.machines) + who)] = root(-1 - operation.job)
    grouped: dict[int | None, list[int]] = defaultdict(list)
    for job in scope.jobs:
        grouped[root(-1 - job) if job in free else None].append(job)
    found = [Part(tuple(row), tuple(o for job in row for o in free.get(job, ()))) for row in grouped.values()]
    return tuple(sorted(found, key=lambda part: (len(part.operations), part.jobs)))
