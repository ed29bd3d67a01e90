"""The next attempt of a run that stumbled, or its stored error after the last one."""

from __future__ import annotations

import redis
from sqlalchemy.orm import Session

from models.settings import settings
from models.store import records as kept_records
from models.store import runs
from models.store.views import RunView
from models.tables.session import in_transaction, reading
from monitoring import metrics
from monitoring.logs import get
from tasks import counts, records
from tasks.base import database, inflight
from tasks.board import incumbents
from tasks.commands import send

log = get(__name__)

TRIES = 5
"""How often a failed task tries to end its attempt while the heartbeats of other tasks come between."""


def forget(run_id: str, attempt: int) -> None:
    """Drops the scratch of a run that has ended; where Redis is away it expires by itself."""
    try:
        inflight().drop(run_id)
        for number in range(1, attempt + 1):
            incumbents().drop(run_id, number)
    except redis.RedisError as error:
        log.warning("scratch_not_dropped", run_id=run_id, error=type(error).__name__)


def stumbled(run_id: str, attempt: int, error: BaseException) -> None:
    """A task of this attempt failed for good: starts the next attempt, or stores the error after the last."""
    for _ in range(TRIES):
        with reading(database()) as session:
            view = runs.get(session, run_id)
        if view is None or view.ended or view.attempt != attempt or restart(view, f"{type(error).__name__}: {error}"):
            return


def restart(view: RunView, why: str) -> bool:
    """Raises the attempt of a run and plans it again; after the last attempt stores ``why`` as its error.

    Fenced by attempt and version: of two that try at once, one wins and the other does nothing. False where the run has
    changed since ``view`` was read, be it by a heartbeat.
    """
    if view.attempt >= settings().max_attempts:
        error = {
            "type": "about:blank",
            "title": "No plan could be made",
            "detail": f"All {view.attempt} attempts failed. The last: {why}"[:1000],
            "attempts": view.attempt,
        }

        def store(session: Session) -> bool:
            won = runs.fail(session, view.id, view.attempt, error)
            if won:
                kept_records.keep(session, records.failed(view))
            return won

        stored = in_transaction(database(), store)
        if stored:
            counts.failed(view)
            log.error("run_failed", run_id=view.id, attempts=view.attempt, why=why)
            forget(view.id, view.attempt)
        return stored
    attempt = in_transaction(database(), lambda session: runs.resume(session, view.id, view.attempt, view.version))
    if attempt is not None:
        metrics.RESUMED.inc()
        log.warning("run_resumed", run_id=view.id, attempt=attempt, why=why)
        send("plan", view.id, attempt)
    return attempt is not None
