"""The last task of a run: one schedule from all batches, validated, stored once."""

from __future__ import annotations

import json
from typing import Literal

from sqlalchemy.orm import Session

from models.settings import settings
from models.shop.problem import Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.store import plans, reserved, runs
from models.store import records as kept_records
from models.store.views import BatchRecord, RunView
from models.tables.session import in_transaction, reading
from monitoring import metrics
from monitoring.logs import get
from tasks import counts, records, steps
from tasks.base import RunTask, database, inflight
from tasks.board import RedisBoard
from tasks.board import from_bytes as decisions_from_bytes
from tasks.commands import send
from tasks.problems import Work, work
from tasks.recovery import forget
from workers.celery import app
from workers.conclude import conclude
from workers.engine import STEADY
from workers.improve.incumbent import value_of
from workers.improve.standing import Steps, total
from workers.wire import from_bytes

log = get(__name__)


@app.task(bind=True, base=RunTask, name="nightshift.finish")  # type: ignore[untyped-decorator]
def finish(task: RunTask, run_id: str, attempt: int) -> None:
    """Concludes a run that has improved long enough, whose batches have all answered, that is cancelled or overdue.

    The result is the incumbent, from Redis or else from its checkpoint; where not all was merged into it yet, the
    batches that have answered are merged too, and the better plan counts.

    Safe to run twice: storing the result is one fenced transaction, and only the first wins.
    """
    with reading(database()) as session:
        view = runs.get(session, run_id)
    if view is not None and view.ended and task.again:
        forget(run_id, attempt)  # its worker may have died between the commit and this
    if view is None or view.ended or view.attempt != attempt:
        return
    merged = view.state == "improving" or view.first_plan
    complete = merged or (view.state == "solving" and inflight().reported(run_id, attempt) >= view.batches_total)
    if not (complete or view.cancel_requested or overdue(view)):
        return
    if reserved.is_reserved(view):
        send("plan", run_id, attempt)  # it was cancelled before it had a problem, and ends there
        return
    with steps.taken(run_id, attempt, steps.FINISH, again=task.again) as mine:
        if mine:
            _finish(view, work(run_id), merged=merged)


def _finish(view: RunView, job: Work, *, merged: bool) -> None:
    run_id, attempt, scratch = view.id, view.attempt, inflight()
    told = scratch.reports(run_id, attempt)
    reports = {number: data for number, data in told.items() if number < len(job.batches)}
    improved = total(Steps.of(json.loads(told[number])) for number in told.keys() - reports.keys())
    if view.state == "queued":
        count = len(job.batches)
        if not in_transaction(database(), lambda session: runs.begin(session, run_id, attempt, batches=count)):
            return
    answers = {number: from_bytes(data) for number, data in reports.items()}
    start = best_so_far(view, job.problem) or job.start
    conclusion = conclude(
        job.problem,
        job.batches,
        answers,
        start=start,
        # rules are timed: a reproducible plan is not compared with theirs
        merge=not merged and (job.engine != STEADY or start is None),
        steps=improved,
        schedule_id=run_id,
        digest=view.digest,
        cancelled=view.cancel_requested,
        waited_seconds=view.age,
    )
    state: Literal["finished", "cancelled"] = "cancelled" if view.cancel_requested else "finished"
    deliveries = {number: batch.deliveries for number, batch in scratch.batch_states(run_id, attempt).items()}
    rows = [
        BatchRecord(
            number=number,
            jobs=len(job.batches[number].jobs),
            engine=answer.report.engine,
            status=answer.report.status,
            seconds=answer.report.seconds,
            deliveries=deliveries.get(number, 1),
            handed_over=answer.fallback or answer.report.handed_over,
        )
        for number, answer in sorted(answers.items())
    ]
    document = json.dumps(conclusion.document, separators=(",", ":")).encode()
    record = records.ended(
        view,
        job.problem,
        conclusion,
        improved,
        state=state,
        memory=scratch.memory(run_id, attempt),
        processes=settings().solve_processes,
    )

    def store(session: Session) -> bool:
        won = runs.finish(session, run_id, attempt, state=state, result=document, batches=rows)
        if won:
            kept_records.keep(session, record)
        return won

    if not in_transaction(database(), store):
        log.info("finish_lost", reason="the run moved on or ended meanwhile")
        metrics.LEASES_LOST.inc()
        return
    forget(run_id, attempt)
    counts.ended(conclusion, view, state, unanswered=0 if merged else len(job.batches) - len(answers))
    log.info(
        "finished",
        state=state,
        status=conclusion.document["status"],
        scheduled=conclusion.scheduled,
        left_out=conclusion.left_out,
        jobs=view.jobs,
        operations=view.operations,
        batches=len(job.batches),
        makespan_hours=conclusion.metrics.get("makespan"),
        completion=conclusion.metrics.get("completion_rate"),
        gap=None if conclusion.first_level is None else conclusion.first_level[2],
        milliseconds=round(1000 * view.age),
    )


def best_so_far(view: RunView, problem: Problem) -> tuple[Decision, ...] | None:
    """The decisions of a run's best plan, from Redis or else from the last checkpoint.

    A Redis that came back with an older state has an incumbent behind the checkpoint; then the better one counts.
    """
    incumbent = RedisBoard(view.id, view.attempt).read()
    with reading(database()) as session:
        kept = plans.last(session, view.id)
    if kept is None:
        return None if incumbent is None else incumbent.decisions
    checkpoint = decisions_from_bytes(kept.decisions)
    if incumbent is None:
        return checkpoint
    behind = (view.attempt, incumbent.version) <= (kept.attempt, kept.version) and checkpoint != incumbent.decisions
    better = behind and value_of(problem, replay(problem, checkpoint)) < incumbent.value
    return checkpoint if better else incumbent.decisions


def overdue(view: RunView) -> bool:
    """Whether the run's deadline, grace included, has passed by the database's clock."""
    return view.seconds_left is not None and view.seconds_left < 0
