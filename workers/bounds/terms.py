"""Lower bounds of the objective terms.

A bound holds for every plan that leaves out no job that can always be scheduled; jobs that might be left out (hard due
dates, ends of windows, open time that runs out) count in no bound but that of ``unscheduled``. Setups, operators at
work elsewhere and the machine time of fixed work are relaxed away.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.shop.alone import earliest_ends
from models.shop.calendar import Calendars
from models.shop.problem import TERMS, Problem
from workers.bounds.assignment import lp_end
from workers.bounds.capacity import Capacity
from workers.bounds.items import grain, impossible, safe_jobs, work_of
from workers.bounds.market import NEVER_DUE, Machines, Market, due_dates, market, refine
from workers.bounds.pool import Pool, completions, jackson, tardiness
from workers.bounds.work import Work

UNSCHEDULED = "unscheduled"
"""The term of the first level: the weight of unscheduled jobs, in thousandths."""

MOST_JOBS = 300
"""Parts of the shop with more jobs than this get no assignment bound on tardiness, which takes jobs squared."""

BOUND_SECONDS = 2.0
"""The default budget for linear and assignment programmes."""

MAKESPAN_SHARE = 0.5
"""At most this part of the budget goes to the makespan, the rest to sums over jobs."""


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
    work = work_of(problem, safe, ends)
    machines = {m: (calendars.machine(m), machine.capacity) for m, machine in enumerate(problem.machines)}
    groups = list(work.groups(by_job=False))
    due = np.array([NEVER_DUE if job.due is None else job.due for job in problem.jobs], np.int64)
    for rows, pool, proof in _resources(groups, machines):
        shortest = rows.shortest
        offer("makespan", jackson(pool, rows.head, shortest, rows.tail), proof)
        dated = due[rows.job] < NEVER_DUE
        if dated.any():
            tails = (rows.tail - due[rows.job])[dated]
            offer("max_tardiness", jackson(pool, rows.head[dated], shortest[dated], tails), proof)
    begun = time.monotonic()
    held: list[tuple[int, Capacity]] = []
    for group in groups:
        capacity = Capacity(group, machines)
        floor = max(1, best["makespan"].value, capacity.floor())
        offer("makespan", floor, "longest_job")
        floor = capacity.least(capacity.speeds(), floor)
        offer("makespan", floor, "machine_capacity")
        held.append((floor, capacity))
    for _, capacity in sorted(held, key=lambda row: -row[0]):
        end = lp_end(capacity, max(1, best["makespan"].value), begun + MAKESPAN_SHARE * seconds)
        offer("makespan", end, "assignment_lp")
    deadline = begun + seconds
    for term, (value, proof) in _sums(problem, done, work, machines, deadline).items():
        offer(term, value + (early if term == "total_flow_time" else 0), proof)
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


def _resources(groups: Iterable[Work], machines: Machines) -> Iterator[tuple[Work, Pool, str]]:
    """Each group with its machines pooled, and each machine with the work that can run nowhere else."""
    for group in groups:
        used = group.machines.tolist()
        if len(used) > 1:
            yield group, Pool(machines[machine] for machine in used), "pooled_machines"
        alone = np.diff(group.first, append=len(group.row)) == 1
        where = group.machine[group.first]
        for machine in np.unique(where[alone]).tolist():
            yield group.only(alone & (where == machine)), Pool([machines[machine]]), "one_machine"


def _sums(
    problem: Problem, done: Mapping[int, int], work: Work, machines: Machines, deadline: float
) -> dict[str, tuple[int, str]]:
    """Bounds on sums over jobs, part by part of the shop: the best of what queues, assignments and prices prove."""
    wanted = {term for level in problem.objective for term, coefficient in level.items() if coefficient}
    total = {"weighted_tardiness": 0, "total_tardiness": 0, "total_flow_time": 0}
    proofs: dict[str, set[str]] = {term: set() for term in total}
    without_work = dict(done)
    parts = sorted(work.groups(by_job=True), key=len)
    rows: list[tuple[dict[str, int], dict[str, int], dict[str, Market]]] = []
    for place, part in enumerate(parts):
        until = time.monotonic() + (deadline - time.monotonic()) * len(part) / sum(len(p) for p in parts[place:])
        earliest = {job: without_work.pop(job) for job in np.unique(part.job).tolist()}
        alone = _alone(problem, earliest)
        asked = [(term, market(problem, part, term, machines, until)) for term in total if term in wanted]
        queue = _queue(problem, part, alone, earliest, machines, until)
        rows.append((alone, queue, {term: one for term, one in asked if one is not None}))
    refine([one for _, _, priced in rows for one in priced.values()], deadline)
    for alone, queue, priced in rows:
        for term, value in queue.items():
            better = term in priced and priced[term].value > value
            total[term] += priced[term].value if better else value
            if better or value > alone[term]:
                proofs[term].add("time_indexed" if better else "pooled_machines")
    rest = _alone(problem, without_work)
    return {term: (value + rest[term], "+".join(sorted(proofs[term])) or "alone") for term, value in total.items()}


def _queue(
    problem: Problem,
    part: Work,
    alone: Mapping[str, int],
    earliest: Mapping[int, int],
    machines: Machines,
    deadline: float,
) -> dict[str, int]:
    """Bounds from when the k-th job can be done at the earliest: no sooner than all machines as one get so far."""
    jobs, row = np.unique(part.job, return_inverse=True)
    head = np.full(len(jobs), NEVER_DUE, np.int64)
    np.minimum.at(head, row, part.head)
    seconds = np.zeros(len(jobs), np.int64)
    np.add.at(seconds, row, part.shortest)
    ends = completions(Pool(machines[m] for m in part.machines.tolist()), head, seconds)
    soonest = np.fromiter(earliest.values(), np.int64, len(earliest))
    flow = int(np.maximum(ends, np.sort(soonest)).sum()) - sum(problem.jobs[job].release or 0 for job in earliest)
    due, weight = due_dates(problem, earliest)
    found = {"total_flow_time": flow}
    for term, factor in (("weighted_tardiness", weight), ("total_tardiness", np.minimum(weight, 1))):
        ready = len(jobs) <= MOST_JOBS and factor.any() and time.monotonic() < deadline
        better = tardiness(ends, soonest, due, factor) if ready else None
        found[term] = max(alone[term], better or 0)
    return found
