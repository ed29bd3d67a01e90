"""The first task of a run: split the problem, send a solve for each batch, and make a first plan meanwhile."""

from __future__ import annotations

from collections.abc import Iterable

from models.settings import settings
from models.shop.calendar import Calendars
from models.shop.timeline import replay
from models.store import plans, reserved, runs
from models.store.views import RunView
from models.tables.session import in_transaction, reading
from monitoring.logs import get
from tasks import checkpoint, counts, steps
from tasks.base import RunTask, database, inflight
from tasks.board import RedisBoard, from_bytes
from tasks.commands import send
from tasks.health import held
from tasks.problems import Work, work
from tasks.work_out import work_out
from workers.celery import app
from workers.engine import STEADY, Limits, is_compiled
from workers.first import first_schedule
from workers.improve.incumbent import value_of

log = get(__name__)

FIRST_PLAN_SECONDS = 0.2
"""Time for the rules of the first plan; one complete plan is always made."""


@app.task(bind=True, base=RunTask, name="nightshift.plan")  # type: ignore[untyped-decorator]
def plan(task: RunTask, run_id: str, attempt: int) -> None:
    """Takes a queued run to solving. Safe to run twice: a run that has moved on, or ended, is left alone.

    Only a message that comes again, because its worker died, looks whether the batches of a solving run were all sent.
    """
    with reading(database()) as session:
        view = runs.get(session, run_id)
    if view is None or view.ended or view.attempt != attempt or (view.state != "queued" and not task.again):
        return
    if view.state == "queued" and (reasons := held()):
        log.warning("held", reasons=reasons)  # the sweep sends it again
        return
    with steps.taken(run_id, attempt, steps.PLAN, again=task.again) as mine:
        if mine and reserved.is_reserved(view):
            view = work_out(view)
        if mine and view is not None:
            _plan(view, work(run_id))


def _plan(view: RunView, job: Work) -> None:
    count = len(job.batches)
    begun = in_transaction(database(), lambda session: runs.begin(session, view.id, view.attempt, batches=count))
    if not begun and view.state != "solving":
        return
    inflight().open(view.id, view.attempt, count)
    if begun:
        counts.begun(view)
        log.info("split", batches=count, seconds_each=round(job.seconds, 3), jobs=len(job.problem.jobs))
    if (count == 0 and job.start is None) or view.cancel_requested:
        send("finish", view.id, view.attempt)
        return
    if job.start is not None:
        until = job.problem.options.seconds + settings().hard_limit_seconds
        in_transaction(database(), lambda session: runs.start_deadline(session, view.id, view.attempt, until))
    if not view.first_plan:
        states = inflight().batch_states(view.id, view.attempt)
        send_batches(view, [number for number in range(count) if states[number].state == "queued"])
    if begun and (view.first_plan or job.engine != STEADY):
        first_plan(view, job)
    if view.first_plan:
        send("finish", view.id, view.attempt)
    elif job.start is not None:
        send("merge", view.id, view.attempt)


def first_plan(view: RunView, job: Work) -> None:
    """Puts a plan on the board, and keeps it for who cannot wait: the last attempt's best, the one that the run begins
    with, or one of dispatch rules."""
    board, calendars = RedisBoard(view.id, view.attempt), Calendars(job.problem)
    with reading(database()) as session:
        kept = plans.last(session, view.id)
    if kept is not None:
        schedule = replay(job.problem, from_bytes(kept.decisions), None, calendars)
    elif job.start is not None:
        schedule = replay(job.problem, job.start, None, calendars)
    else:
        limits = Limits.within(FIRST_PLAN_SECONDS, seed=job.problem.options.seed)
        schedule = first_schedule(job.problem, calendars, limits, compiled=job.improves and is_compiled())
    incumbent = board.offer(value_of(job.problem, schedule), schedule.decisions())
    if checkpoint.keep(view, job, incumbent, {}, calendars):
        counts.first_plan(view)


def send_batches(view: RunView, numbers: Iterable[int]) -> None:
    """Sends the solve tasks of these batches; each is killed if it outlives the run's time by the hard limit."""
    for number in numbers:
        send("solve", view.id, view.attempt, number, time_limit=view.seconds + settings().hard_limit_seconds)
