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
from tasks import deferred
from tasks.base import database
from tasks.deferred import Reserved
from tasks.disrupt import at as instant_of
from tasks.give import Done, Who
from tasks.planned import Child, Pin, Planned, planned

DIGITS = 6
THOUSAND = 1000
TAG_DIGITS = 32
LISTS = ("moves", "pins", "unpins")


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


def based(view: RunView) -> str:
    """The tag of an edit that is made now."""
    with reading(database()) as session:
        return tag(session, view)


def look(run_id: str, document: Mapping[str, Any], at: datetime | None = None) -> tuple[str, dict[str, Any]]:
    """What an edit would do, without doing it, and the tag to apply it with. ``at`` None: from the plan's beginning on.

    Raises UnknownRun, NoPlan, and InvalidProblem where the edit does not fit the plan.
    """
    plan = planned(run_id)
    seen = based(plan.view)
    _, found, pins = _edited(plan, document, at, None)
    return seen, told(run_id, found, pins)


def told(run_id: str, found: Edited, pins: Sequence[Pin]) -> dict[str, Any]:
    """An edit's effect as a document: terms and moves beside the plan without it, what it breaks, what pins cost."""
    problem = found.problem
    before, after = (plan_document(problem, one) for one in (found.before, found.after))
    before["schedule_id"] = run_id
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
        """Works the edit out, or leaves that to a worker where the plan is large.

        Raises UnknownRun, NoPlan, InvalidProblem; applied, Changed where the tag is another.
        """
        view = deferred.ended(self.schedule_id)
        child: Child | Reserved
        if deferred.is_large(view):
            child = self._reserved(view, who.name)
            detail = {"at": None if self.at is None else self.at.isoformat(), **self._asked()}
        else:
            child = self.child(planned(self.schedule_id), who.name)
            detail = dict(child.origin.detail["edit"])

        def store(session: Session) -> Done[str]:
            current = origins.edited(session, self.schedule_id)
            if current is not None or tag(session, view) != self.seen:
                raise Changed(current or _in_force(session, view))
            run_id = child.add(session, key_id=who.key_id, actor=who.name)
            return Done(run_id, self.schedule_id, {"run": run_id, **detail}, (("plan", run_id, 1),))

        return store

    def child(self, plan: Planned, by: str) -> Child:
        """The run of the edited plan. Raises InvalidProblem."""
        second, found, pins = _edited(plan, self.document, self.at, by)
        detail = {
            "edit": {"at": instant_of(plan, second), **self._asked()},
            "pins": [pin.document() for pin in pins],
        }
        problem = replace(found.problem, request_id=None)
        return Child(problem, found.decisions, Origin(self.schedule_id, "edit", detail, applied=True), first_plan=True)

    def _reserved(self, view: RunView, by: str) -> Reserved:
        check_ids(view.id, self.document)
        at = None if self.at is None else self.at.isoformat()
        command = {"document": dict(self.document), "at": at, "by": by}
        return Reserved(view, Origin(self.schedule_id, "edit", {}, applied=True), command, first_plan=True)

    def _asked(self) -> dict[str, Any]:
        return {name: self.document[name] for name in LISTS if self.document.get(name)}


def stored(schedule_id: str, command: Mapping[str, Any], plan: Planned) -> Child:
    """The run of an edit of a large plan that was stored as ``command``. Raises InvalidProblem."""
    at = None if command["at"] is None else datetime.fromisoformat(command["at"])
    return ApplyEdit(schedule_id, command["document"], "", at).child(plan, command["by"])


def check_ids(run_id: str, document: Mapping[str, Any]) -> None:
    """Raises InvalidProblem for ids that the plan's problem does not have, told without reading it."""
    lists = ((name, document.get(name)) for name in LISTS)
    rows = ((name, value) for name, value in lists if isinstance(value, list))
    deferred.check_ids(run_id, ((f"{name}[{i}]", row) for name, value in rows for i, row in enumerate(value)))


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
