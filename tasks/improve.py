"""One improver of a run: makes the incumbent better until the run's time is up."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Literal

from models.settings import settings
from models.store import runs
from models.store.views import RunView
from models.tables.session import reading
from monitoring import metrics
from monitoring.logs import get
from tasks import checkpoint
from tasks.away import SERVER_ERRORS, patiently
from tasks.base import RunTask, database, inflight
from tasks.board import RedisBoard
from tasks.commands import send
from tasks.merge import seconds_left
from tasks.problems import Work, work
from tasks.steps import count as deliveries_of
from tasks.watch import BatchWatch, nobody_busy
from workers.celery import app
from workers.engine import Levels, Limits
from workers.improve.loop import improve as improve_plan
from workers.improve.standing import Steps
from workers.wire import from_bytes

log = get(__name__)

CHECKPOINT_SECONDS = 3.0
"""How often the incumbent is kept in the database, where it has got better."""

LONG_SECONDS = 5.0
"""Only runs longer than this are checkpointed on the way; shorter ones were checkpointed when they began to improve."""


class ImproverWatch(BatchWatch):
    """A batch's watch that also keeps the incumbent, now and then, if this improver is the first of its run."""

    def __init__(self, view: RunView, job: Work, number: int) -> None:
        super().__init__(inflight(), view.id, view.attempt, number)
        self.view, self.job = view, job
        self.board = RedisBoard(view.id, view.attempt)
        self.kept = 0
        self.keeps = number == len(job.batches) and job.problem.options.seconds > LONG_SECONDS
        self.next_keep = time.monotonic() + CHECKPOINT_SECONDS

    def incumbent(self, levels: Levels) -> None:
        """The board tells everyone."""

    def keep(self) -> None:
        """Checkpoints the incumbent if this improver is the one that does, and it is time."""
        if not self.keeps or time.monotonic() < self.next_keep:
            return
        self.next_keep = time.monotonic() + CHECKPOINT_SECONDS
        try:
            best = self.board.read()
            if best is not None and best.version > self.kept:
                self.kept = best.version
                reports = self.scratch.reports(self.run_id, self.attempt)
                numbers = range(len(self.job.batches))
                answers = {number: from_bytes(reports[number]) for number in numbers if number in reports}
                checkpoint.keep(self.view, self.job, best, answers)
        except SERVER_ERRORS as error:
            log.warning("checkpoint_missed", error=type(error).__name__)


@app.task(bind=True, base=RunTask, name="nightshift.improve")  # type: ignore[untyped-decorator]
def improve(task: RunTask, run_id: str, attempt: int, number: int, target: list[int]) -> None:
    """Improves until the time is up or the bounds in ``target`` are reached; the last one sends the run to its end."""
    with reading(database()) as session:
        view = runs.get(session, run_id)
    if view is None or view.state != "improving" or view.attempt != attempt:
        return
    deliveries = deliveries_of(run_id, attempt, number, again=task.again)
    if not deliveries:
        return
    scratch, steps = inflight(), Steps()
    if deliveries < settings().max_attempts:
        steps = _improved(view, work(run_id), number, target)
        metrics.STEPS.labels("better").inc(steps.better)
        metrics.STEPS.labels("sideways").inc(steps.sideways)
        metrics.STEPS.labels("none").inc(steps.tried - steps.better - steps.sideways)
        log.info("improved", number=number, tried=steps.tried, better=steps.better, lost=steps.lost)
    patiently(lambda: scratch.put_report(run_id, attempt, number, json.dumps(asdict(steps)).encode()))
    if nobody_busy(scratch.batch_states(run_id, attempt)):
        send("finish", run_id, attempt)


def _prover(job: Work, number: int) -> Literal["no", "alone", "beside"]:
    """The first improver of a run proves, too."""
    if number > len(job.batches):
        return "no"
    return "alone" if settings().solve_processes == 1 else "beside"


def _improved(view: RunView, job: Work, number: int, target: list[int]) -> Steps:
    watch = ImproverWatch(view, job, number)
    watch.stopped = view.cancel_requested
    with watch.looking_on():
        return improve_plan(
            job.problem,
            watch.board,
            Limits.within(
                max(0.0, seconds_left(view)),
                threads=settings().solve_threads,
                seed=job.problem.options.seed + number,
                gap_tolerance=job.problem.options.gap_tolerance,
            ),
            watch,
            f"improver-{number}",
            watch.keep,
            tuple(target),
            prover=_prover(job, number),
        )
