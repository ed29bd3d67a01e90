"""The step from solving to improving: all batches have answered, and become one plan that improvers go on from."""

from __future__ import annotations

from models.settings import settings
from models.shop.calendar import Calendars
from models.shop.timeline import replay
from models.store import runs
from models.store.views import RunView
from models.tables.session import in_transaction, reading
from monitoring.logs import get
from tasks import checkpoint, steps
from tasks.base import RunTask, database, inflight
from tasks.board import RedisBoard
from tasks.commands import send
from tasks.problems import Work, work
from workers.aggregate import aggregate
from workers.bounds import level_bounds
from workers.celery import app
from workers.conclude import merge_limits
from workers.engine import STEADY, Levels
from workers.improve.incumbent import value_of
from workers.improve.loop import WORTH_SECONDS
from workers.improve.standing import reached
from workers.proofs import term_bounds
from workers.wire import from_bytes

log = get(__name__)


@app.task(bind=True, base=RunTask, name="nightshift.merge")  # type: ignore[untyped-decorator]
def merge(task: RunTask, run_id: str, attempt: int) -> None:
    """Merges the batches, and starts improvers where that can pay. Safe to run twice: the step itself is fenced."""
    with reading(database()) as session:
        view = runs.get(session, run_id)
    if view is None or view.state != "solving" or view.attempt != attempt:
        return
    if inflight().reported(run_id, attempt) < view.batches_total:
        return
    with steps.taken(run_id, attempt, steps.MERGE, again=task.again) as mine:
        if mine:
            _merge(view, work(run_id))


def _merge(view: RunView, job: Work) -> None:
    run_id, attempt, scratch = view.id, view.attempt, inflight()
    answers = {number: from_bytes(data) for number, data in scratch.reports(run_id, attempt).items()}
    if len(answers) < len(job.batches):
        return
    reports = {number: answer.report for number, answer in answers.items()}
    calendars = Calendars(job.problem)
    board = RedisBoard(run_id, attempt)
    first = board.read()
    steady = answers[0].report.decisions if job.engine == STEADY else ()
    decisions = steady or (job.start or () if first is None else first.decisions)
    known = replay(job.problem, decisions, None, calendars) if decisions else None
    limits = merge_limits(job.problem.options.seconds)
    plan = aggregate(job.problem, job.batches, reports, limits, calendars, known=known)
    value = value_of(job.problem, plan.schedule)
    incumbent = board.offer(value, plan.schedule.decisions())
    bounds = level_bounds(job.problem, job.batches, reports, term_bounds(job.problem, at_once=True))
    target = tuple(bound.value for bound in bounds)
    proved = reached(incumbent.levels, target, job.problem.options.gap_tolerance)
    left = seconds_left(view)
    if proved or not job.improves or left < WORTH_SECONDS or view.cancel_requested:
        if in_transaction(database(), lambda session: runs.touch(session, run_id, attempt)):
            send("finish", run_id, attempt)
        return
    improvers = settings().solve_processes
    scratch.open(run_id, attempt, len(job.batches) + improvers)
    if not in_transaction(database(), lambda session: runs.start_improving(session, run_id, attempt)):
        return
    send_improvers(run_id, attempt, range(len(job.batches), len(job.batches) + improvers), left, target)
    log.info("improving", improvers=improvers, seconds=round(left, 3), source=plan.source)
    checkpoint.keep(view, job, incumbent, answers, calendars)


def seconds_left(view: RunView) -> float:
    """What is left of the run's solving time; its deadline stands a hard limit later."""
    return 0.0 if view.seconds_left is None else view.seconds_left - settings().hard_limit_seconds


def send_improvers(run_id: str, attempt: int, numbers: range, seconds: float, target: Levels) -> None:
    """Sends the improvers of these numbers, which follow those of the batches; they stop when they reach ``target``."""
    for number in numbers:
        send("improve", run_id, attempt, number, target, time_limit=max(0.0, seconds) + settings().hard_limit_seconds)
