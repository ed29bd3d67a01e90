"""One replan: ingest, carry the plan in force on to now, solve, compare, put in force or hold.

A replan is a row that moves from due over solving to its end. Each message takes it one step further, and each step is
one fenced transaction: a worker that dies between two steps leaves a row that the next look at what is due sends again,
and two workers at the same step store it once. Whatever fails, the plan in force stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.ingest.database import SourceAway
from models.ingest.rows import SourceRefused
from models.replanning.decide import (
    LEAST_SHARE,
    MOST_TRIES,
    Outcome,
    Tried,
    against,
    best,
    next_price,
    outcome_of,
    seconds_of,
    without_price,
)
from models.replanning.options import ReplanOptions, from_document
from models.settings import settings
from models.shop.canonical import canonical_bytes
from models.shop.disruptions import priced
from models.shop.faults import InvalidProblem
from models.shop.parse import load
from models.shop.problem import Problem
from models.shop.reading.bounds import MIN_SECONDS
from models.shop.result_reader import read_result
from models.shop.schedule import Decision
from models.store import audit, origins, plants, replans, runs
from models.store.origins import Origin
from models.store.replans import ReplanView
from models.store.views import RunView
from models.tables.session import in_transaction, reading
from monitoring import metrics
from monitoring.logs import get
from tasks import ingest
from tasks.away import SERVER_ERRORS
from tasks.base import RunTask, database
from tasks.board import from_bytes
from tasks.carried import Prepared, prepared
from tasks.checked import checked
from tasks.commands import send
from tasks.give import NoPlan
from tasks.ingest import LoadStopped, MadeUp, NoMapping, NoSnapshot
from tasks.planned import Child
from workers.celery import app

log = get(__name__)

RULE = "no worse"
"""The rule that puts a plan in force: no worse than going on as planned, and within the churn budget."""

MOST_ATTEMPTS = 5
"""How often a replan is begun; each time its worker is lost or a server is away counts."""

REFUSED = (NoMapping, NoSnapshot, InvalidProblem, SourceRefused, LoadStopped, MadeUp, NoPlan)
"""What trying again does not help against."""


class _Overtaken(Exception):
    """Another worker has taken the replan further: this transaction is undone."""


@app.task(base=RunTask, name="nightshift.replan")  # type: ignore[untyped-decorator]
def replan(replan_id: str) -> None:
    """Takes a replan one step further. Safe to run twice, also at the same moment."""
    with reading(database()) as session:
        view = replans.get(session, replan_id)
    if view is None or view.state not in replans.OPEN:
        return
    try:
        if view.state == "due":
            _begin(view)
        else:
            _go_on(view)
    except SERVER_ERRORS:
        raise
    except SourceAway as error:
        log.warning("replan_waits_for_its_source", replan=view.id, error=str(error))
        if view.attempt + 1 >= MOST_ATTEMPTS:
            _fail(view, "The plant's database does not answer", str(error))
    except REFUSED as error:
        _fail(view, "There is nothing to plan from", str(error))
    except Exception as error:  # the plan in force stays, and somebody is told
        log.exception("replan_failed", replan=view.id)
        _fail(view, "The replan failed", f"{type(error).__name__}: {error}")


def _begin(view: ReplanView) -> None:
    """Due to solving: a snapshot, the plan in force carried on to now, and the first run."""
    if view.attempt >= MOST_ATTEMPTS:
        _fail(view, "The replan was begun too often", f"{view.attempt} workers were lost over it.")
        return
    attempt = in_transaction(database(), lambda session: replans.begin(session, view.id, view.attempt))
    if attempt is None:
        return
    options = _options(view)
    if options.ingest:
        ingest.take(ingest.mapping_of(view.plant))
    with reading(database()) as session:
        snapshot = ingest.latest(session, view.plant)
        now = ingest.clock(session)
    made = prepared(view.plant, snapshot, now, options)
    price = 0.0 if made.base is None else options.move_price

    budget = None if made.base is None else options.max_moves
    seconds = seconds_of(1, options.seconds, 0.0, budget)

    def store(session: Session) -> str:
        run_id = _submit(session, view, made, price, seconds)
        told = replans.solving(
            session,
            view.id,
            attempt,
            run_id=run_id,
            price=price,
            snapshot_id=snapshot.id,
            base_number=0 if made.base is None else made.base.number,
            before=None if made.before is None else made.before.document() | {"warnings": list(made.warnings)},
        )
        if not told:
            raise _Overtaken
        return run_id

    _send(view, store, price)


def _submit(session: Session, view: ReplanView, made: Prepared, price: float, seconds: float) -> str:
    """A run of this transaction for the problem that a replan has prepared, at a price per move."""
    problem = _lasting(made.problem, seconds)
    problem = replace(problem, request_id=f"replan {view.due_at:%Y-%m-%dT%H:%M}Z")
    if made.base is None or made.decisions is None:
        short = checked(problem)
        body = canonical_bytes(problem)
        return runs.submit(
            session, body=body, digest=short.digest, summary=short.summary, key_id=None, actor=audit.SYSTEM
        )
    problem = replace(problem, objective=priced(problem.objective, price))
    detail = {"replan": view.id, "price": price, "pins": [pin.document() for pin in made.pins]}
    origin = Origin(made.base.run_id, "replan", detail)
    return Child(problem, made.decisions, origin).add(session, key_id=None, actor=audit.SYSTEM)


def _go_on(view: ReplanView) -> None:
    """What comes of a replan whose run has ended: another run in what is left of its time, or its end."""
    with reading(database()) as session:
        found = [runs.get(session, run_id) for run_id, _ in view.tries]
        results = {run_id: runs.result(session, run_id) for run_id, _ in view.tries}
    seen = [one for one in found if one is not None]
    last = seen[-1] if seen and seen[-1].id == view.tries[-1][0] else None
    if last is None or not last.ended:
        return
    documents = {run_id: json.loads(result) for run_id, result in results.items() if result is not None}
    tried = [Tried(run_id, price, outcome_of(documents[run_id])) for run_id, price in view.tries if run_id in documents]
    if not tried:
        _fail(view, "The run ended without a plan", _reason(last.error) or f"Run {last.id} is {last.state}.", last.id)
        return
    options, before = _options(view), _before(view)
    problem = _problem(tried[0].run_id)
    objective = without_price(problem.objective)
    chosen, left = best(tried, options.max_moves, objective), options.seconds - sum(one.seconds for one in seen)
    if last.state == "finished":
        price = next_price(tried, options.max_moves, before, objective)
        if price is not None:
            seconds = seconds_of(len(view.tries) + 1, options.seconds, options.seconds - left, options.max_moves)
            _try_again(view, _lasting(problem, seconds), price)
            return
        proved = documents[chosen.run_id]["status"] == "optimal"
        if left > LEAST_SHARE * options.seconds and not proved and before is not None:
            _improve(view, problem, chosen, documents[chosen.run_id], left)
            return
    reasons = list(against(chosen.outcome, before, options.max_moves, objective))
    if options.accept == "person":
        reasons.append("a person decides about this schedule's plans")
    _end(view, _comparison(tried, chosen, before, reasons, seen, options))


def _try_again(view: ReplanView, problem: Problem, price: float) -> None:
    """Another run of the same problem, with another price, that begins where the first one did."""
    with reading(database()) as session:
        start = origins.start(session, view.tries[0][0])
    assert start is not None  # without a plan in force there is no budget to keep
    # after the runs that search, the last one is the plan in force as it stands
    _again(view, problem, from_bytes(start), price, first_plan=len(view.tries) >= MOST_TRIES)


def _improve(view: ReplanView, problem: Problem, chosen: Tried, document: Mapping[str, Any], seconds: float) -> None:
    """Another run that goes on from the best plan within the budget, at its price, for the time that is left."""
    schedule, _ = read_result(problem, dict(document))
    _again(view, _lasting(problem, seconds), schedule.decisions(), chosen.price)


def _again(
    view: ReplanView, problem: Problem, start: tuple[Decision, ...], price: float, *, first_plan: bool = False
) -> None:
    number = len(view.tries) + 1
    with reading(database()) as session:
        origin = origins.of(session, view.tries[0][0])
    assert origin is not None
    problem = replace(problem, objective=priced(without_price(problem.objective), price))
    origin = replace(origin, detail={**origin.detail, "price": price})

    def store(session: Session) -> str:
        child = Child(problem, start, origin, first_plan=first_plan)
        run_id = child.add(session, key_id=None, actor=audit.SYSTEM)
        if not replans.try_again(session, view.id, number, run_id, price):
            raise _Overtaken
        return run_id

    _send(view, store, price)


def _lasting(problem: Problem, seconds: float) -> Problem:
    """The problem with another solving budget."""
    return replace(problem, options=replace(problem.options, seconds=max(MIN_SECONDS, round(seconds, 3))))


def _send(view: ReplanView, store: Callable[[Session], str], price: float) -> None:
    """Stores a run and its place in the replan together, and sends it; nothing where another worker was first."""
    try:
        run_id = in_transaction(database(), store)
    except (_Overtaken, IntegrityError):
        log.info("replan_step_lost", replan=view.id)
        return
    log.info("replan_solving", replan=view.id, run=run_id, plant=view.plant, price=price)
    send("plan", run_id, 1)


def _end(view: ReplanView, comparison: dict[str, Any]) -> None:
    """Puts the chosen plan in force where nothing speaks against it, and holds it else."""

    def store(session: Session) -> ReplanView | None:
        told = comparison
        if not told["reasons"]:
            why = f"replan of {view.due_at:%Y-%m-%d %H:%M} UTC"
            try:
                found = plants.accept(
                    session, told["run_id"], actor=audit.SYSTEM, rule=RULE, why=why, expected=view.base_number
                )
                detail = {"plant": found.plant, "number": found.number, "rule": RULE, "why": why}
                audit.record(session, action="plan.accepted", subject=found.run_id, actor=audit.SYSTEM, detail=detail)
            except plants.Overtaken as error:
                told = told | {"reasons": [str(error)]}
        return replans.end(session, view.id, "held" if told["reasons"] else "accepted", comparison=told)

    _tell(in_transaction(database(), store))


def _fail(view: ReplanView, title: str, detail: str, run_id: str | None = None) -> None:
    error = {"title": title, "detail": detail[:1000], **({} if run_id is None else {"run_id": run_id})}
    log.error("replan_failed", replan=view.id, title=title, detail=error["detail"])
    _tell(in_transaction(database(), lambda session: replans.end(session, view.id, "failed", error=error)))


def _tell(ended: ReplanView | None) -> None:
    """Counts an ended replan, once."""
    if ended is None:
        return
    metrics.REPLANS.labels(ended.state).inc()
    if ended.ready_by_at is not None:
        slack = (ended.ready_by_at - (ended.finished_at or datetime.now(UTC))).total_seconds()
        metrics.REPLAN_SLACK_SECONDS.labels(ended.plant).set(slack)
    log.info("replan_ended", replan=ended.id, state=ended.state, plant=ended.plant)


def _comparison(
    tried: list[Tried],
    chosen: Tried,
    before: Outcome | None,
    reasons: list[str],
    seen: list[RunView],
    options: ReplanOptions,
) -> dict[str, Any]:
    """What is told of an ended replan: its runs with their moves and the seconds they took, the chosen one beside going
    on as planned."""
    took = {
        one.id: round((one.finished_at - one.started_at).total_seconds(), 3)
        for one in seen
        if one.finished_at is not None and one.started_at is not None
    }
    return {
        "run_id": chosen.run_id,
        "reasons": reasons,
        "moves": 0 if before is None else chosen.outcome.moves,
        "before": None if before is None else before.document(),
        "after": chosen.outcome.document(),
        "seconds": {"given": options.seconds, "spent": round(sum(took.values()), 3)},
        "tries": [
            {
                "run_id": one.run_id,
                "move_price": one.price,
                "moves": one.outcome.moves,
                "seconds": took.get(one.run_id, 0.0),
            }
            for one in tried
        ],
    }


def _before(view: ReplanView) -> Outcome | None:
    return None if view.before is None else Outcome(view.before["left_out"], view.before["metrics"])


def _options(view: ReplanView) -> ReplanOptions:
    return from_document(view.options, settings().max_seconds)


def _problem(run_id: str) -> Problem:
    with reading(database()) as session:
        return load(runs.problem_body(session, run_id))


def _reason(error: Mapping[str, Any] | None) -> str | None:
    return None if error is None else str(error.get("detail") or error.get("title"))
