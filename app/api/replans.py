"""When plants are replanned, and what came of each replan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, jsonify, request
from flask_openapi3.blueprint import APIBlueprint

from app.auth import guard, role
from app.errors import ApiError
from app.forms import asker, form_body, read_form
from app.moments import told
from app.openapi import PLANTS, SECURITY, answer, errors
from app.schemas.plants import (
    Replan,
    ReplanForm,
    ReplanList,
    ReplanPath,
    ReplansQuery,
    Timetable,
    TimetableForm,
    TimetableList,
    TimetablePath,
    TimetablesQuery,
)
from models.shop.faults import Fault, InvalidProblem, shown
from models.store import replan_schedules, replans
from models.store import replan_schedules as store
from models.store.ids import is_run_id
from models.store.replan_schedules import ScheduleView
from models.store.replans import OPEN, ReplanView
from models.tables.session import reading
from tasks.base import database
from tasks.give import give
from tasks.plant_commands import (
    AddReplanSchedule,
    Changed,
    ChangeReplanSchedule,
    NameTaken,
    RemoveReplanSchedule,
    ReplanNow,
    UnknownSchedule,
)

SCHEDULES, REPLANS = "/v1/replan-schedules", "/v1/replans"
POLL_SECONDS = "2"

NIGHTLY = {
    "plant": "main",
    "name": "nightly",
    "cron": "30 2 * * *",
    "time_zone": "Europe/Berlin",
    "ready_by": "05:30",
    "options": {"seconds": 600, "frozen_hours": 8, "max_moves": 50},
}

api = APIBlueprint("replans", __name__, url_prefix="/v1", abp_tags=[PLANTS], abp_security=SECURITY)
guard(api)


@api.post(
    "/replan-schedules",
    summary="Replan a plant on schedule",
    operation_id="addReplanSchedule",
    openapi_extensions=form_body(TimetableForm, "When, and how.", NIGHTLY),
    responses={201: answer(Timetable, "Stored.", "Location", "ETag"), **errors(400, 409, 413, 415, 422)},
)
@role("planner")
def add() -> tuple[Response, int]:
    """Each due time happens once, at the local time of the zone, daylight saving included."""
    form = read_form(TimetableForm)
    with _refused():
        view = give(AddReplanSchedule(_table(form)), asker(form.why))
    response = _schedule_answer(view)
    response.headers["Location"] = f"{SCHEDULES}/{view.id}"
    return response, 201


@api.get(
    "/replan-schedules",
    summary="List replan schedules",
    operation_id="listReplanSchedules",
    responses={200: answer(TimetableList, "By plant and name."), **errors(422)},
)
@role("viewer")
def schedules(query: TimetablesQuery) -> Response:
    """All, or those of a plant."""
    with reading(database()) as session:
        found = replan_schedules.listed(session, query.plant)
    return jsonify(replan_schedules=[_schedule(view) for view in found])


@api.get(
    "/replan-schedules/<schedule_id>",
    summary="A replan schedule",
    operation_id="getReplanSchedule",
    responses={200: answer(Timetable, "As it is.", "ETag"), **errors(404, 422)},
)
@role("viewer")
def schedule(path: TimetablePath) -> Response:
    """When it is due next, and how it replans."""
    with reading(database()) as session:
        view = replan_schedules.get(session, _known_schedule(path.schedule_id))
    if view is None:
        raise _unknown_schedule(path.schedule_id)
    return _schedule_answer(view)


@api.put(
    "/replan-schedules/<schedule_id>",
    summary="Change a replan schedule",
    operation_id="changeReplanSchedule",
    openapi_extensions=form_body(TimetableForm, "When, and how; it is replaced as a whole.", NIGHTLY),
    responses={200: answer(Timetable, "Changed.", "ETag"), **errors(400, 404, 409, 412, 413, 415, 422)},
)
@role("planner")
def change(path: TimetablePath) -> Response:
    """With If-Match only where it still is at that version. `enabled` switches it off and on."""
    form = read_form(TimetableForm)
    schedule_id = _known_schedule(path.schedule_id)
    with _refused():
        view = give(ChangeReplanSchedule(schedule_id, _table(form), _version(schedule_id)), asker(form.why))
    return _schedule_answer(view)


@api.delete(
    "/replan-schedules/<schedule_id>",
    summary="Delete a replan schedule",
    operation_id="removeReplanSchedule",
    responses={204: {"description": "It is gone; the plans that it made stay."}, **errors(404, 422)},
)
@role("planner")
def remove(path: TimetablePath) -> tuple[str, int]:
    """With what is told of its replans."""
    with _refused():
        give(RemoveReplanSchedule(_known_schedule(path.schedule_id)), asker(None))
    return "", 204


@api.post(
    "/replans",
    summary="Replan a plant now",
    operation_id="replanNow",
    openapi_extensions=form_body(ReplanForm, "How.", {"plant": "main", "options": {"seconds": 30}}),
    responses={202: answer(Replan, "A worker takes it up.", "Location", "Retry-After"), **errors(400, 413, 415, 422)},
)
@role("planner")
def ask() -> tuple[Response, int, dict[str, str]]:
    """Takes a snapshot, carries the plan in force on to now, solves, compares, and puts in force or holds."""
    form = read_form(ReplanForm)
    with _refused():
        replan_id = give(ReplanNow(form.plant, _plain(form.options)), asker(form.why))
    with reading(database()) as session:
        view = replans.get(session, replan_id)
    assert view is not None
    return jsonify(_replan(view)), 202, {"Location": f"{REPLANS}/{replan_id}", "Retry-After": POLL_SECONDS}


@api.get(
    "/replans",
    summary="List replans",
    operation_id="listReplans",
    responses={200: answer(ReplanList, "Those due last first."), **errors(422)},
)
@role("viewer")
def listing(query: ReplansQuery) -> Response:
    """What was due, and what came of it."""
    with reading(database()) as session:
        found = replans.listed(session, plant=query.plant, schedule_id=query.schedule_id, limit=query.limit)
    return jsonify(replans=[_replan(view) for view in found])


@api.get(
    "/replans/<replan_id>",
    summary="A replan",
    operation_id="getReplan",
    responses={200: answer(Replan, "Retry-After is there until it has ended.", "Retry-After"), **errors(404, 422)},
)
@role("viewer")
def replan(path: ReplanPath) -> Response:
    """How it stands; once it has ended, its plan beside going on with the plan in force, and why it was held."""
    with reading(database()) as session:
        view = replans.get(session, path.replan_id) if is_run_id(path.replan_id) else None
    if view is None:
        raise _unknown_replan(path.replan_id)
    response = jsonify(_replan(view))
    if view.state in OPEN:
        response.headers["Retry-After"] = POLL_SECONDS
    return response


@contextmanager
def _refused() -> Iterator[None]:
    """Answers 404, 409 and 412 where a command cannot be done."""
    try:
        yield
    except UnknownSchedule as error:
        raise _unknown_schedule(str(error)) from None
    except NameTaken as error:
        raise ApiError(409, "name-taken", f"{str(error).capitalize()}.") from None
    except Changed as error:
        raise ApiError(412, "schedule-changed", f"{str(error).capitalize()}; nothing was changed.") from None


def _version(schedule_id: str) -> int | None:
    """The version that If-Match names; None without the header."""
    if not request.if_match:
        return None
    with reading(database()) as session:
        view = replan_schedules.get(session, schedule_id)
    if view is None:
        raise UnknownSchedule(schedule_id)
    return view.version if request.if_match.contains(str(view.version)) else -1


def _table(form: TimetableForm) -> store.Timetable:
    return store.Timetable(
        form.plant,
        form.name,
        form.cron,
        form.time_zone,
        form.missed,
        form.ready_by,
        form.enabled,
        _plain(form.options),
    )


def _plain(options: Any) -> dict[str, Any]:
    """Options as they came: the shop's own checks read them."""
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise InvalidProblem([Fault("options", "type", "must be an object", shown(options))])
    return options


def _known_schedule(text: str) -> str:
    if not is_run_id(text):
        raise _unknown_schedule(text)
    return text


def _unknown_schedule(text: str) -> ApiError:
    return ApiError(404, "unknown-replan-schedule", f"There is no replan schedule {text[:64]!r}.")


def _unknown_replan(text: str) -> ApiError:
    return ApiError(404, "unknown-replan", f"There is no replan {text[:64]!r}.")


def _schedule_answer(view: ScheduleView) -> Response:
    response = jsonify(_schedule(view))
    response.set_etag(str(view.version))
    return response


def _schedule(view: ScheduleView) -> dict[str, Any]:
    return {
        "id": view.id,
        "plant": view.plant,
        "name": view.name,
        "cron": view.cron,
        "time_zone": view.time_zone,
        "missed": view.missed,
        "ready_by": view.ready_by,
        "enabled": view.enabled,
        "options": dict(view.options),
        "version": view.version,
        "next_due_at": told(view.next_due_at),
        "links": {"self": f"{SCHEDULES}/{view.id}", "replans": f"{REPLANS}?schedule_id={view.id}"},
    }


def _replan(view: ReplanView) -> dict[str, Any]:
    return {
        "id": view.id,
        "plant": view.plant,
        "schedule_id": view.schedule_id,
        "state": view.state,
        "due_at": told(view.due_at),
        "ready_by_at": told(view.ready_by_at),
        "late": view.late,
        "finished_at": told(view.finished_at),
        "asked_by": view.asked_by,
        "attempt": view.attempt,
        "options": dict(view.options),
        "snapshot_id": view.snapshot_id,
        "runs": [run_id for run_id, _ in view.tries],
        "warnings": [] if view.before is None else list(view.before.get("warnings", ())),
        "comparison": None if view.comparison is None else dict(view.comparison),
        "error": None if view.error is None else dict(view.error),
        "links": {"self": f"{REPLANS}/{view.id}"},
    }
