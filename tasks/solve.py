"""One batch of a run: solved by one engine, watched, its answer put where finish finds it."""

from __future__ import annotations

import os
import threading
import time

import redis
from sqlalchemy.exc import DBAPIError

from models.inflight import Inflight
from models.settings import settings
from models.store import runs
from models.tables.session import reading, transaction
from monitoring import metrics
from monitoring.logs import get
from tasks.base import RunTask, database, inflight
from tasks.commands import send
from tasks.problems import Work, work
from workers.batch import solve_batch
from workers.celery import app
from workers.engine import Levels, Limits
from workers.wire import to_bytes

log = get(__name__)

BEAT_SECONDS = 2.0
CANCEL_LOOK_SECONDS = 0.25
LEAST_SECONDS = 0.5
"""A batch delivered again after its worker died gets what is left of its budget, at least this."""

RECYCLE_SECONDS = 1.0
EXIT_RECYCLED = 70


class BatchWatch:
    """Looks on while a batch is solved: heartbeats, cancel flag, progress. Servers that are away only delay them."""

    def __init__(self, scratch: Inflight, run_id: str, attempt: int, number: int) -> None:
        self.scratch, self.run_id, self.attempt, self.number = scratch, run_id, attempt, number
        self.stopped = False
        self.next_beat = 0.0
        self.next_look = 0.0
        self.best: Levels | None = None
        self.proved: tuple[int | None, ...] | None = None
        self.told: object = None

    def cancelled(self) -> bool:
        """Whether this batch should stop: cancelled by a person, or its run has moved on without it."""
        return self.stopped

    def incumbent(self, levels: Levels) -> None:
        """Keeps the best value for the next tick to publish."""
        if self.best is None or levels < self.best:
            self.best = levels

    def bound(self, levels: tuple[int | None, ...]) -> None:
        """Keeps the bounds for the next tick to publish."""
        self.proved = levels

    def tick(self) -> None:
        """Called about ten times a second by the thread that waits for the engine."""
        now = time.monotonic()
        try:
            if now >= self.next_look:
                self.next_look = now + CANCEL_LOOK_SECONDS
                self.stopped = self.stopped or self.scratch.cancelled(self.run_id)
                self._publish()
            if now >= self.next_beat:
                self.next_beat = now + BEAT_SECONDS
                self.scratch.beat(self.run_id, self.attempt, self.number)
                self._beat()
        except (redis.RedisError, DBAPIError) as error:
            log.warning("heartbeat_missed", error=type(error).__name__)

    def _publish(self) -> None:
        if (self.best, self.proved) != self.told and self.best is not None:
            self.scratch.progress(self.run_id, self.attempt, self.number, self.best, self.proved)
            self.told = (self.best, self.proved)

    def _beat(self) -> None:
        with transaction(database()) as session:
            alive = runs.beat(session, self.run_id, self.attempt)
            view = runs.get(session, self.run_id)
        self.stopped = self.stopped or not alive or (view is not None and view.cancel_requested)


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
        runs.start_deadline(session, run_id, attempt, job.whole_seconds + config.hard_limit_seconds)
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
    if reported >= len(job.batches) or (watch.stopped and _nobody_busy(scratch, run_id, attempt)):
        send("finish", run_id, attempt)
    if answer.hung:
        _replace_this_process()


def _limits(job: Work, number: int, deliveries: int, threads: int) -> Limits:
    options = job.problem.options
    seconds = job.seconds if deliveries <= 1 else max(LEAST_SECONDS, job.seconds / deliveries)
    return Limits.within(seconds, threads=threads, seed=options.seed + number, gap_tolerance=options.gap_tolerance)


def _nobody_busy(scratch: Inflight, run_id: str, attempt: int) -> bool:
    return all(batch.state != "started" for batch in scratch.batch_states(run_id, attempt).values())


def _replace_this_process() -> None:
    """Ends this worker child soon after its task: a hung engine's thread cannot be stopped otherwise.

    The pool starts a new child; a task that was fetched meanwhile is rejected by its death and delivered again.
    """
    log.warning("process_recycled", pid=os.getpid())
    timer = threading.Timer(RECYCLE_SECONDS, os._exit, (EXIT_RECYCLED,))
    timer.daemon = True
    timer.start()
