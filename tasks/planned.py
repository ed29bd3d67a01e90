"""A run that has ended with a plan, and what the plant has told since: what every change of a plan begins with."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from models.settings import settings
from models.shop.actual import Actual
from models.shop.canonical import canonical_bytes
from models.shop.executions import Event, actuals
from models.shop.faults import Fault, InvalidProblem, shown
from models.shop.parse import Bounds, load
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.result_reader import read_result
from models.shop.schedule import Decision, Schedule
from models.store import executions, origins, reserved, runs
from models.store.origins import Origin
from models.store.views import RunView
from models.tables.session import reading
from tasks.base import database
from tasks.board import to_bytes
from tasks.checked import checked
from tasks.give import NoPlan, UnknownRun


@dataclass(frozen=True, slots=True)
class Pin:
    """Work that people pinned, until a moment (RFC 3339) or for good."""

    job_id: str
    operation_id: str
    lot: int = 1
    until: str | None = None
    by: str | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether it still does at a moment."""
        return self.until is None or datetime.fromisoformat(self.until) > moment

    def document(self) -> dict[str, Any]:
        """As it is stored and told."""
        return {name: getattr(self, name) for name in ("job_id", "operation_id", "lot", "until", "by")}


@dataclass(frozen=True, slots=True)
class Planned:
    """The relaxed problem of an ended run, its result document and the plan in it, and what the plant has told."""

    view: RunView
    problem: Problem
    document: dict[str, Any]
    schedule: Schedule
    events: Sequence[Event]
    pins: tuple[Pin, ...]

    def second(self, at: datetime | None) -> int:
        """A moment (None: now) in seconds from the problem's second zero."""
        return round((at or datetime.now(UTC)).timestamp()) - self.problem.epoch

    def actuals(self, second: int) -> Sequence[Actual]:
        """What the plant told of the work until then."""
        return actuals(self.problem, self.schedule, self.events, second)

    def pinned(self, second: int) -> Collection[tuple[int, int]]:
        """The (operation, lot) that people pinned and that is still to stay then."""
        moment = datetime.fromtimestamp(self.problem.epoch + second, UTC)
        return {found for pin in self.pins if pin.holds(moment) for found in [self.number(pin)] if found is not None}

    def number(self, pin: Pin) -> tuple[int, int] | None:
        """Where a pin's work is in the problem; None where it is gone."""
        for job in self.problem.jobs:
            if job.job_id == pin.job_id:
                for number in job.operations:
                    if self.problem.operations[number].operation_id == pin.operation_id:
                        return number, pin.lot
        return None


def planned(run_id: str) -> Planned:
    """An ended run with its plan. Raises UnknownRun, and NoPlan where it goes on or has none."""
    with reading(database()) as session:
        view = runs.get(session, run_id)
        if view is None:
            raise UnknownRun(run_id)
        result = runs.result(session, run_id) if view.ended else None
        if result is None:
            raise NoPlan(view)
        body, origin = runs.problem_body(session, run_id), origins.of(session, run_id)
        events = [] if view.plant is None else executions.of_plant(session, view.plant)
    problem = relaxed(load(body, bounds()))
    document = json.loads(result)
    pins = () if origin is None else tuple(Pin(**row) for row in origin.detail.get("pins", ()))
    return Planned(view, problem, document, read_result(problem, document)[0], events, pins)


def bounds() -> Bounds:
    """The limits of a problem in this process."""
    config = settings()
    return Bounds(
        max_operations=config.max_operations,
        max_options=config.max_options,
        max_depth=config.max_depth,
        max_seconds=config.max_seconds,
    )


@dataclass(frozen=True, slots=True)
class Child:
    """A run to be made from a plan: its problem, and the plan it begins with. ``body`` is the problem as it is stored.

    Raises InvalidProblem where a worker could not read the problem again: better refused now than failed later.
    """

    problem: Problem
    decisions: tuple[Decision, ...]
    origin: Origin
    first_plan: bool = False
    body: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", canonical_bytes(self.problem))
        load(self.body, bounds())

    def add(self, session: Session, *, key_id: str | None, actor: str) -> str:
        """Stores it; the answer is its id. Its message, (``plan``, id, 1), is for the caller."""
        short = checked(self.problem)
        summary = replace(short.summary, first_plan=self.first_plan)
        run_id = runs.submit(session, body=self.body, digest=short.digest, summary=summary, key_id=key_id, actor=actor)
        origins.keep(session, run_id, self.origin, to_bytes(self.decisions))
        return run_id

    def fill(self, session: Session, run_id: str, attempt: int) -> bool:
        """Makes it the problem of a run that was reserved for it; False where that has one, has ended or moved on."""
        short = checked(self.problem)
        summary = replace(short.summary, first_plan=self.first_plan)
        if not reserved.fill(session, run_id, attempt, body=self.body, digest=short.digest, summary=summary):
            return False
        origins.refine(session, run_id, self.origin.detail, to_bytes(self.decisions))
        return True


def check_budget(seconds: float | None) -> None:
    """Raises InvalidProblem for a ``time_limit_seconds`` above what a request may ask for."""
    most = settings().max_seconds
    if seconds is not None and seconds > most:
        raise faulty("time_limit_seconds", "maximum", f"must be at most {most}", shown(seconds))


def faulty(field: str, rule: str, message: str, value: str = "") -> InvalidProblem:
    """One fault of a command."""
    return InvalidProblem([Fault(field, rule, message, value)])
