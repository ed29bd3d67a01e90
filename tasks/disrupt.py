"""Something broke: the plan in force, shifted right around it at once, is the plan that a search then repairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from models.shop.disruptions import MOVE_PRICE, Repaired, disrupted, priced
from models.shop.objective import as_document, measure
from models.shop.problem import Problem
from models.shop.reading.disruptions import read_disruptions
from models.shop.timeline import replay
from models.store import idempotency
from models.store.idempotency import Claim
from models.store.origins import Origin
from models.store.views import RunView
from tasks import deferred
from tasks.commands import KeyReused
from tasks.deferred import Reserved
from tasks.give import Done, Who
from tasks.planned import Child, Planned, bounds, check_budget, faulty, planned

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Disrupted:
    """The run that repairs a plan: ``shifted`` are the terms of the plan shifted right, which stands at once.

    ``warnings`` tell what of the plan cannot be kept. All of them are None where the plan is large: a worker shifts it,
    and the run's origin tells them then.
    """

    run_id: str
    shifted: Mapping[str, float | None] | None
    released: tuple[tuple[str, str], ...] | None
    warnings: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Disrupt:
    """Repair the plan of ``schedule_id`` after ``disruptions`` (documents) at a moment (None: now).

    Work that starts within ``frozen_hours`` stays where it still can. A move costs ``move_price`` in the repair.
    ``seconds`` is the budget of the repair; None as the problem's. With a ``claim`` only its first request makes a run;
    equal ones that come again get that, others raise KeyReused.
    """

    schedule_id: str
    disruptions: tuple[Mapping[str, Any], ...]
    at: datetime | None = None
    frozen_hours: float = 0.0
    move_price: float = MOVE_PRICE
    seconds: float | None = None
    claim: Claim | None = None
    action: ClassVar[str] = "plan.disrupted"

    def prepared(self, who: Who) -> Callable[[Session], Done[Disrupted]]:
        """Shifts the plan right, or leaves that to a worker where it is large.

        Raises UnknownRun, NoPlan, and InvalidProblem where a disruption does not fit.
        """
        check_budget(self.seconds)
        view = deferred.ended(self.schedule_id)
        child: Child | Reserved
        terms: Mapping[str, float | None] | None = None
        released: tuple[tuple[str, str], ...] | None = None
        warnings: tuple[str, ...] | None = None
        if deferred.is_large(view):
            child = self._reserved(view)
        else:
            child = self.child(planned(self.schedule_id))
            terms = child.origin.detail["shifted"]
            released = tuple((job, operation) for job, operation in child.origin.detail["released"])
            warnings = tuple(child.origin.detail["warnings"])

        def store(session: Session) -> Done[Disrupted]:
            earlier = None if self.claim is None else idempotency.find(session, self.claim.key_id, self.claim.name)
            if earlier is not None and self.claim is not None:
                if earlier.fingerprint != self.claim.fingerprint:
                    raise KeyReused(self.claim.name)
                again = {"run": earlier.run_id, "again": True}
                return Done(Disrupted(earlier.run_id, terms, released, warnings), self.schedule_id, again)
            run_id = child.add(session, key_id=who.key_id, actor=who.name)
            if self.claim is not None:
                idempotency.keep(session, self.claim, run_id)
            told = {"run": run_id, "disruptions": [row.get("type") for row in self.disruptions]}
            return Done(Disrupted(run_id, terms, released, warnings), self.schedule_id, told, (("plan", run_id, 1),))

        return store

    def child(self, plan: Planned) -> Child:
        """The run that repairs ``plan``. Raises InvalidProblem."""
        now = plan.second(self.at)
        wanted = read_disruptions(plan.problem, list(self.disruptions))
        pins = plan.pinned(now)
        frozen = round(self.frozen_hours * HOUR)
        found = disrupted(plan.problem, plan.schedule, wanted, plan.actuals(now), now, frozen, pins, bounds())
        if not found.decisions and all(work.completed for work in found.problem.fixed):
            raise faulty("at", "over", "must be before the plan's end: nothing of it is left to be planned then")
        problem = repairing(found.problem, self.move_price, self.seconds)
        detail = {
            "at": at(plan, now),
            "disruptions": [dict(row) for row in self.disruptions],
            "frozen_hours": self.frozen_hours,
            "move_price": self.move_price,
            "shifted": as_document(measure(problem, replay(problem, found.decisions))),
            "pins": [pin.document() for pin in plan.pins if plan.number(pin) in pins and _still(found, pin)],
            "released": [list(one) for one in found.released],
            "warnings": list(found.merged),
        }
        return Child(problem, found.decisions, Origin(self.schedule_id, "disruption", detail))

    def _reserved(self, view: RunView) -> Reserved:
        deferred.check_ids(view.id, ((f"disruptions[{i}]", row) for i, row in enumerate(self.disruptions)))
        command = {
            "disruptions": [dict(row) for row in self.disruptions],
            "at": deferred.moment(self.at),
            "frozen_hours": self.frozen_hours,
            "move_price": self.move_price,
            "seconds": self.seconds,
        }
        return Reserved(view, Origin(self.schedule_id, "disruption", {}), command, self.seconds)

    @classmethod
    def of(cls, schedule_id: str, command: Mapping[str, Any]) -> Disrupt:
        """The command that was stored of a large plan."""
        at = datetime.fromisoformat(command["at"])
        return cls(schedule_id, **{**command, "disruptions": tuple(command["disruptions"]), "at": at})


def _still(found: Repaired, pin: Any) -> bool:
    return (pin.job_id, pin.operation_id) not in found.released


def at(plan: Planned, second: int) -> str:
    """The moment at which a plan was changed, never before its second zero, as an instant in the plant's zone."""
    return datetime.fromtimestamp(plan.problem.epoch + max(0, second), plan.problem.zone).isoformat()


def repairing(problem: Problem, move_price: float, seconds: float | None) -> Problem:
    """The problem with a price per moved operation in its first level, and a budget."""
    options = replace(problem.options, deterministic=False)
    if seconds is not None:
        options = replace(options, seconds=seconds)
    return replace(problem, objective=priced(problem.objective, move_price), options=options, request_id=None)
