"""Runs whose problem is still to be worked out from another run's plan: accepted, and in the queue, without one."""

from __future__ import annotations

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from models.compression import pack
from models.store import audit, ids
from models.store.views import RunSummary, RunView
from models.tables import Problem, Run
from models.tables.clock import utcnow

NO_DIGEST = ""
"""The digest of a run that has no problem yet."""


def reserve(session: Session, *, summary: RunSummary, key_id: str | None, actor: str) -> str:
    """Store a new queued run without its problem; the answer is its id. ``summary`` is what is thought of it so far."""
    run_id = ids.run_id()
    row = {"id": run_id, "digest": NO_DIGEST, "key_id": key_id, **_columns(summary), "plant": summary.plant}
    session.execute(insert(Run).values(row | {"request_id": summary.request_id}))
    detail = {"jobs": summary.jobs, "operations": summary.operations, "reserved": True}
    audit.record(session, action="run.submitted", subject=run_id, actor=actor, detail=detail)
    return run_id


def is_reserved(view: RunView) -> bool:
    """Whether a run's problem is still to be worked out."""
    return view.digest == NO_DIGEST


def fill(session: Session, run_id: str, attempt: int, *, body: bytes, digest: str, summary: RunSummary) -> bool:
    """Give a reserved run its problem. False where it has one by now, has ended or moved on to another attempt."""
    values = {"digest": digest, "heartbeat_at": utcnow(), "version": Run.version + 1, **_columns(summary)}
    queued = (Run.state == "queued", Run.attempt == attempt, Run.digest == NO_DIGEST)
    done = session.connection().execute(update(Run).where(Run.id == run_id, *queued).values(values))
    if done.rowcount != 1:
        return False
    session.execute(insert(Problem).values(run_id=run_id, body=pack(body)))
    return True


def _columns(summary: RunSummary) -> dict[str, object]:
    return {
        "jobs": summary.jobs,
        "operations": summary.operations,
        "engine": summary.engine,
        "seconds": summary.seconds,
        "first_plan": summary.first_plan,
    }
