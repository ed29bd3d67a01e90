"""Submit a problem, follow it, fetch its plan, cancel it, list what was asked."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from flask import Response, current_app, jsonify, request
from flask_openapi3.blueprint import APIBlueprint

from app.auth import SETTINGS, caller, guard, role
from app.bodies import read_json
from app.errors import ApiError
from app.intake import parsed
from app.openapi import SCHEDULES, SECURITY, answer, errors, problem_body
from app.schemas.answers import Accepted, ListQuery, Result, RunList, RunStatus, SchedulePath
from models.settings import Settings
from models.store.views import OPEN_STATES
from tasks import commands, queries

PREFIX = "/v1/schedules"
POLL_SECONDS = "1"
"""``Retry-After`` of a run that has not ended."""

RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

api = APIBlueprint("schedules", __name__, url_prefix=PREFIX, abp_tags=[SCHEDULES], abp_security=SECURITY)
guard(api)


@api.post(
    "",
    summary="Submit a problem",
    operation_id="submitSchedule",
    openapi_extensions=problem_body(),
    responses={
        202: answer(Accepted, "Stored; it will end in a plan or a stored error.", "Location", "Retry-After"),
        **errors(400, 413, 415, 422),
    },
)
@role("planner")
def submit() -> tuple[Response, int, dict[str, str]]:
    """Checks the problem, stores it and answers at once. Poll the Location for its state."""
    settings: Settings = current_app.extensions[SETTINGS]
    body = read_json(request, settings.max_body_bytes)
    run_id = commands.submit(body, parsed(body, settings), caller().id)
    headers = {"Location": f"{PREFIX}/{run_id}", "Retry-After": POLL_SECONDS}
    return jsonify(id=run_id, state="queued", links=_links(run_id)), 202, headers


@api.get(
    "/<run_id>",
    summary="State and progress",
    operation_id="getSchedule",
    responses={
        200: answer(RunStatus, "Retry-After is there until the run has ended.", "Retry-After"),
        **errors(404),
    },
)
@role("viewer")
def status(path: SchedulePath) -> tuple[Response, int, dict[str, str]]:
    """How the run stands, how far it is, and the best value of each objective level so far."""
    found = queries.status(_known_form(path.run_id))
    if found is None:
        raise _unknown(path.run_id)
    headers = {"Retry-After": POLL_SECONDS} if found["state"] in OPEN_STATES else {}
    return jsonify(found | {"links": _links(path.run_id)}), 200, headers


@api.get(
    "/<run_id>/result",
    summary="The plan",
    operation_id="getResult",
    responses={200: answer(Result, "A checked plan, also of a cancelled run that had one."), **errors(404, 409)},
)
@role("viewer")
def result(path: SchedulePath) -> Response:
    """The plan of a run that has ended. A failed run answers 409 with its stored error in `error`."""
    document = queries.result(_known_form(path.run_id))
    if document is None:
        found = queries.status(path.run_id)
        if found is None:
            raise _unknown(path.run_id)
        raise _no_plan(found)
    return Response(document, content_type="application/json")


@api.delete(
    "/<run_id>",
    summary="Cancel",
    operation_id="cancelSchedule",
    responses={
        200: answer(Accepted, "It had ended already; nothing was changed."),
        202: answer(Accepted, "It stops soon and keeps the best plan it has.", "Retry-After"),
        **errors(404),
    },
)
@role("planner")
def cancel(path: SchedulePath) -> tuple[Response, int, dict[str, str]]:
    """Asks a run to stop early. Asking again changes nothing."""
    view = commands.cancel(_known_form(path.run_id), caller().id)
    if view is None:
        raise _unknown(path.run_id)
    body = jsonify(id=view.id, state=view.state, links=_links(view.id))
    return (body, 200, {}) if view.ended else (body, 202, {"Retry-After": POLL_SECONDS})


@api.get(
    "",
    summary="List, newest first",
    operation_id="listSchedules",
    responses={200: answer(RunList, "A page; `links.next` leads to the next, older one."), **errors(422)},
)
@role("viewer")
def listing(query: ListQuery) -> Response:
    """What was asked, newest first, without progress."""
    found = queries.listed(state=query.state, plant=query.plant, limit=query.limit + 1, before=query.before)
    page = found[: query.limit]
    rows = [row | {"links": _links(str(row["id"]))} for row in page]
    older = page[-1]["id"] if len(found) > query.limit else None
    return jsonify(schedules=rows, links={"self": _page(query), "next": _page(query, older) if older else None})


def _known_form(run_id: str) -> str:
    if not RUN_ID.fullmatch(run_id):
        raise _unknown(run_id)
    return run_id


def _links(run_id: str) -> dict[str, str]:
    return {"self": f"{PREFIX}/{run_id}", "result": f"{PREFIX}/{run_id}/result"}


def _page(query: ListQuery, before: object = None) -> str:
    asked = query.model_dump(exclude_none=True, exclude_unset=True) | ({"before": before} if before else {})
    return f"{PREFIX}?{urlencode(asked)}" if asked else PREFIX


def _unknown(run_id: str) -> ApiError:
    return ApiError(404, "unknown-schedule", f"There is no schedule {run_id[:64]!r}.")


def _no_plan(found: dict[str, object]) -> ApiError:
    state = found["state"]
    if state in OPEN_STATES:
        detail = "There is no plan yet; poll the schedule until its state is finished."
        return ApiError(409, "not-finished", detail, headers={"Retry-After": POLL_SECONDS}, state=state)
    if state == "failed":
        return ApiError(409, "run-failed", "The run failed; `error` says why.", state=state, error=found["error"])
    return ApiError(409, "no-plan", "The run was cancelled before it had a plan.", state=state)
