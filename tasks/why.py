"""What is asked of a plan: an explanation that has been worked out, or that a worker is sent for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import redis

from models.explanations import Explanation
from models.settings import settings
from models.store import mentions, runs
from models.store.views import RunView
from models.tables.session import reading
from monitoring import metrics
from monitoring.logs import get
from tasks.base import database, explanations
from tasks.commands import send

log = get(__name__)

ASK_SECONDS = 60
"""An explanation that has not come this long after it was sent for is sent for again."""


REMEDY = "\x00remedy:"
"""Before a job's id: its remedy, not its explanation. No id holds control characters."""

REMEDY_LIMIT_SECONDS = 60.0


class RedisAway(Exception):
    """Redis does not answer: nothing can be sent for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A run and the explanation of its plan: None where there is no plan, or none has been worked out yet."""

    view: RunView
    has_plan: bool
    explanation: Explanation | None = None


def why(run_id: str, job_id: str | None) -> Answer | None:
    """The explanation of a run's plan, or of one job in it; None for an unknown run.

    Nothing is worked out here: a worker is sent for what is not there yet. Raises RedisAway.
    """
    with reading(database()) as session:
        view = runs.get(session, run_id)
        if view is None:
            return None
        has_plan = view.ended and runs.has_result(session, run_id)
    if not has_plan:
        return Answer(view, has_plan)
    if job_id is not None and _unknown(run_id, job_id):
        return Answer(view, has_plan, Explanation("unknown_job", b""))
    return Answer(view, has_plan, _kept(run_id, job_id, "explain"))


@lru_cache(maxsize=512)
def _unknown(run_id: str, job_id: str) -> bool:
    """Whether a run's problem, which never changes, does not name such a job at all."""
    with reading(database()) as session:
        return bool(mentions.unmentioned(session, run_id, [job_id]))


def remedy(run_id: str, job_id: str) -> Explanation | None:
    """What was found to make a job of an ended run on time; None while a worker looks for it. Raises RedisAway."""
    limit = REMEDY_LIMIT_SECONDS + settings().hard_limit_seconds
    return _kept(run_id, REMEDY + job_id, "remedy", time_limit=limit)


def _kept(run_id: str, job_id: str | None, task: str, time_limit: float | None = None) -> Explanation | None:
    """What is kept; a worker is sent for what is not there yet, or not all of it."""
    try:
        kept = explanations()
        found = kept.read(run_id, job_id)
        metrics.cache_request("explanation", hit=found is not None)
        if (found is None or found.kind == "partial") and kept.ask(run_id, job_id, ASK_SECONDS):
            send(task, run_id, time_limit=time_limit, job_id=job_id)
    except redis.RedisError as error:
        log.warning("explanation_unknown", error=type(error).__name__)
        raise RedisAway from error
    return found
