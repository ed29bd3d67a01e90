"""Checkpoints: the best checked plan of a run that goes on, to be read, and to go on from after a loss."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.compression import pack, unpack
from models.store.views import OPEN_STATES
from models.tables import PlanRow, Run


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A plan of a run: ``version`` counts within ``attempt``, ``decisions`` is the writer's own form."""

    attempt: int
    version: int
    decisions: bytes


def keep(session: Session, run_id: str, attempt: int, version: int, *, decisions: bytes, result: bytes) -> bool:
    """Keep a plan with its result document (JSON) in the place of an older one.

    False, and nothing is written, where the run has ended or moved on to another attempt, or where a newer plan of this
    attempt is kept already. The run's row is locked meanwhile, so that two writers cannot cross.
    """
    open_run = select(Run.id).where(Run.id == run_id, Run.attempt == attempt, Run.state.in_(OPEN_STATES))
    if session.execute(open_run.with_for_update()).one_or_none() is None:
        return False
    kept = session.execute(select(PlanRow.attempt, PlanRow.version).where(PlanRow.run_id == run_id)).one_or_none()
    if kept is not None and tuple(kept) >= (attempt, version):
        return False
    session.execute(delete(PlanRow).where(PlanRow.run_id == run_id))
    row = {"decisions": pack(decisions), "result": pack(result)}
    session.execute(insert(PlanRow).values(run_id=run_id, attempt=attempt, version=version, **row))
    return True


def last(session: Session, run_id: str) -> Checkpoint | None:
    """The plan kept last, to go on from; None where there is none."""
    row = session.execute(
        select(PlanRow.attempt, PlanRow.version, PlanRow.decisions).where(PlanRow.run_id == run_id)
    ).one_or_none()
    return None if row is None else Checkpoint(row.attempt, row.version, unpack(row.decisions))


def document(session: Session, run_id: str) -> tuple[int, bytes] | None:
    """Version and result document (JSON) of the plan kept last; None where there is none."""
    row = session.execute(select(PlanRow.version, PlanRow.result).where(PlanRow.run_id == run_id)).one_or_none()
    return None if row is None else (row.version, unpack(row.result))


def packed(session: Session, run_id: str) -> bytes | None:
    """The result document of the plan kept last as it is stored: one zstd frame; None where there is none."""
    return session.scalar(select(PlanRow.result).where(PlanRow.run_id == run_id))
