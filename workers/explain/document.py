"""Explanations as documents: the form that the API and ``nightshift why --json`` answer with (docs/api.md).

Instants are in the plant's time zone, with offset; durations are hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from models.shop.objective import HOUR, LEVEL_UNIT
from models.shop.problem import Problem
from models.shop.result import objective_name
from models.shop.schedule import Assignment
from workers.engine import Levels
from workers.explain.chain import Chain, Link, chain
from workers.explain.plan import Late, Plan
from workers.explain.spent import Spent

if TYPE_CHECKING:
    from workers.explain.conflicts import Conflicts
    from workers.explain.remedy import Remedy

MOST_LATE = 100
"""Late jobs that are listed with what their time went into; the rest is only counted."""

DIGITS = 6
THOUSAND = 1000

Document = dict[str, Any]


def overview(plan: Plan, most: int = MOST_LATE) -> Document:
    """The costliest late jobs with sums over their chains, and the jobs left out."""
    late = plan.late()
    return {
        "asked": None,
        "late_total": len(late),
        "jobs": [_job(plan, one, chain(plan, one.job)) for one in late[:most]],
        "unscheduled_jobs": [_left_out(plan, job) for job in plan.left_out],
        "conflicts": None,
    }


def of_job(plan: Plan, job: int) -> Document:
    """One job, late or on time, with its whole chain; or a job left out."""
    asked = {"asked": plan.problem.jobs[job].job_id, "late_total": len(plan.late())}
    found: Document = {**asked, "jobs": [], "unscheduled_jobs": [], "conflicts": None}
    if job in plan.left_out:
        return found | {"unscheduled_jobs": [_left_out(plan, job)]}
    made = chain(plan, job)
    due = plan.problem.jobs[job].due
    over = 0 if due is None else max(0, made.completion - due)
    one = Late(job, made.completion, over, over * plan.problem.jobs[job].weight)
    return found | {"jobs": [_job(plan, one, made, links=True)]}


def of_conflicts(problem: Problem, found: Conflicts) -> Document:
    """What keeps jobs out, and what dropping rules buys."""

    def ids(jobs: Sequence[int]) -> list[str]:
        return [problem.jobs[job].job_id for job in jobs]

    return {
        "levels": _levels(problem, found.levels),
        "conflicts": [
            {
                "job_ids": ids(one.jobs),
                "rules": list(one.rules),
                "remedy": list(one.remedy),
                "alone": one.alone,
                "proof": one.proof,
                "smallest": one.smallest,
            }
            for one in found.conflicts
        ],
        "relaxations": [
            {"rules": list(one.rules), "schedules": ids(one.scheduled), "levels": _levels(problem, one.levels)}
            for one in found.relaxations
        ],
        "unasked": ids(found.unasked),
        "untried": [list(rules) for rules in found.untried],
        "seconds": round(found.seconds, 3),
    }


def of_remedy(problem: Problem, found: Remedy) -> Document:
    """The smallest change with which a job is on time, and what it does to the plan."""
    change = found.change
    after = found.after or found.before
    rows = zip(_levels(problem, found.before), _levels(problem, after[: len(found.before)]), strict=True)
    return {
        "change": None
        if change is None
        else {
            "kind": change.kind,
            "words": change.words,
            "scenario": None if change.scenario is None else dict(change.scenario),
        },
        "completion_time": None if found.completion is None else instant(problem, found.completion),
        "levels": [
            {"objective": old["objective"], "before": old["value"], "after": None if change is None else new["value"]}
            for old, new in rows
        ],
        "moved": found.moved,
        "tried": list(found.tried),
    }


def _left_out(plan: Plan, job: int) -> Document:
    entry = plan.left_out[job]
    return {"job_id": plan.problem.jobs[job].job_id, "reason": entry.reason, "detail": entry.detail}


def _job(plan: Plan, late: Late, made: Chain, *, links: bool = False) -> Document:
    job = plan.problem.jobs[late.job]
    own = [link for link in made.links if plan.problem.operations[link.work.operation].job == late.job]
    behind: dict[tuple[str, str], int] = {}
    for link in made.links:
        other = plan.problem.operations[link.work.operation].job
        if other != late.job:
            key = plan.problem.jobs[other].job_id, plan.problem.machines[link.work.machine].machine_id
            behind[key] = behind.get(key, 0) + link.run.get("processing", 0)
    return {
        "job_id": job.job_id,
        "due_date": None if job.due is None else instant(plan.problem, job.due),
        "completion_time": instant(plan.problem, late.completion),
        "tardiness": hours(late.tardiness),
        "weighted_tardiness": round(late.cost / THOUSAND / HOUR, DIGITS),
        "begin_time": instant(plan.problem, made.begin),
        "begins_with": made.links[0].why,
        "hours": _spent(made.spent),
        "own_processing": hours(sum(link.run.get("processing", 0) for link in own)),
        "behind": [
            {"job_id": other, "machine_id": machine, "hours": hours(seconds)}
            for (other, machine), seconds in sorted(behind.items(), key=lambda one: -one[1])
        ],
        "links": [_link(plan, link) for link in made.links] if links else None,
    }


def _link(plan: Plan, link: Link) -> Document:
    return {
        **_work(plan, link.work),
        "waits_for": link.why,
        "since": instant(plan.problem, link.since),
        "start_time": instant(plan.problem, link.work.start),
        "end_time": instant(plan.problem, link.work.end),
        "could_start": instant(plan.problem, link.could_start),
        "waited": _spent(link.wait),
        "ran": _spent(link.run),
    }


def _work(plan: Plan, work: Assignment) -> Document:
    problem = plan.problem
    operation = problem.operations[work.operation]
    return {
        "job_id": problem.jobs[operation.job].job_id,
        "operation_id": operation.operation_id,
        "lot": work.lot,
        "family_id": operation.family_id,
        "machine_id": problem.machines[work.machine].machine_id,
        "operator_id": None if work.operator is None else problem.operators[work.operator].operator_id,
        "fixed": work.fixed,
    }


def _levels(problem: Problem, levels: Levels) -> list[Document]:
    """First the weight of unscheduled jobs, then the objective's levels; hours or counts."""
    rows: list[Document] = [{"objective": "unscheduled", "value": levels[0] / THOUSAND}]
    for level, value in zip(problem.objective, levels[1:], strict=True):
        rows.append({"objective": objective_name(level), "value": round(value / LEVEL_UNIT, DIGITS)})
    return rows


def _spent(spent: Spent) -> Mapping[str, float]:
    return {kind: hours(seconds) for kind, seconds in spent.items()}


def hours(seconds: int) -> float:
    """Seconds as hours."""
    return round(seconds / HOUR, DIGITS)


def instant(problem: Problem, second: int) -> str:
    """A second as an instant in the plant's time zone."""
    return datetime.fromtimestamp(problem.epoch + second, problem.zone).isoformat()
