"""What people ask for: submit a problem, cancel a run. Committed first, sent second; the commit is the promise."""

from __future__ import annotations

from dataclasses import replace

import kombu.exceptions
import redis
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.shop.problem import Problem
from models.store import audit, idempotency, runs
from models.store.idempotency import Claim
from models.store.views import RunView
from models.tables.session import in_transaction, reading
from monitoring import metrics
from monitoring.logs import get
from tasks.base import database, inflight
from tasks.checked import Checked, checked
from tasks.watch import nobody_busy
from workers.celery import app

log = get(__name__)

BROKER_AWAY = (kombu.exceptions.OperationalError, redis.RedisError, OSError)


def send(name: str, *args: object, time_limit: float | None = None, **named: object) -> bool:
    """Sends a task by name. False, with a log line, where the broker is away: the sweep sends it again later."""
    try:
        app.send_task(f"nightshift.{name}", args=args, kwargs=named, time_limit=time_limit)
    except BROKER_AWAY as error:
        log.warning("broker_away", task=name, error=type(error).__name__)
        return False
    except Exception:
        # what a client raises in the moment its server dies is not all written down; what was committed is accepted
        log.exception("send_failed", task=name)
        return False
    return True


class KeyReused(Exception):
    """An idempotency key came again, with another request than the first time."""


def submit(
    body: bytes,
    problem: Problem | Checked,
    key_id: str | None,
    *,
    first_plan: bool = False,
    claim: Claim | None = None,
) -> str:
    """Stores a checked request, commits, and sends it on its way; returns the run's id.

    ``body`` is the request as it came, ``problem`` what it was parsed to. ``first_plan`` ends the run with its first
    checked plan. With a ``claim`` only its first request makes a run: equal ones that come again, even at the same
    moment, get the id of that run, others raise KeyReused. Raises SQLAlchemy's DBAPIError where the database is away:
    then nothing was accepted. A broker that is away is no error: the sweep finds what was not sent.
    """
    accepted = problem if isinstance(problem, Checked) else checked(problem)
    summary = replace(accepted.summary, first_plan=first_plan)

    def store(session: Session) -> str:
        run_id = runs.submit(session, body=body, digest=accepted.digest, summary=summary, key_id=key_id)
        if claim is not None:
            idempotency.keep(session, claim, run_id)
        return run_id

    try:
        run_id = in_transaction(database(), store)
    except IntegrityError:
        earlier = None if claim is None else submitted(claim)
        if earlier is None:
            raise
        return earlier
    metrics.SUBMISSIONS.labels(summary.engine).inc()
    log.info("accepted", run_id=run_id, jobs=summary.jobs, operations=summary.operations, engine=summary.engine)
    send("plan", run_id, 1)
    return run_id


def submitted(claim: Claim) -> str | None:
    """The run that an idempotency key has already made; None where it is new.

    Raises KeyReused where it was made by another request.
    """
    with reading(database()) as session:
        found = idempotency.find(session, claim.key_id, claim.name)
    if found is None:
        return None
    if found.fingerprint != claim.fingerprint:
        raise KeyReused(claim.name)
    return found.run_id


def cancel(run_id: str, key_id: str | None = None) -> RunView | None:
    """Asks a run to stop and keep its best plan. None for an unknown id; a run that has ended is returned as it is."""
    actor = key_id or audit.SYSTEM
    view = in_transaction(database(), lambda session: runs.request_cancel(session, run_id, actor=actor))
    if view is None or view.ended:
        return view
    try:
        scratch = inflight()
        scratch.cancel(run_id)
        busy = not nobody_busy(scratch.batch_states(run_id, view.attempt))
    except redis.RedisError as error:
        log.warning("cancel_flag_not_set", run_id=run_id, error=type(error).__name__)
        busy = True  # running batches read the database's flag with their next heartbeat
    if not busy:
        send("finish", run_id, view.attempt)
    return view
