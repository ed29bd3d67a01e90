"""Plants: their snapshots, and their plans in force."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask_openapi3.blueprint import APIBlueprint

from app.auth import caller, guard, role
from app.errors import ApiError
from app.forms import asker, form_body, read_form
from app.moments import told
from app.openapi import PLANTS, SECURITY, answer, errors
from app.runs import known_form, links, unknown
from app.schemas.plants import (
    AcceptForm,
    HistoryQuery,
    IngestAccepted,
    PlanHistory,
    PlanInForce,
    Plant,
    PlantList,
    PlantPath,
    SnapshotList,
    SnapshotsQuery,
)
from models.store import plants, snapshots
from models.store.snapshots import SnapshotView
from models.tables.session import reading
from monitoring.logs import get
from tasks.base import database
from tasks.commands import send
from tasks.give import give
from tasks.plant_commands import AcceptPlan

log = get(__name__)

PREFIX = "/v1/plants"
EXAMPLE = {"schedule_id": "01a209ff-5352-768c-b69a-825bfd3c21b5", "why": "fewer late jobs"}

api = APIBlueprint("plants", __name__, url_prefix=PREFIX, abp_tags=[PLANTS], abp_security=SECURITY)
guard(api)


@api.get("", summary="List plants", operation_id="listPlants", responses={200: answer(PlantList, "All."), **errors()})
@role("viewer")
def listing() -> Response:
    """Plants that have a snapshot or a plan in force, by name."""
    with reading(database()) as session:
        names = plants.names(session)
        found = [_standing(name, plants.in_force(session, name), snapshots.latest(session, name)) for name in names]
    return jsonify(plants=found)


@api.get(
    "/<plant>",
    summary="A plant, with its plan in force",
    operation_id="getPlant",
    responses={
        200: answer(Plant, "ETag is the number of the plan in force, 0 without one.", "ETag"),
        **errors(404, 422),
    },
)
@role("viewer")
def status(path: PlantPath) -> Response:
    """The plan in force and the last snapshot."""
    with reading(database()) as session:
        force, snapshot = plants.in_force(session, path.plant), snapshots.latest(session, path.plant)
    if force is None and snapshot is None:
        raise ApiError(404, "unknown-plant", f"Plant {path.plant[:64]!r} has neither a snapshot nor a plan in force.")
    response = jsonify(_standing(path.plant, force, snapshot))
    response.set_etag(str(0 if force is None else force.number))
    return response


@api.post(
    "/<plant>/plan",
    summary="Put a plan in force",
    operation_id="acceptPlan",
    openapi_extensions=form_body(AcceptForm, "Whose plan.", EXAMPLE),
    responses={200: answer(PlanInForce, "It is in force.", "ETag"), **errors(400, 404, 409, 412, 413, 415, 422)},
)
@role("planner")
def accept(path: PlantPath) -> Response:
    """Puts the plan of an ended schedule in force. With If-Match only in the place of the plan with that number."""
    form = read_form(AcceptForm)
    schedule_id = known_form(form.schedule_id)
    try:
        found = give(AcceptPlan(path.plant, schedule_id, _expected(path.plant)), asker(form.why))
    except LookupError:
        raise unknown(schedule_id) from None
    except plants.NotAcceptable as error:
        raise ApiError(409, "not-acceptable", f"{str(error).capitalize()}.") from None
    except plants.Overtaken as error:
        raise _changed(error.current) from None
    response = jsonify(_plan(found))
    response.set_etag(str(found.number))
    return response


@api.get(
    "/<plant>/plans",
    summary="Plans that were in force",
    operation_id="listPlansInForce",
    responses={200: answer(PlanHistory, "Newest first; go on with `before`."), **errors(422)},
)
@role("viewer")
def history(path: PlantPath, query: HistoryQuery) -> Response:
    """The plan in force and those before it, with who accepted each, when and why."""
    with reading(database()) as session:
        found = plants.history(session, path.plant, limit=query.limit, before=query.before)
    return jsonify(plans=[_plan(plan) for plan in found])


@api.get(
    "/<plant>/snapshots",
    summary="Snapshots of a plant's data",
    operation_id="listSnapshots",
    responses={200: answer(SnapshotList, "Newest first."), **errors(422)},
)
@role("viewer")
def snapshot_list(path: PlantPath, query: SnapshotsQuery) -> Response:
    """What was read, what was refused and why, newest first."""
    with reading(database()) as session:
        found = snapshots.listed(session, path.plant, limit=query.limit)
    return jsonify(snapshots=[_snapshot(view) for view in found])


@api.post(
    "/<plant>/snapshots",
    summary="Read a plant's data",
    operation_id="takeSnapshot",
    responses={202: answer(IngestAccepted, "A worker reads them."), **errors(404, 422)},
)
@role("planner")
def ingest(path: PlantPath) -> tuple[Response, int]:
    """Has a worker take a snapshot, as the plant's mapping says."""
    from tasks.ingest import NoMapping, mapping_of  # noqa: PLC0415  loads what reads plants, which the start of a web process must not

    try:
        mapping_of(path.plant)
    except NoMapping as error:
        raise ApiError(404, "no-mapping", f"{error}.") from None
    if not send("ingest", path.plant):
        detail = "Redis does not answer, so that no worker can be sent for it. Try again shortly."
        raise ApiError(503, "redis-unavailable", detail, headers={"Retry-After": "2"})
    log.info("ingest_asked", plant=path.plant, by=caller().id)
    return jsonify(plant=path.plant, links={"snapshots": f"{PREFIX}/{path.plant}/snapshots"}), 202


def _expected(plant: str) -> int | None:
    """The number of the plan that If-Match names; None without the header. Raises ApiError 412 for another one."""
    if not request.if_match:
        return None
    with reading(database()) as session:
        force = plants.in_force(session, plant)
    current = 0 if force is None else force.number
    if not request.if_match.contains(str(current)):
        raise _changed(current)
    return current


def _changed(current: int) -> ApiError:
    detail = f"The plan in force is number {current}, not the one that If-Match names; nothing was changed."
    return ApiError(412, "plan-changed", detail)


def _standing(plant: str, force: plants.PlanInForce | None, snapshot: SnapshotView | None) -> dict[str, Any]:
    return {
        "plant": plant,
        "plan_in_force": None if force is None else _plan(force),
        "snapshot": None if snapshot is None else _snapshot(snapshot),
    }


def _plan(plan: plants.PlanInForce) -> dict[str, Any]:
    where = links(plan.run_id)
    return {
        "number": plan.number,
        "schedule_id": plan.run_id,
        "accepted_at": told(plan.accepted_at),
        "accepted_by": plan.accepted_by,
        "rule": plan.rule,
        "why": plan.why,
        "links": {"schedule": where["self"], "result": where["result"]},
    }


def _snapshot(view: SnapshotView) -> dict[str, Any]:
    return {
        "id": view.id,
        "state": view.state,
        "taken_at": told(view.taken_at),
        "jobs": view.jobs,
        "hours": view.hours,
        "generated": view.generated,
        "rows": dict(view.rows),
        "refused_total": view.refused_total,
        "refused": [dict(row) for row in view.refused],
        "stopped": list(view.stopped),
    }
