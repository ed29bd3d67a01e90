"""What people ask for: submit a problem, cancel a run. Committed first, sent second; the commit is the promise."""

from __future__ import annotations

import kombu.exceptions
import redis

from models.shop.canonical import digest
from models.shop.problem import Problem
from models.store import audit, runs
from models.store.views import RunSummary, RunView
from models.tables.session import transaction
from monitoring import metrics
from monitoring.logs import get
from tasks.base import database, inflight
from workers.celery import app

log = get(__name__)

BROKER_AWAY = (kombu.exceptions.OperationalError, redis.RedisError, OSError)


def send(name: str, *args: object, time_limit: float | None = None) -> bool:
    """Sends a task by name. False, with a log line, where the broker is away: the sweep sends it again later."""
    try:
        app.send_task(f"nightshift.{name}", args=args, time_limit=time_limit)
    except BROKER_AWAY as error:
        log.warning("broker_away", task=name, error=type(error).__name__)
        return False
    return True


def submit(body: bytes, problem: Problem, key_id: str | None) -> str:
    """Stores a checked request, commits, and sends it on its way; returns the run's id.

    ``body`` is the request as it came, ``problem`` what it was parsed to. Raises SQLAlchemy's DBAPIError where the
    database is away: then nothing was accepted. A broker that is away is no error: the sweep finds what was not sent.
    """
    options = problem.options
    summary = RunSummary(
        plant=problem.plant,
        request_id=problem.request_id,
        jobs=len(problem.jobs),
        operations=len(problem.operations),
        engine=options.engine,
        seconds=options.seconds,
    )
    with transaction(database()) as session:
        run_id = runs.submit(session, body=body, digest=digest(problem), summary=summary, key_id=key_id)
    metrics.SUBMISSIONS.labels(options.engine).inc()
    log.info("accepted", run_id=run_id, jobs=summary.jobs, operations=summary.operations, engine=options.engine)
    send("plan", run_id, 1)
    return run_id


def cancel(run_id: str, key_id: str | None = None) -> RunView | None:
    """Asks a run to stop and keep its best plan. None for an unknown id; a run that has ended is returned as it is."""
    with transaction(database()) as session:
        view = runs.request_cancel(session, run_id, actor=key_id or audit.SYSTEM)
    if view is None or view.ended:
        return view
    try:
        scratch = inflight()
        scratch.cancel(run_id)
        busy = any(batch.state == "started" for batch in scratch.batch_states(run_id, view.attempt).values())
    except redis.RedisError as error:
        log.warning("cancel_flag_not_set", run_id=run_id, error=type(error).__name__)
        busy = True  # running batches read the database's flag with their next heartbeat
    if not busy:
        send("finish", run_id, view.attempt)
    return view
