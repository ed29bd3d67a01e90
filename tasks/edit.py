"""Edits of a plan by hand: looked at first, then applied, unless the plan was changed meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from models.shop.difference import difference
from models.shop.edits import Edit, Edited, Key, edited, prices, read_edit
from models.shop.objective import HOUR, LEVEL_UNIT
from models.shop.problem import Problem
from models.shop.result import objective_name, plan_document
from models.shop.schedule import Schedule
from models.store import origins, plants
from models.store.origins import Origin
from models.store.views import RunView
from models.tables.session import reading
from tasks.base import database
from tasks.disrupt import at as instant_of
from tasks.give import Done, Who
from tasks.planned import Child, Pin, Planned, add, planned

DIGITS = 6
THOUSAND = 1000
TAG_DIGITS = 32


class Changed(Exception):
    """The plan was changed since it was looked at; ``current`` is the run to go on from, where there is one."""

    def __init__(self, current: str | None) -> None:
        super().__init__("the plan was changed meanwhile")
        self.current = current


def tag(session: Session, view: RunView) -> str:
    """What an edit is based on: the plan, and what is in force in its plant. Another once that changes."""
    accepted = None if view.plant is None else plants.in_force(session, view.plant)
    based = f"{view.id} {0 if accepted is None else accepted.number}"
    return hashlib.sha256(based.encode()).hexdigest()[:TAG_DIGITS]


def look(run_id: str, document: Mapping[str, Any], at: datetime | None = None) -> tuple[str, dict[str, Any]]:
    """What an edit would do, without doing it, and the tag to apply it with. ``at`` None: from the plan's beginning on.

    Raises UnknownRun, NoPlan, and InvalidProblem where the edit does not fit the plan.
    """
    plan = planned(run_id)
    with reading(database()) as session:
        seen = tag(session, plan.view)
    _, found, pins = _edited(plan, document, at, None)
    return seen, told(found, pins)


def told(found: Edited, pins: Sequence[Pin]) -> dict[str, Any]:
    """An edit's effect as a document: terms and moves beside the plan without it, what it breaks, what pins cost."""
    problem = found.problem
    before, after = (plan_document(problem, one) for one in (found.before, found.after))
    places = {_key(problem, pin): pin for pin in pins}
    return {
        "difference": difference(before, after),
        "later": _later(problem, found.before, found.after),
        "conflicts": after["fixed_conflicts"],
        "pins": [_priced(problem, places[key], by) for key, by in prices(found) if key in places],
    }


@dataclass(frozen=True, slots=True)
class ApplyEdit:
    """Make the edited plan a schedule of its own that takes the place of ``schedule_id``, if ``seen`` is its tag."""

    schedule_id: str
    document: Mapping[str, Any]
    seen: str
    at: datetime | None = None
    action: ClassVar[str] = "plan.edited"

    def prepared(self, who: Who) -> Callable[[Session], Done[str]]:
        """Works the edit out. Raises UnknownRun, NoPlan, InvalidProblem; applied, Changed where the tag is another."""
        plan = planned(self.schedule_id)
        second, found, pins = _edited(plan, self.document, self.at, who.name)
        detail = {
            "at": instant_of(plan, second),
            **{name: self.document[name] for name in ("moves", "pins", "unpins") if self.document.get(name)},
        }
        origin = Origin(self.schedule_id, "edit", {"edit": detail, "pins": [p.document() for p in pins]}, applied=True)
        problem = replace(found.problem, request_id=None)
        child = Child(problem, found.decisions, origin, first_plan=True)

        def store(session: Session) -> Done[str]:
            current = origins.edited(session, self.schedule_id)
            if current is not None or tag(session, plan.view) != self.seen:
                raise Changed(current or _in_force(session, plan.view))
            run_id = add(session, child, key_id=who.key_id, actor=who.name)
            return Done(run_id, self.schedule_id, {"run": run_id, **detail}, (("plan", run_id, 1),))

        return store


def _in_force(session: Session, view: RunView) -> str | None:
    found = None if view.plant is None else plants.in_force(session, view.plant)
    return None if found is None else found.run_id


def _edited(
    plan: Planned, document: Mapping[str, Any], at: datetime | None, by: str | None
) -> tuple[int, Edited, tuple[Pin, ...]]:
    """The second from which on, the edited plan, and the pins that hold in it."""
    second = 0 if at is None else plan.second(at)
    edit = read_edit(plan.problem, dict(document))
    found = edited(plan.problem, plan.schedule, edit, plan.actuals(second), second, plan.pinned(second))
    return second, found, _pins(plan, edit, found, by)


def _pins(plan: Planned, edit: Edit, found: Edited, by: str | None) -> tuple[Pin, ...]:
    """What people pinned, by now: new pins take the place of older ones."""
    until: dict[Key, str | None] = {move.work: move.until for move in edit.moves if move.stays} | dict(edit.pins)
    known = {plan.number(pin): pin for pin in plan.pins}
    made = []
    for key in found.pinned:
        operation = plan.problem.operations[key[0]]
        if key in until:
            job_id = plan.problem.jobs[operation.job].job_id
            made.append(Pin(job_id, operation.operation_id, key[1], until[key], by))
        elif key in known:
            made.append(known[key])
    return tuple(made)


def _key(problem: Problem, pin: Pin) -> Key:
    numbers = {(problem.jobs[one.job].job_id, one.operation_id): one.number for one in problem.operations}
    return numbers[pin.job_id, pin.operation_id], pin.lot


def _later(problem: Problem, before: Schedule, after: Schedule) -> list[dict[str, Any]]:
    """Jobs that are later behind their due date than before, the worst first; hours."""
    was, now = _tardiness(problem, before), _tardiness(problem, after)
    worse = sorted((job for job in now if now[job] > was.get(job, 0)), key=lambda job: was.get(job, 0) - now[job])
    return [
        {
            "job_id": problem.jobs[job].job_id,
            "before": round(was.get(job, 0) / HOUR, DIGITS),
            "after": round(now[job] / HOUR, DIGITS),
        }
        for job in worse
    ]


def _tardiness(problem: Problem, schedule: Schedule) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in schedule.assignments:
        job = problem.jobs[problem.operations[row.operation].job]
        if job.due is not None:
            found[job.index] = max(found.get(job.index, 0), row.end - job.due)
    return found


def _priced(problem: Problem, pin: Pin, by: Sequence[int]) -> dict[str, Any]:
    """A pin with what each level would gain at once without it."""
    rows: list[dict[str, Any]] = [{"objective": "unscheduled", "value": by[0] / THOUSAND}]
    for level, value in zip(problem.objective, by[1:], strict=True):
        rows.append({"objective": objective_name(level), "value": round(value / LEVEL_UNIT, DIGITS)})
    return {**pin.document(), "price": rows}
