"""Lets go of old runs, so that the database does not grow for ever."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.orm import Session, sessionmaker

from models.store import audit
from models.store.views import OPEN_STATES, STATES
from models.tables import Base, Run
from models.tables.clock import utcnow
from models.tables.session import in_transaction

SLICE: Final = 100
"""Runs of one transaction: others wait for it."""

SECONDS_PER_DAY: Final = 86_400
ENDED: Final = tuple(state for state in STATES if state not in OPEN_STATES)


def prune(maker: sessionmaker[Session], days: float, *, actor: str = audit.SYSTEM, seconds: float | None = None) -> int:
    """Deletes the ended runs that were accepted more than ``days`` ago, with all that belongs to them.

    Answers how many went. Runs that are needed stay: those of accepted plans and of replans. Stops early after
    ``seconds``.
    """
    end = None if seconds is None else time.monotonic() + seconds
    count = 0
    while end is None or time.monotonic() < end:
        gone = in_transaction(maker, lambda session: _slice(session, days, actor))
        count += gone
        if gone < SLICE:
            break
    return count


def _slice(session: Session, days: float, actor: str) -> int:
    old = session.scalars(_old(days)).all()
    if old:
        session.execute(delete(Run).where(Run.id.in_(old)))
        detail = {"runs": len(old), "days": days}
        audit.record(session, action="runs.pruned", subject="retention", actor=actor, detail=detail)
    return len(old)


def _old(days: float) -> Select[str]:
    """Ids of the oldest ended runs that nothing needs."""
    query = select(Run.id).where(Run.state.in_(ENDED), Run.created_at < utcnow(-days * SECONDS_PER_DAY))
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column is Run.__table__.c.id and key.ondelete != "CASCADE":
                query = query.where(~exists().where(key.parent == Run.id))
    return query.order_by(Run.created_at, Run.id).limit(SLICE)
