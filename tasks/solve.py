"""One batch of a run: solved by one engine, watched, its answer put where merge finds it."""

from __future__ import annotations

import os
import threading

from models.settings import settings
from models.store import runs
from models.store.views import RunView
from models.tables.session import in_transaction, reading
from monitoring.logs import get
from tasks import counts, steps, watch
from tasks.away import patiently
from tasks.base import RunTask, database, inflight
from tasks.commands import send
from tasks.problems import Work, work
from workers.batch import Answer, solve_batch
from workers.celery import app
from workers.engine import Limits
from workers.wire import to_bytes

log = get(__name__)

LEAST_SECONDS = 0.5
"""A batch delivered again after its worker died gets what is left of its budget, at least this."""

RECYCLE_SECONDS = 1.0
EXIT_RECYCLED = 70


@app.task(bind=True, base=RunTask, name="nightshift.solve")  # type: ignore[untyped-decorator]
def solve(task: RunTask, run_id: str, attempt: int, number: int) -> None:
    """Solves batch ``number``. Safe to run twice: what is done, or in another worker's hands, is not done again.

    A batch whose worker died is tried again with less time; the third delivery, and every batch of a run's last
    attempt, uses dispatch alone.
    """
    with reading(database()) as session:
        view = runs.get(session, run_id)
    if view is None or view.state != "solving" or view.attempt != attempt:
        return
    scratch = inflight()
    before = scratch.batch_states(run_id, attempt).get(number)
    if before is not None and before.state == "done":
        _go_on(view, view.cancel_requested)
        return
    deliveries = steps.count(run_id, attempt, number, again=task.again)
    if not deliveries:
        return
    look = watch.BatchWatch(scratch, run_id, attempt, number)
    look.stopped = view.cancel_requested
    with look.looking_on():
        answer = _solved(view, number, deliveries, look)
        patiently(lambda: scratch.put_report(run_id, attempt, number, to_bytes(answer)))
    log.info(
        "batch_solved",
        engine=answer.report.engine,
        outcome=answer.outcome,
        seconds=round(answer.report.seconds, 3),
        deliveries=deliveries,
    )
    _go_on(view, look.stopped)
    if answer.hung:
        _replace_this_process()


def _solved(view: RunView, number: int, deliveries: int, look: watch.BatchWatch) -> Answer:
    config, job = settings(), work(view.id)
    until = job.problem.options.seconds + config.hard_limit_seconds
    in_transaction(database(), lambda session: runs.start_deadline(session, view.id, view.attempt, until))
    last_resort = view.attempt >= config.max_attempts or deliveries >= config.max_attempts
    answer = solve_batch(
        job.problem,
        job.batches[number].jobs,
        "dispatch" if last_resort else job.engine,
        _limits(job, number, deliveries, config.solve_threads),
        look,
    )
    counts.batch(answer, last_attempt=last_resort and job.problem.options.engine != "dispatch")
    return answer


def _limits(job: Work, number: int, deliveries: int, threads: int) -> Limits:
    options = job.problem.options
    seconds = job.seconds if deliveries <= 1 else max(LEAST_SECONDS, job.seconds / deliveries)
    return Limits.within(seconds, threads=threads, seed=options.seed + number, gap_tolerance=options.gap_tolerance)


def _go_on(view: RunView, stopped: bool) -> None:
    """Sends the run to its next step if this was the last batch, or the last worker of one that is to stop."""
    scratch = inflight()
    if stopped and watch.nobody_busy(scratch.batch_states(view.id, view.attempt)):
        step = "finish"
    elif scratch.reported(view.id, view.attempt) >= view.batches_total:
        step = "merge"
    else:
        return
    if in_transaction(database(), lambda session: runs.touch(session, view.id, view.attempt)):
        send(step, view.id, view.attempt)


def _replace_this_process() -> None:
    """Ends this worker child soon after its task: a hung engine's thread cannot be stopped otherwise.

    The pool starts a new child; a task that was fetched meanwhile is rejected by its death and delivered again.
    """
    log.warning("process_recycled", pid=os.getpid())
    timer = threading.Timer(RECYCLE_SECONDS, os._exit, (EXIT_RECYCLED,))
    timer.daemon = True
    timer.start()
