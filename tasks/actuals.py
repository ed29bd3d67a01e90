"""The plan in force of a plant beside what the plant told of its work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from models.shop.performance import performance
from models.store import plants
from models.store.plants import PlanInForce
from models.tables.session import reading
from tasks.base import database
from tasks.planned import planned


class NoPlanInForce(LookupError):
    """The plant has no plan in force."""


def in_force(plant: str) -> PlanInForce:
    """The plan in force of a plant. Raises NoPlanInForce."""
    with reading(database()) as session:
        found = plants.in_force(session, plant)
    if found is None:
        raise NoPlanInForce(plant)
    return found


def actuals(force: PlanInForce, at: datetime | None = None) -> dict[str, Any]:
    """A plan in force beside what was told until ``at`` (None: now), as a document. Raises NoPlan."""
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    plan = planned(force.run_id)
    second = plan.second(moment)
    return {
        "plant": force.plant,
        "number": force.number,
        "schedule_id": force.run_id,
        "at": moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        **performance(plan.problem, plan.schedule, plan.actuals(second), second),
    }
