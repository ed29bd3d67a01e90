"""The first task of a run: split the problem and send a solve for each batch."""

from __future__ import annotations

from models.settings import settings
from models.store import runs
from models.tables.session import reading, transaction
from monitoring.logs import get
from tasks.base import RunTask, database, inflight
from tasks.commands import send
from tasks.problems import work
from workers.celery import app

log = get(__name__)

PLAN_DELIVERIES = -1
"""Number under which deliveries of the plan task itself are counted beside the batches'."""


@app.task(base=RunTask, name="nightshift.plan")  # type: ignore[untyped-decorator]
def plan(run_id: str, attempt: int) -> None:
    """Takes a queued run to solving. Safe to run twice: a run that has moved on, or ended, is left alone."""
    with reading(database()) as session:
        view = runs.get(session, run_id)
    if view is None or view.ended or view.attempt != attempt:
        return
    scratch = inflight()
    if scratch.started(run_id, attempt, PLAN_DELIVERIES) > settings().max_attempts:
        raise RuntimeError("planning killed its worker again and again")
    job = work(run_id)
    count = len(job.batches)
    with transaction(database()) as session:
        begun = runs.begin(session, run_id, attempt, batches=count)
    if not begun and view.state != "solving":
        return
    if begun:
        scratch.open(run_id, attempt, count)
        log.info("split", batches=count, seconds_each=round(job.seconds, 3), jobs=len(job.problem.jobs))
    if count == 0 or view.cancel_requested:
        send("finish", run_id, attempt)
        return
    send_batches(run_id, attempt, range(count), job.seconds)


def send_batches(run_id: str, attempt: int, numbers: range | list[int], seconds: float) -> None:
    """Sends the solve tasks of these batches; each is killed if it outlives its budget by the hard limit."""
    for number in numbers:
        send("solve", run_id, attempt, number, time_limit=seconds + settings().hard_limit_seconds)
