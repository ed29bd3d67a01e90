"""Runs that nobody seems to look after, by the database's clock."""

from __future__ import annotations

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models.store.run_views import run_columns, view
from models.store.views import OPEN_STATES, RunView
from models.tables import Run
from models.tables.clock import utcnow


def neglected(session: Session, *, older_than: float, improved_until: float, limit: int = 100) -> list[RunView]:
    """Open runs without a heartbeat for ``older_than`` seconds, and those past their time however they beat.

    Past its time is a run after its deadline, and one that improves already ``improved_until`` seconds before it. Those
    whose heartbeat is oldest come first.
    """
    past = or_(
        Run.deadline_at < utcnow(),
        and_(Run.state == "improving", Run.deadline_at < utcnow(improved_until)),
    )
    query = (
        select(*run_columns())
        .where(Run.state.in_(OPEN_STATES), or_(Run.heartbeat_at < utcnow(-older_than), past))
        .order_by(Run.heartbeat_at)
        .limit(limit)
    )
    return [view(row) for row in session.execute(query)]
