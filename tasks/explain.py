"""Works out why a plan is as it is: chains in the plan queue, conflicts, which take a search, in the solve queue."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache, wraps

from models.settings import settings
from models.shop.parse import load
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.result_reader import read_result
from models.shop.schedule import Schedule
from models.store import runs
from models.tables.session import reading
from monitoring.logs import get
from tasks.away import DATABASE_AWAY, REDIS_AWAY
from tasks.base import RunTask, database, explanations
from tasks.commands import send
from tasks.why import REMEDY
from workers.celery import app
from workers.explain import document
from workers.explain.plan import Plan

log = get(__name__)

CONFLICT_SECONDS = 10.0
"""What a search for conflicts may take."""

REMEDY_SECONDS = 10.0
"""What looking for a change that makes a job on time may take; the plan that verifies it comes on top."""

Work = Callable[[str, str | None], None]


def once(part: str) -> Callable[[Work], Work]:
    """A part of the work: ends with something kept, if only that it failed, and does not kill workers for ever."""

    def guarded(work: Work) -> Work:
        @wraps(work)
        def wrapper(run_id: str, job_id: str | None = None) -> None:
            kept = explanations()
            if kept.begun(run_id, job_id, part) > settings().max_attempts:
                log.error("explanation_kills_workers", run_id=run_id, part=part)
                kept.keep(run_id, job_id, "failed")
                return
            try:
                work(run_id, job_id)
            except (*DATABASE_AWAY, *REDIS_AWAY):
                raise
            except Exception:  # who asks must be told, whatever went wrong
                log.exception("explanation_failed", run_id=run_id, part=part)
                kept.keep(run_id, job_id, "failed")
            kept.ended(run_id, job_id, part)

        return wrapper

    return guarded


@app.task(base=RunTask, name="nightshift.explain")  # type: ignore[untyped-decorator]
@once("explain")
def explain(run_id: str, job_id: str | None = None) -> None:
    """Explains the late jobs of an ended run, or one job; what is left out is explained by ``conflicts`` next."""
    problem, schedule = _planned(run_id)
    index = _index(problem, job_id)
    if job_id is not None and index is None:
        explanations().keep(run_id, job_id, "unknown_job")
        return
    plan = Plan(problem, schedule)
    told = document.overview(plan) if index is None else document.of_job(plan, index)
    left_out = bool(told["unscheduled_jobs"])
    known = explanations().read(run_id, job_id)
    if known is not None and known.kind == "whole":
        return
    explanations().keep(run_id, job_id, "partial" if left_out else "whole", _packed(told))
    if left_out:
        send("conflicts", run_id, time_limit=CONFLICT_SECONDS + settings().hard_limit_seconds, job_id=job_id)


@app.task(base=RunTask, name="nightshift.conflicts")  # type: ignore[untyped-decorator]
@once("conflicts")
def conflicts(run_id: str, job_id: str | None = None) -> None:
    """Adds to an explanation which rules keep jobs out, and what dropping them would buy."""
    from workers.explain.conflicts import conflicts as searched  # noqa: PLC0415  only solve processes need it

    known = explanations().read(run_id, job_id)
    if known is None or known.kind != "partial":
        return  # it was forgotten, and is sent for again; or this came twice
    problem, schedule = _planned(run_id)
    index = _index(problem, job_id)
    found = searched(problem, schedule, CONFLICT_SECONDS, None if index is None else [index])
    told = json.loads(known.document) | {"conflicts": document.of_conflicts(problem, found)}
    explanations().keep(run_id, job_id, "whole", _packed(told))


@app.task(base=RunTask, name="nightshift.remedy")  # type: ignore[untyped-decorator]
@once("remedy")
def remedy(run_id: str, job_id: str | None = None) -> None:
    """Looks for the smallest single change with which a late job is on time. ``job_id`` follows REMEDY."""
    from workers.explain.remedy import remedy as searched  # noqa: PLC0415  only solve processes need it

    assert job_id is not None
    problem, schedule = _planned(run_id)
    index = _index(problem, job_id.removeprefix(REMEDY))
    if index is None:
        explanations().keep(run_id, job_id, "unknown_job")
        return
    plan = Plan(problem, schedule)
    late = any(one.job == index for one in plan.late()) or (
        index in plan.left_out and problem.jobs[index].due is not None
    )
    told = {"remedy": document.of_remedy(problem, searched(problem, schedule, index, REMEDY_SECONDS)) if late else None}
    explanations().keep(run_id, job_id, "whole", _packed(told))


@lru_cache(maxsize=1)
def _planned(run_id: str) -> tuple[Problem, Schedule]:
    """The relaxed problem of a run and the plan that it ended with. Raises LookupError where there is none."""
    with reading(database()) as session:
        body, result = runs.problem_body(session, run_id), runs.result(session, run_id)
    if result is None:
        raise LookupError(f"run {run_id} has no plan")
    problem = relaxed(load(body))
    return problem, read_result(problem, json.loads(result))[0]


def _index(problem: Problem, job_id: str | None) -> int | None:
    return next((job.index for job in problem.jobs if job.job_id == job_id), None)


def _packed(told: document.Document) -> bytes:
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
