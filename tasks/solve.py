"""One batch of a run: solved by one engine, watched, its answer put where merge finds it."""

from __future__ import annotations

import os
import threading

from models.inflight import Inflight
from models.settings import settings
from models.store import runs
from models.tables.session import reading, transaction
from monitoring import metrics
from monitoring.logs import get
from tasks.base import RunTask, database, inflight
from tasks.commands import send
from tasks.problems import Work, work
from tasks.watch import BatchWatch
from workers.batch import solve_batch
from workers.celery import app
from workers.engine import Limits
from workers.wire import to_bytes

log = get(__name__)

LEAST_SECONDS = 0.5
"""A batch delivered again after its worker died gets what is left of its budget, at least this."""

RECYCLE_SECONDS = 1.0
EXIT_RECYCLED = 70


@app.task(base=RunTask, name="nightshift.solve")  # type: ignore[untyped-decorator]
def solve(run_id: str, attempt: int, number: int) -> None:
    """Solves batch ``number``. Safe to run twice: the second answer replaces the first; a zombie's is never read.

    A batch whose worker died is tried again with less time; the third delivery, and every batch of a run's last
    attempt, uses dispatch alone.
    """
    with reading(database()) as session:
        view = runs.get(session, run_id)
    if view is None or view.state != "solving" or view.attempt != attempt:
        return
    scratch, config = inflight(), settings()
    job = work(run_id)
    deliveries = scratch.started(run_id, attempt, number)
    watch = BatchWatch(scratch, run_id, attempt, number)
    watch.stopped = view.cancel_requested or scratch.cancelled(run_id)
    with transaction(database()) as session:
        runs.start_deadline(session, run_id, attempt, job.problem.options.seconds + config.hard_limit_seconds)
    last_resort = attempt >= config.max_attempts or deliveries >= config.max_attempts
    answer = solve_batch(
        job.problem,
        job.batches[number].jobs,
        "dispatch" if last_resort else job.problem.options.engine,
        _limits(job, number, deliveries, config.solve_threads),
        watch,
        watch.tick,
    )
    metrics.BATCHES.labels(answer.asked, answer.outcome).inc()
    metrics.SOLVE_SECONDS.labels(answer.report.engine).observe(answer.report.seconds)
    reported = scratch.put_report(run_id, attempt, number, to_bytes(answer))
    log.info(
        "batch_solved",
        engine=answer.report.engine,
        outcome=answer.outcome,
        seconds=round(answer.report.seconds, 3),
        deliveries=deliveries,
    )
    if watch.stopped and nobody_busy(scratch, run_id, attempt):
        send("finish", run_id, attempt)
    elif reported >= len(job.batches):
        send("merge", run_id, attempt)
    if answer.hung:
        _replace_this_process()


def _limits(job: Work, number: int, deliveries: int, threads: int) -> Limits:
    options = job.problem.options
    seconds = job.seconds if deliveries <= 1 else max(LEAST_SECONDS, job.seconds / deliveries)
    return Limits.within(seconds, threads=threads, seed=options.seed + number, gap_tolerance=options.gap_tolerance)


def nobody_busy(scratch: Inflight, run_id: str, attempt: int) -> bool:
    """Whether no worker is at work on any batch or improvement of the attempt."""
    return all(batch.state != "started" for batch in scratch.batch_states(run_id, attempt).values())


def _replace_this_process() -> None:
    """Ends this worker child soon after its task: a hung engine's thread cannot be stopped otherwise.

    The pool starts a new child; a task that was fetched meanwhile is rejected by its death and delivered again.
    """
    log.warning("process_recycled", pid=os.getpid())
    timer = threading.Timer(RECYCLE_SECONDS, os._exit, (EXIT_RECYCLED,))
    timer.daemon = True
    timer.start()
