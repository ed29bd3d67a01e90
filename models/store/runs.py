"""Runs: every change is one fenced UPDATE on the row, and a row count of 1 tells who won.

Functions take a session and leave the transaction to the caller; those that change something want one from
``models.tables.session.transaction``. A False means that another attempt, a cancel or a sweep came first: the caller
drops its work. What a transition brings with it (schedule, batches, audit) is written only by the winner, in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from models.compression import pack, unpack
from models.store import audit, ids
from models.store.run_views import run_columns, view
from models.store.views import BUSY_STATES, OPEN_STATES, STATES, BatchRecord, RunSummary, RunView, State
from models.tables import BatchRow, PlanRow, Problem, Run, ScheduleRow
from models.tables.clock import utcnow
from models.tables.runs import NAME_LENGTH

__all__ = [
    "BatchRecord",
    "RunSummary",
    "RunView",
    "batches",
    "beat",
    "begin",
    "counts",
    "fail",
    "finish",
    "get",
    "has_result",
    "packed_result",
    "problem_body",
    "request_cancel",
    "result",
    "resume",
    "start_deadline",
    "submit",
    "touch",
]


def submit(
    session: Session, *, body: bytes, digest: str, summary: RunSummary, key_id: str | None, actor: str | None = None
) -> str:
    """Store a new queued run with its problem; the answer is its id.

    ``actor`` names who asked where it was no API key. Raises ValueError for a plant or request id above NAME_LENGTH.
    """
    for name, value in (("plant", summary.plant), ("request_id", summary.request_id)):
        if value is not None and len(value) > NAME_LENGTH:
            raise ValueError(f"{name} must be at most {NAME_LENGTH} characters long")
    run_id = ids.run_id()
    row = {
        "id": run_id,
        "digest": digest,
        "key_id": key_id,
        "plant": summary.plant,
        "request_id": summary.request_id,
        "jobs": summary.jobs,
        "operations": summary.operations,
        "engine": summary.engine,
        "seconds": summary.seconds,
        "first_plan": summary.first_plan,
    }
    session.execute(insert(Run).values(row))
    session.execute(insert(Problem).values(run_id=run_id, body=pack(body)))
    detail = {"digest": digest, "jobs": summary.jobs, "operations": summary.operations}
    audit.record(session, action="run.submitted", subject=run_id, actor=actor or key_id or audit.SYSTEM, detail=detail)
    return run_id


def get(session: Session, run_id: str) -> RunView | None:
    """The run as it stands; None where there is none of that id."""
    row = session.execute(_by_id(), {"id": run_id}).one_or_none()
    return None if row is None else view(row)


@cache
def _by_id() -> Select[Any]:
    """Made once: building the statement takes longer than running it, and polls do nothing else."""
    return select(*run_columns()).where(Run.id == bindparam("id"))


def problem_body(session: Session, run_id: str) -> bytes:
    """The request's body as it came. Raises KeyError for an unknown run, DamagedPayload for an unreadable one."""
    packed = session.scalar(select(Problem.body).where(Problem.run_id == run_id))
    if packed is None:
        raise KeyError(run_id)
    return unpack(packed)


def result(session: Session, run_id: str) -> bytes | None:
    """The result document (JSON) of a run; None where it has none."""
    packed = packed_result(session, run_id)
    return None if packed is None else unpack(packed)


def packed_result(session: Session, run_id: str) -> bytes | None:
    """The result document as it is stored: one zstd frame. None where it has none."""
    return session.scalar(select(ScheduleRow.result).where(ScheduleRow.run_id == run_id))


def has_result(session: Session, run_id: str) -> bool:
    """Whether a run has ended with a plan."""
    return bool(session.scalar(select(exists().where(ScheduleRow.run_id == run_id))))


def batches(session: Session, run_id: str) -> list[BatchRecord]:
    """How the batches of an ended run were solved, by number."""
    rows = session.scalars(select(BatchRow).where(BatchRow.run_id == run_id).order_by(BatchRow.number))
    return [
        BatchRecord(row.number, row.jobs, row.engine, row.status, row.seconds, row.deliveries, row.handed_over)
        for row in rows
    ]


def counts(session: Session) -> dict[State, int]:
    """How many runs are in each state."""
    query = select(Run.state, func.count()).group_by(Run.state)
    found = {row[0]: row[1] for row in session.execute(query)}
    return {state: found.get(state, 0) for state in STATES}


def begin(session: Session, run_id: str, attempt: int, *, batches: int) -> bool:
    """Queued to solving, with that many batches to wait for."""
    changes = {
        "state": "solving",
        "started_at": func.coalesce(Run.started_at, utcnow()),
        "batches_total": batches,
        "batches_done": 0,
    }
    return _change(session, run_id, Run.state == "queued", Run.attempt == attempt, **changes)


def start_improving(session: Session, run_id: str, attempt: int) -> bool:
    """Solving to improving: all batches have answered, and the time left goes into making their plan better."""
    return _change(session, run_id, Run.state == "solving", Run.attempt == attempt, state="improving")


def beat(session: Session, run_id: str, attempt: int, *, batches_done: int | None = None) -> bool:
    """A sign of life of a solving or improving run; False tells the attempt that it is no longer the one in charge."""
    changes = {} if batches_done is None else {"batches_done": batches_done}
    return _change(session, run_id, Run.state.in_(BUSY_STATES), Run.attempt == attempt, **changes)


def touch(session: Session, run_id: str, attempt: int) -> bool:
    """Note that somebody looked after the run, whatever its open state, so that it is not stale for a while."""
    return _change(session, run_id, Run.state.in_(OPEN_STATES), Run.attempt == attempt)


def start_deadline(session: Session, run_id: str, attempt: int, seconds: float) -> None:
    """Let the attempt's solving time end ``seconds`` from now; only the first call of an attempt counts."""
    conditions = (Run.state.in_(OPEN_STATES), Run.attempt == attempt, Run.deadline_at.is_(None))
    _change(session, run_id, *conditions, deadline_at=utcnow(seconds))


def request_cancel(session: Session, run_id: str, *, actor: str = audit.SYSTEM) -> RunView | None:
    """Ask that the run end early with the best plan it has. None: no such run. An ended one stays as it is.

    The heartbeat stays as it was: asking is no sign of life of the worker.
    """
    conditions = (Run.state.in_(OPEN_STATES), Run.cancel_requested.is_(False))
    if _change(session, run_id, *conditions, cancel_requested=True, heartbeat_at=Run.heartbeat_at):
        audit.record(session, action="run.cancel_requested", subject=run_id, actor=actor)
    return get(session, run_id)


def finish(
    session: Session,
    run_id: str,
    attempt: int,
    *,
    state: Literal["finished", "cancelled"],
    result: bytes | None,
    batches: Sequence[BatchRecord] = (),
) -> bool:
    """End the run with its result document and the records of its batches.

    A run finishes out of solving or improving; it is cancelled out of any open state, then perhaps without a result
    (None). Its checkpoint goes.
    Raises ValueError for a finished run without result.
    """
    if state == "finished" and result is None:
        raise ValueError("a finished run needs its result")
    sources = BUSY_STATES if state == "finished" else OPEN_STATES
    changes = {"state": state, "finished_at": utcnow(), "batches_done": len(batches)}
    if not _change(session, run_id, Run.state.in_(sources), Run.attempt == attempt, **changes):
        return False
    session.execute(delete(PlanRow).where(PlanRow.run_id == run_id))
    if result is not None:
        session.execute(insert(ScheduleRow).values(run_id=run_id, attempt=attempt, result=pack(result)))
    if batches:
        session.execute(insert(BatchRow), [_batch_row(run_id, attempt, batch) for batch in batches])
    audit.record(session, action=f"run.{state}", subject=run_id, actor=audit.SYSTEM, detail={"attempt": attempt})
    return True


def fail(session: Session, run_id: str, attempt: int, error: Mapping[str, Any]) -> bool:
    """End the run with a stored error: a problem-details object (RFC 9457) that can be written as JSON."""
    changes = {"state": "failed", "finished_at": utcnow(), "error": dict(error)}
    if not _change(session, run_id, Run.state.in_(OPEN_STATES), Run.attempt == attempt, **changes):
        return False
    detail = {"attempt": attempt, "title": error.get("title")}
    audit.record(session, action="run.failed", subject=run_id, actor=audit.SYSTEM, detail=detail)
    return True


def resume(session: Session, run_id: str, attempt: int, version: int) -> int | None:
    """Put a run whose worker was lost back into the queue, with the next attempt's number as the answer.

    None where the run has changed since ``version`` was read (a heartbeat, a cancel, another sweep). The new attempt
    gets a deadline of its own. How many attempts a run has is for the caller to say.
    """
    changes = {"state": "queued", "attempt": attempt + 1, "deadline_at": None, "batches_total": 0, "batches_done": 0}
    conditions = (Run.state.in_(OPEN_STATES), Run.attempt == attempt, Run.version == version)
    if not _change(session, run_id, *conditions, **changes):
        return None
    audit.record(session, action="run.resumed", subject=run_id, actor=audit.SYSTEM, detail={"attempt": attempt + 1})
    return attempt + 1


def _change(session: Session, run_id: str, *conditions: ColumnElement[bool], **changes: Any) -> bool:
    """One fenced UPDATE that raises the version and, unless told otherwise, renews the heartbeat."""
    values = {"heartbeat_at": utcnow(), **changes, "version": Run.version + 1}
    statement = update(Run).where(Run.id == run_id, *conditions).values(values)
    done = session.connection().execute(statement)
    return done.rowcount == 1


def _batch_row(run_id: str, attempt: int, batch: BatchRecord) -> dict[str, Any]:
    handed_over = None if batch.handed_over is None else batch.handed_over[:1000]
    return {
        "run_id": run_id,
        "attempt": attempt,
        "number": batch.number,
        "jobs": batch.jobs,
        "engine": batch.engine,
        "status": batch.status,
        "seconds": batch.seconds,
        "deliveries": batch.deliveries,
        "handed_over": handed_over,
    }
