"""Which operations to free next: around one that hurts, in one stretch of time, on machines that could swap work."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from random import Random

from models.shop.problem import MAX_TERMS, WHOLE_SHARE, Problem
from models.shop.schedule import Assignment, Schedule

HURTING_SHARE = 0.85
"""How often the neighbourhood starts from an operation of a costly late job, or one that the makespan waits for."""

KEPT_PER_FREE = 3
"""At most this many operations for each free one may move without changing place: what the free ones push and pull."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Operations to decide again, those that keep machine and order, and the machines that are claimed meanwhile."""

    free: frozenset[int]
    kept: frozenset[int]
    machines: frozenset[int]


class Plan:
    """A schedule with what is asked of it again and again."""

    def __init__(self, problem: Problem, schedule: Schedule) -> None:
        self.problem, self.schedule = problem, schedule
        self.movable = [row for row in schedule.assignments if not row.fixed and row.share == WHOLE_SHARE]
        self.rows = {row.operation: row for row in self.movable}

    @cached_property
    def lines(self) -> Mapping[int, Sequence[Assignment]]:
        """The movable operations on each machine, by start."""
        found: dict[int, list[Assignment]] = defaultdict(list)
        for row in self.movable:
            found[row.machine].append(row)
        return found

    @cached_property
    def costs(self) -> Mapping[int, int]:
        """Weighted tardiness of each late job that has something movable."""
        ends: dict[int, int] = {}
        for row in self.schedule.assignments:
            job = self.problem.operations[row.operation].job
            ends[job] = max(ends.get(job, row.end), row.end)
        found: dict[int, int] = {}
        for row in self.movable:
            facts = self.problem.jobs[self.problem.operations[row.operation].job]
            if facts.due is not None and ends[facts.index] > facts.due:
                found[facts.index] = (ends[facts.index] - facts.due) * max(1, facts.weight)
        return found

    def before(self, row: Assignment) -> Iterator[Assignment]:
        """What an operation may be waiting for: the one before it on its machine, and its predecessors."""
        line = self.lines[row.machine]
        at = bisect_left(line, row.start, key=lambda other: other.start)
        if at > 0:
            yield line[at - 1]
        for number in self.problem.operations[row.operation].predecessors:
            if number in self.rows:
                yield self.rows[number]

    def chain(self, row: Assignment) -> list[Assignment]:
        """The operation and those that it waited for, one after another back to the start of the plan."""
        found = [row]
        while len(found) < len(self.movable):
            last = max(self.before(found[-1]), key=lambda other: other.end, default=None)
            if last is None or last.end > found[-1].start:
                break
            found.append(last)
        return found


def pick(plan: Plan, level: int, size: int, random: Random) -> Chosen | None:
    """About ``size`` operations around one that hurts at an objective level; None where nothing may be moved."""
    if not plan.movable:
        return None
    seed = _seed(plan, level, random)
    free = {row.operation for row in random.choice(KINDS)(plan, seed, size, random)}
    if len(free) < 2:
        return None
    machines = frozenset(plan.rows[number].machine for number in free)
    return Chosen(frozenset(free), frozenset(_kept(plan, free, KEPT_PER_FREE * size)), machines)


def _seed(plan: Plan, level: int, random: Random) -> Assignment:
    if random.random() > HURTING_SHARE:
        return random.choice(plan.movable)
    terms = {term for term, coefficient in plan.problem.objective[level].items() if coefficient}
    if plan.costs and not terms <= {"makespan"}:
        jobs = list(plan.costs)
        job = random.choices(jobs, [plan.costs[job] ** 0.5 for job in jobs])[0]
        mine = [plan.rows[n] for n in plan.problem.jobs[job].operations if n in plan.rows]
        return random.choice(plan.chain(random.choice(mine))[:8])
    if terms & set(MAX_TERMS):
        return random.choice(plan.chain(max(plan.movable, key=lambda row: row.end)))
    return random.choice(plan.movable)


def _group(plan: Plan, seed: Assignment, size: int, random: Random) -> Iterable[Assignment]:
    """Operations near the seed in time on its machine and some that it could run on."""
    others = [machine for machine in plan.problem.operations[seed.operation].options if machine != seed.machine]
    machines = [seed.machine, *random.sample(others, min(len(others), 1 + size // 6))]
    rows = [row for machine in machines for row in plan.lines.get(machine, ())]
    return nsmallest(size, rows, key=lambda row: _distance(row, seed))


def _window(plan: Plan, seed: Assignment, size: int, random: Random) -> Iterable[Assignment]:
    """Operations near the seed in time on any machine."""
    return nsmallest(size, plan.movable, key=lambda row: _distance(row, seed) * random.uniform(0.7, 1.4))


def _job(plan: Plan, seed: Assignment, size: int, random: Random) -> Iterable[Assignment]:
    """The seed's job, what its operations waited for, and what runs meanwhile where they could run."""
    problem = plan.problem
    mine = [plan.rows[n] for n in problem.jobs[problem.operations[seed.operation].job].operations if n in plan.rows]
    found = {row.operation: row for row in mine}
    for row in mine:
        found.update((other.operation, other) for other in plan.chain(row)[: 1 + size // 4])
        near = [r for m in problem.operations[row.operation].options for r in plan.lines.get(m, ())]
        spread = max(2, size // len(mine))
        near = nsmallest(spread, near, key=lambda other: _distance(other, row) * random.uniform(0.5, 2))
        found.update((other.operation, other) for other in near)
    return list(found.values())[: 2 * size]


KINDS: tuple[Callable[[Plan, Assignment, int, Random], Iterable[Assignment]], ...] = (_group, _window, _job)


def _distance(row: Assignment, seed: Assignment) -> int:
    """Seconds between two operations, 0 where they overlap in time; of several such the nearer starts first."""
    apart = max(row.start - seed.end, seed.start - row.end, 0)
    return 1 + 4 * apart + abs(row.start - seed.start)


def _kept(plan: Plan, free: set[int], most: int) -> Iterable[int]:
    """What comes after free operations: on machines that they may run on, and in their jobs; the nearest in time."""
    problem = plan.problem
    first = min(plan.rows[number].start for number in free)
    machines = {machine for number in free for machine in problem.operations[number].options}
    near = {row.operation for m in machines for row in plan.lines.get(m, ()) if row.end > first}
    jobs = {problem.operations[number].job for number in free | near}
    near |= {n for job in jobs for n in problem.jobs[job].operations if n in plan.rows and plan.rows[n].end > first}
    return nsmallest(most, near - free, key=lambda number: plan.rows[number].start)
