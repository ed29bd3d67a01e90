"""Lets go of old runs and snapshots, so that the database does not grow for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Delete, Select, delete, exists, func, select
from sqlalchemy.orm import Session, aliased, sessionmaker

from models.settings import settings
from models.store import audit
from models.store.material import newest_finished
from models.store.replans import OPEN
from models.store.views import OPEN_STATES, STATES
from models.tables import AcceptedPlan, Base, OriginRow, Replan, ReplanTry, Run, SnapshotRow
from models.tables.clock import utcnow
from models.tables.session import in_transaction

SLICE: Final = 100
"""Rows of one transaction: others wait for it."""

SECONDS_PER_DAY: Final = 86_400
ENDED: Final = tuple(state for state in STATES if state not in OPEN_STATES)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many runs and snapshots went."""

    runs: int
    snapshots: int


def prune(
    maker: sessionmaker[Session], days: float, *, actor: str = audit.SYSTEM, seconds: float | None = None
) -> Pruned:
    """Deletes ended runs that were accepted, and snapshots that were stored, more than ``days`` ago.

    What is needed stays: runs of accepted plans and of open replans with all that belongs to them, those whose plan
    an open run is made from, and the newest finished ones, as many as are kept to train policies on; of each plant
    the last good snapshot, those of open replans, and the one that the plan in force was made from. Stops early
    after ``seconds``.
    """
    end = None if seconds is None else time.monotonic() + seconds

    def slices(kind: str, go: Callable[[Session, float], int]) -> int:
        def one(session: Session) -> int:
            gone = go(session, days)
            if gone:
                detail = {kind: gone, "days": days}
                audit.record(session, action=f"{kind}.pruned", subject="retention", actor=actor, detail=detail)
            return gone

        count = 0
        while end is None or time.monotonic() < end:
            gone = in_transaction(maker, one)
            count += gone
            if gone < SLICE:
                break
        return count

    return Pruned(slices("runs", _runs), slices("snapshots", _snapshots))


def _runs(session: Session, days: float) -> int:
    session.execute(_old_tries(days))
    material = newest_finished(session, settings().training_runs)
    old = session.scalars(_old_runs(days).where(Run.id.not_in(material))).all()
    if old:
        session.execute(delete(Run).where(Run.id.in_(old)))
    return len(old)


def _old_tries(days: float) -> Delete:
    """Lets ended replans go of their old runs, but for those whose plan was accepted: that is history."""
    return delete(ReplanTry).where(
        exists().where(Replan.id == ReplanTry.replan_id, Replan.state.not_in(OPEN)),
        exists().where(
            Run.id == ReplanTry.run_id, Run.state.in_(ENDED), Run.created_at < utcnow(-days * SECONDS_PER_DAY)
        ),
        ~exists().where(AcceptedPlan.run_id == ReplanTry.run_id),
    )


def _old_runs(days: float) -> Select[str]:
    """Ids of the oldest ended runs that nothing needs."""
    query = select(Run.id).where(Run.state.in_(ENDED), Run.created_at < utcnow(-days * SECONDS_PER_DAY))
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column is Run.__table__.c.id and key.ondelete != "CASCADE":
                query = query.where(~exists().where(key.parent == Run.id))
    child = aliased(Run)
    waits = (OriginRow.parent_id == Run.id, child.id == OriginRow.run_id, child.state.in_(OPEN_STATES))
    query = query.where(~exists().where(*waits).correlate(Run))
    return query.order_by(Run.created_at, Run.id).limit(SLICE)


def _snapshots(session: Session, days: float) -> int:
    old = session.scalars(_old_snapshots(days)).all()
    if old:
        session.execute(delete(SnapshotRow).where(SnapshotRow.id.in_(old)))
    return len(old)


def _old_snapshots(days: float) -> Select[str]:
    """Ids of the oldest snapshots that nothing needs."""
    newer, later = aliased(SnapshotRow), aliased(AcceptedPlan)
    is_last = ~exists().where(
        newer.plant == SnapshotRow.plant,
        newer.state == "good",
        (newer.created_at > SnapshotRow.created_at)
        | ((newer.created_at == SnapshotRow.created_at) & (newer.id > SnapshotRow.id)),
    )
    in_force = exists().where(
        Replan.snapshot_id == SnapshotRow.id,
        ReplanTry.replan_id == Replan.id,
        AcceptedPlan.run_id == ReplanTry.run_id,
        AcceptedPlan.number
        == select(func.max(later.number)).where(later.plant == AcceptedPlan.plant).scalar_subquery(),
    )
    waited_for = exists().where(Replan.snapshot_id == SnapshotRow.id, Replan.state.in_(OPEN))
    return (
        select(SnapshotRow.id)
        .where(SnapshotRow.created_at < utcnow(-days * SECONDS_PER_DAY))
        .where(~((SnapshotRow.state == "good") & is_last), ~in_force, ~waited_for)
        .order_by(SnapshotRow.created_at, SnapshotRow.id)
        .limit(SLICE)
    )
