"""Lower bounds of the objective terms.

A bound holds for every plan that leaves out no job that can always be scheduled; jobs that might be left out (hard due
dates, ends of windows, open time that runs out) count in no bound but that of ``unscheduled``. Setups, operators at
work elsewhere and the machine time of fixed work are relaxed away.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.shop.alone import earliest_ends
from models.shop.calendar import Calendars, OpenTime
from models.shop.problem import TERMS, Problem
from workers.bounds.assignment import lp_end
from workers.bounds.items import grain, impossible, safe_jobs, work_items
from workers.bounds.relaxations import Capacity, Item, Pool, completions, jackson, tardiness

UNSCHEDULED = "unscheduled"
"""The term of the first level: the weight of unscheduled jobs, in thousandths."""

MOST_JOBS = 700
"""Parts of the shop with more jobs than this get no assignment bound on tardiness, which takes jobs squared."""

BOUND_SECONDS = 2.0
"""The default budget for linear and assignment programmes."""

NEVER_DUE = 1 << 40
"""Stands for a due date that nothing can miss."""

Machines = Mapping[int, tuple[OpenTime, int]]
"""Open time and capacity of each machine."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A lower bound: of a term in the units of ``Metrics``, of a level in level units; ``proved_by`` names the
    argument."""

    value: int
    proved_by: str


def lower_bounds(
    problem: Problem, calendars: Calendars | None = None, *, seconds: float = BOUND_SECONDS
) -> Mapping[str, Bound]:
    """A lower bound for every objective term, and for the term ``unscheduled``, in the units of ``Metrics``.

    ``seconds`` limits what is spent on linear and assignment programmes; the rest takes a few passes over the
    operations.
    """
    calendars = calendars or Calendars(problem)
    deadline = time.monotonic() + seconds
    ends = earliest_ends(problem, calendars)
    best = {term: Bound(0, "trivial") for term in (UNSCHEDULED, *TERMS)}

    def offer(term: str, value: int, proved_by: str) -> None:
        if value > best[term].value:
            best[term] = Bound(value, proved_by)

    offer(UNSCHEDULED, sum(job.weight for job in problem.jobs if impossible(problem, job, ends)), "alone")
    safe = safe_jobs(problem, calendars, ends)
    done = {job: max(ends[number] or 0 for number in problem.jobs[job].operations) for job in safe}
    offer("makespan", max(done.values(), default=0), "longest_job")
    early = _early_flow(problem, set(done), ends)
    alone = _alone(problem, done)
    best["total_flow_time"] = Bound(alone.pop("total_flow_time") + early, "alone")
    for term, value in alone.items():
        offer(term, value, "alone")
    items = work_items(problem, safe, ends)
    machines = {m: (calendars.machine(m), machine.capacity) for m, machine in enumerate(problem.machines)}
    dues = {job: due for job in safe if (due := problem.jobs[job].due) is not None}
    groups = list(_groups(items, by_job=False))
    for rows, pool, proof in _resources(groups, machines):
        offer("makespan", jackson(pool, ((item.head, item.shortest, item.tail) for item in rows)), proof)
        dated = [(item.head, item.shortest, item.tail - dues[item.job]) for item in rows if item.job in dues]
        if dated:
            offer("max_tardiness", jackson(pool, dated), proof)
    for term, value in _sums(problem, done, items, machines, deadline).items():
        offer(term, value + (early if term == "total_flow_time" else 0), "pooled_machines")
    for group in sorted(groups, key=len):
        capacity = Capacity(group, {m: machines[m] for m in {m for item in group for m in item.options}})
        floor = max(1, best["makespan"].value, capacity.floor())
        offer("makespan", floor, "longest_job")
        floor = capacity.least(capacity.speeds(), floor)
        offer("makespan", floor, "machine_capacity")
        offer("makespan", lp_end(capacity, floor, deadline), "assignment_lp")
    step = grain(problem)
    offer("makespan", -(-best["makespan"].value // step) * step, best["makespan"].proved_by)
    return best


def _alone(problem: Problem, done: Mapping[int, int]) -> dict[str, int]:
    """Bounds from every job alone in the shop: ``done`` maps job to its earliest completion."""
    jobs = [(problem.jobs[job], end) for job, end in done.items()]
    late = [(job.weight, end - job.due) for job, end in jobs if job.due is not None and end > job.due]
    return {
        "max_tardiness": max((seconds for _, seconds in late), default=0),
        "weighted_tardiness": sum(weight * seconds for weight, seconds in late),
        "total_tardiness": sum(seconds for _, seconds in late),
        "tardy_jobs": len(late),
        "weighted_tardy_jobs": sum(weight for weight, _ in late),
        "total_flow_time": sum(end - (job.release or 0) for job, end in jobs),
    }


def _early_flow(problem: Problem, safe: Collection[int], ends: Sequence[int | None]) -> int:
    """What jobs outside ``safe`` may take off the flow time, where fixed work or ``relax`` overrules their release."""
    total = 0
    for job in problem.jobs:
        if job.index not in safe:
            known = [end for number in job.operations if (end := ends[number]) is not None]
            total += min(0, min(known, default=0) - (job.release or 0))
    return total


def _groups(items: Sequence[Item], *, by_job: bool) -> Iterator[list[Item]]:
    """Items that share machines, directly or through others; ``by_job`` also keeps each job's items together."""
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(of: tuple[str, int]) -> tuple[str, int]:
        while parent.setdefault(of, of) != of:
            parent[of] = parent[parent[of]]
            of = parent[of]
        return of

    def nodes(item: Item) -> Iterator[tuple[str, int]]:
        yield from (("machine", machine) for machine in item.options)
        if by_job:
            yield ("job", item.job)

    for item in items:
        first, *rest = nodes(item)
        for other in rest:
            parent[root(other)] = root(first)
    groups: dict[tuple[str, int], list[Item]] = defaultdict(list)
    for item in items:
        groups[root(next(nodes(item)))].append(item)
    yield from groups.values()


def _resources(groups: Iterable[list[Item]], machines: Machines) -> Iterator[tuple[list[Item], Pool, str]]:
    """Each group with its machines pooled, and each machine with the items that can run nowhere else."""
    for group in groups:
        used = {machine for item in group for machine in item.options}
        if len(used) > 1:
            yield group, Pool(machines[machine] for machine in used), "pooled_machines"
        forced: dict[int, list[Item]] = defaultdict(list)
        for item in group:
            if len(item.options) == 1:
                forced[next(iter(item.options))].append(item)
        for machine, rows in forced.items():
            yield rows, Pool([machines[machine]]), "one_machine"


def _sums(
    problem: Problem, done: Mapping[int, int], items: Sequence[Item], machines: Machines, deadline: float
) -> dict[str, int]:
    """Bounds on sums over jobs: in every part of the shop the k-th completion is no earlier than the pool allows."""
    total = {"weighted_tardiness": 0, "total_tardiness": 0, "total_flow_time": 0}
    without_work = dict(done)
    for part in _groups(items, by_job=True):
        work: dict[int, tuple[int, int]] = {}
        for item in part:
            release, seconds = work.get(item.job, (item.head, 0))
            work[item.job] = (min(release, item.head), seconds + item.shortest)
        earliest = {job: without_work.pop(job) for job in work}
        ends = completions(Pool(machines[m] for m in {m for item in part for m in item.options}), work.values())
        flow = sum(map(max, ends, sorted(earliest.values())))
        total["total_flow_time"] += flow - sum(problem.jobs[job].release or 0 for job in work)
        alone = _alone(problem, earliest)
        for term in ("weighted_tardiness", "total_tardiness"):
            rows = [_tardiness_row(problem, job, end, weighted=term[0] == "w") for job, end in earliest.items()]
            small = len(rows) <= MOST_JOBS and time.monotonic() < deadline
            better = tardiness(ends, rows) if small and any(weight for *_, weight in rows) else None
            total[term] += max(alone[term], better or 0)
    rest = _alone(problem, without_work)
    return {term: value + rest[term] for term, value in total.items()}


def _tardiness_row(problem: Problem, job: int, end: int, *, weighted: bool) -> tuple[int, int, int]:
    """(earliest end, due date, weight) of a job for the assignment bound."""
    row = problem.jobs[job]
    if row.due is None:
        return end, NEVER_DUE, 0
    return end, row.due, row.weight if weighted else 1
