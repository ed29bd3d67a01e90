"""A schedule's metrics, recomputed by docs/problem.md: hours, counts and rates as a result states them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.shop.problem import ReferenceWork
from models.shop.schedule import Assignment
from models.shop.validator.facts import Facts
from models.shop.validator.intervals import clip, length
from models.shop.validator.setups import setups

HOUR = 3600
RELATIVE = 1e-6
ABSOLUTE = 1e-9


def recompute(facts: Facts) -> dict[str, float | None]:
    """Every metric of the schedule. Jobs left out count only in the rate of completion."""
    operations = facts.problem.operations
    counted = [a for a in facts.assignments if operations[a.operation].job not in facts.left_out]
    makespan = max((a.end for a in counted), default=0)
    makespan = max(0, makespan)
    return {
        "makespan": makespan / HOUR,
        **_due_dates(facts, _completions(facts, counted)),
        "setup_time": _setup_time(facts) / HOUR,
        "changes": float(_changes(facts, counted)),
        "machine_utilisation": _utilisation(facts, counted, makespan),
    }


def check_metrics(facts: Facts, stated: Mapping[str, float | None], metrics: Mapping[str, float | None]) -> None:
    """The metrics as stated equal the recomputed ones, to a millionth."""
    for name in sorted(stated.keys() | metrics.keys()):
        if name not in stated or name not in metrics:
            where = "not stated" if name in metrics else "stated but is none of the metrics"
            facts.ledger.report("metrics", f"{name} is {where}.")
        elif not _equal(stated[name], metrics[name]):
            facts.ledger.report("metrics", f"{name} is stated as {stated[name]}, it is {metrics[name]}.")


def _equal(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return abs(left - right) <= ABSOLUTE + RELATIVE * max(abs(left), abs(right))


def _completions(facts: Facts, counted: Sequence[Assignment]) -> dict[int, int]:
    """When each scheduled job is completed: the end of its last operation."""
    ends: dict[int, int] = {}
    operations = facts.problem.operations
    for a in counted:
        job = operations[a.operation].job
        ends[job] = max(ends.get(job, a.end), a.end)
    return ends


def _due_dates(facts: Facts, completions: Mapping[int, int]) -> dict[str, float | None]:
    tardiness = weighted = longest = late = weighted_late = flow = 0
    for number, end in completions.items():
        job = facts.problem.jobs[number]
        flow += end - (job.release if job.release is not None else 0)
        if job.due is not None and end > job.due:
            tardiness += end - job.due
            weighted += job.weight * (end - job.due)
            longest = max(longest, end - job.due)
            late += 1
            weighted_late += job.weight
    jobs = facts.problem.jobs
    due = sum(1 for number in completions if jobs[number].due is not None)
    return {
        "weighted_tardiness": weighted / (1000 * HOUR),
        "total_tardiness": tardiness / HOUR,
        "max_tardiness": longest / HOUR,
        "tardy_jobs": float(late),
        "weighted_tardy_jobs": weighted_late / 1000,
        "total_flow_time": flow / HOUR,
        "completion_rate": 1 - len(facts.left_out) / len(jobs) if jobs else 1.0,
        "on_time_rate": (due - late) / due if due else None,
    }


def _setup_time(facts: Facts) -> int:
    """Seconds of the setups that work of scheduled jobs needs, also where fixed work leaves no room for them."""
    return sum(s.seconds for s in setups(facts) if s.seconds and facts.job(s.work).index not in facts.left_out)


def _changes(facts: Facts, counted: Sequence[Assignment]) -> int:
    """Operations of the reference that are cut otherwise, on another machine or more than an hour away from it."""
    if not facts.problem.reference:
        return 0
    reference: dict[int, dict[int, ReferenceWork]] = {}
    for entry in facts.problem.reference:
        reference.setdefault(entry.operation, {})[entry.lot] = entry
    changed = set()
    now: dict[int, set[int]] = {}
    for a in counted:
        before = reference.get(a.operation)
        if before is None:
            continue
        now.setdefault(a.operation, set()).add(a.lot)
        entry_before = before.get(a.lot)
        if entry_before is None or a.machine != entry_before.machine or abs(a.start - entry_before.start) > HOUR:
            changed.add(a.operation)
    return len(changed | {number for number, lots in now.items() if lots != reference[number].keys()})


def _utilisation(facts: Facts, counted: Sequence[Assignment], makespan: int) -> float:
    """Processing over what the machines could do until the makespan; conflicts of fixed work do not lift it above 1."""
    available = sum(
        machine.capacity * length(clip(facts.open_times.machine(number), 0, makespan))
        for number, machine in enumerate(facts.problem.machines)
    )
    closer = {(a.operation, a.lot) for a in facts.doubtful}
    worked = sum(facts.processing(a) if (a.operation, a.lot) in closer else a.seconds for a in counted)
    return min(1.0, worked / available) if available else 0.0
