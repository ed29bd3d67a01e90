"""Looks what is due: makes replans of due times, sends those that got stuck, notices deadlines that were missed.

Beat sends this every few seconds. It keeps nothing: what is due stands in the database, and the unique key of a replan
lets each due time happen once, however many beats there are and whichever of them dies.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy.exc import IntegrityError

from models.store import replans
from models.tables.session import in_transaction, reading
from monitoring import metrics
from monitoring.logs import get
from tasks.base import RunTask, database
from tasks.commands import send
from workers.celery import app

log = get(__name__)


@app.task(base=RunTask, name="nightshift.due")  # type: ignore[untyped-decorator]
def due() -> None:
    """Looks once. Safe to run at the same moment as another."""
    look()


def look(now: datetime | None = None) -> None:
    """Looks once, at the database's time or as if it were ``now``."""
    with reading(database()) as session:
        schedules = replans.due_schedules(session, now)
    for schedule_id in schedules:
        _claim(schedule_id, now)
    with reading(database()) as session:
        waiting = replans.to_send(session)
    for replan_id in waiting:
        if in_transaction(database(), partial(replans.touch, replan_id=replan_id)):
            send("replan", replan_id)
    for replan_id in in_transaction(database(), lambda session: replans.mark_late(session, now)):
        metrics.REPLAN_DEADLINES_MISSED.inc()
        log.error("replan_deadline_missed", replan=replan_id)


def _claim(schedule_id: str, now: datetime | None) -> None:
    try:
        claimed = in_transaction(database(), lambda session: replans.claim(session, schedule_id, now))
    except IntegrityError:  # another look was first; what it claimed is its own
        log.info("claimed_by_another", schedule=schedule_id)
        return
    for replan_id in claimed:
        log.info("replan_due", replan=replan_id, schedule=schedule_id)
        send("replan", replan_id)
