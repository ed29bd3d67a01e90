"""The first task of a run: split the problem, send a solve for each batch, and make a first plan meanwhile."""

from __future__ import annotations

from models.settings import settings
from models.shop.timeline import replay
from models.store import plans, runs
from models.store.views import RunView
from models.tables.session import reading, transaction
from monitoring import metrics
from monitoring.logs import get
from tasks import checkpoint
from tasks.base import RunTask, database, inflight
from tasks.board import RedisBoard, from_bytes
from tasks.commands import send
from tasks.problems import Work, work
from workers.celery import app
from workers.engine import Limits, Unwatched, load
from workers.improve.incumbent import value_of

log = get(__name__)

FIRST_PLAN_SECONDS = 0.2
"""Time for the rules of the first plan; one complete plan is always made."""

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
    if not view.first_plan:
        send_batches(run_id, attempt, range(count), job.seconds)
    if begun:
        first_plan(view, job)
    if view.first_plan:
        send("finish", run_id, attempt)


def first_plan(view: RunView, job: Work) -> None:
    """Puts a plan of dispatch rules, or the last attempt's best, on the board, and keeps it for who cannot wait."""
    board = RedisBoard(view.id, view.attempt)
    with reading(database()) as session:
        kept = plans.last(session, view.id)
    if kept is not None:
        schedule = replay(job.problem, from_bytes(kept.decisions))
    else:
        limits = Limits.within(FIRST_PLAN_SECONDS, seed=job.problem.options.seed)
        report = load("dispatch").solve(job.problem, range(len(job.problem.jobs)), limits, Unwatched())
        schedule = replay(job.problem, report.decisions)
    incumbent = board.offer(value_of(job.problem, schedule), schedule.decisions())
    if checkpoint.keep(view, job, incumbent, {}):
        metrics.FIRST_PLAN_SECONDS.observe(view.age)


def send_batches(run_id: str, attempt: int, numbers: range | list[int], seconds: float) -> None:
    """Sends the solve tasks of these batches; each is killed if it outlives its budget by the hard limit."""
    for number in numbers:
        send("solve", run_id, attempt, number, time_limit=seconds + settings().hard_limit_seconds)
