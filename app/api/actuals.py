"""What plants told of their work: event by event, and beside the plan in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint

from app.auth import guard, role
from app.errors import ApiError
from app.moments import told
from app.openapi import PLANTS, SECURITY, answer, errors
from app.runs import awaited, read_by_a_worker
from app.schemas.actuals import Actuals, EventList, EventsQuery
from app.schemas.answers import Accepted
from app.schemas.plants import PlantPath
from models.shop.executions import Event
from models.store import executions
from models.tables.session import reading
from tasks import deferred, large_reads, matching
from tasks.base import database
from tasks.matching import State, Unmatched

PREFIX = "/v1/plants"

api = APIBlueprint("actuals", __name__, url_prefix=PREFIX, abp_tags=[PLANTS], abp_security=SECURITY)
guard(api)


@api.get(
    "/<plant>/executions",
    summary="What a plant told",
    operation_id="listExecutions",
    responses={200: answer(EventList, "Newest first; `links.next` leads on."), **errors(422)},
)
@role("viewer")
def listing(path: PlantPath, query: EventsQuery) -> Response:
    """Events in the order in which they came, each with what became of it in the plan in force."""
    found = matching.page(path.plant, limit=query.limit + 1, before=query.before)
    shown, more = found[: query.limit], len(found) > query.limit
    place = f"{PREFIX}/{quote(path.plant, safe='')}/executions?limit={query.limit}"
    links = {
        "self": place if query.before is None else f"{place}&before={query.before}",
        "next": f"{place}&before={shown[-1][0].number}" if more else None,
    }
    return jsonify(executions=[_event(path.plant, *row) for row in shown], links=links)


@api.get(
    "/<plant>/actuals",
    summary="The plan in force beside what was told",
    operation_id="getActuals",
    responses={
        200: answer(Actuals, "How far it is, how late, and how long work took beside planned."),
        202: answer(Accepted, "The plan is large: a worker is at it; ask again.", "Retry-After"),
        **errors(404, 422),
    },
)
@role("viewer")
def beside(path: PlantPath) -> Response | tuple[Response, int, dict[str, str]]:
    """Of the work in the plan in force that executions tell of. Work that left the plan is in it no more."""
    from tasks.actuals import NoPlanInForce, actuals, in_force  # noqa: PLC0415  loads the timeline, which the start of a web process must not

    try:
        force = in_force(path.plant)
    except NoPlanInForce:
        raise ApiError(404, "unknown-plant", f"Plant {path.plant[:64]!r} has no plan in force.") from None
    view = deferred.ended(force.run_id)
    if not deferred.is_large(view):
        return jsonify(actuals(force))
    with reading(database()) as session:
        newest = executions.listed(session, path.plant, limit=1)
    moment = datetime.now(UTC).replace(second=0, microsecond=0)
    with read_by_a_worker():
        found = large_reads.actuals(force, newest[0].number if newest else 0, moment)
    return awaited(view) if found is None else Response(found, content_type="application/json")


def told_unmatched(plant: str, event: Event, why: Unmatched) -> str:
    """What is unmatched about an event, in words."""
    job, operation, lot = event.work
    if why == "no_plan":
        return f"plant {plant[:64]!r} has no plan in force yet"
    if why == "unknown_job":
        return f"the plan in force has no job {job!r}"
    if why == "unknown_operation":
        return f"job {job!r} has no operation {operation!r} in the plan in force"
    return f"operation {operation!r} of job {job!r} has no lot {lot} in the plan in force; it does not count"


def _event(plant: str, stored: executions.StoredEvent, state: State, why: Unmatched | None) -> dict[str, Any]:
    event = stored.event
    return {
        "number": stored.number,
        "received_at": told(stored.received_at),
        "event_id": event.event_id,
        "job_id": event.job_id,
        "operation_id": event.operation_id,
        "lot": event.lot,
        "event": event.kind,
        "at": told(event.at),
        "machine_id": event.machine_id,
        "operator_id": event.operator_id,
        "remaining_time": event.left_hours,
        "reason": event.reason,
        "state": state,
        "detail": None if why is None else told_unmatched(plant, event, why),
    }
