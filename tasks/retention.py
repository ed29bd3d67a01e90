"""Every hour, runs and snapshots older than NIGHTSHIFT_KEEP_DAYS go."""

from __future__ import annotations

from models.settings import settings
from models.store import retention
from monitoring.logs import get
from tasks.base import RunTask, database
from workers.celery import app

log = get(__name__)

LONGEST_SECONDS = 20.0
"""What is left then goes in the next hour: the control worker has other things to do."""


@app.task(base=RunTask, name="nightshift.prune")  # type: ignore[untyped-decorator]
def prune() -> None:
    """Deletes what is old enough; nothing where everything is kept. Two at once do no harm."""
    days = settings().keep_days
    if days:
        gone = retention.prune(database(), days, seconds=LONGEST_SECONDS)
        if gone.runs or gone.snapshots:
            log.info("pruned", runs=gone.runs, snapshots=gone.snapshots, days=days)
