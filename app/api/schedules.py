"""Submit a problem, follow it, fetch its plan, cancel it, list what was asked."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, current_app, jsonify, request
from flask_openapi3.blueprint import APIBlueprint

from app import idempotency
from app.auth import SETTINGS, caller, guard, role
from app.bodies import read_json
from app.cursors import to_cursor
from app.errors import ApiError
from app.intake import accepted
from app.openapi import SCHEDULES, SECURITY, UNCHANGED, answer, errors, problem_body
from app.results import result_answer
from app.runs import POLL_SECONDS, PREFIX, known_form, links, no_plan, redis_away, unknown
from app.schemas.answers import Accepted, Result, RunList, RunStatus
from app.schemas.explanation import Explanation
from app.schemas.queries import ListQuery, SchedulePath, SubmitQuery, WhyQuery
from models.settings import Settings
from models.shop.faults import shown
from models.store.views import OPEN_STATES
from tasks import commands, queries
from tasks.why import RedisAway
from tasks.why import why as explained

REVALIDATE = "private, no-cache"
"""``Cache-Control`` of what has an ETag: it may be kept by its caller, and is asked for again before it is used."""

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
def submit(query: SubmitQuery) -> tuple[Response, int, dict[str, str]]:
    """Checks the problem, stores it and answers at once. Poll the Location for its state."""
    settings: Settings = current_app.extensions[SETTINGS]
    body = read_json(request, settings.max_body_bytes)
    claim = idempotency.claimed(request, caller().id, body)
    try:
        run_id = None if claim is None else commands.submitted(claim)
        if run_id is None:
            problem = accepted(body, settings)
            run_id = commands.submit(body, problem, caller().id, first_plan=query.first_plan, claim=claim)
    except commands.KeyReused as error:
        raise idempotency.reused(str(error)) from None
    headers = {"Location": f"{PREFIX}/{run_id}", "Retry-After": POLL_SECONDS}
    return jsonify(id=run_id, state="queued", links=links(run_id)), 202, headers


@api.get(
    "/<run_id>",
    summary="State and progress",
    operation_id="getSchedule",
    responses={
        200: answer(RunStatus, "Retry-After is there until the run has ended.", "Retry-After", "ETag"),
        304: UNCHANGED,
        **errors(404),
    },
)
@role("viewer")
def status(path: SchedulePath) -> Response:
    """How the run stands, how far it is, and the best value of each objective level so far."""
    found = queries.status(known_form(path.run_id))
    if found is None:
        raise unknown(path.run_id)
    response = jsonify(found | {"links": links(path.run_id)})
    if found["state"] in OPEN_STATES:
        response.headers["Retry-After"] = POLL_SECONDS
    response.headers["Cache-Control"] = REVALIDATE
    response.add_etag(weak=True)
    response.make_conditional(request)
    return response


@api.get(
    "/<run_id>/result",
    summary="The plan",
    operation_id="getResult",
    responses={
        200: answer(Result, "A checked plan. With Retry-After it may still be improved.", "Retry-After", "ETag"),
        304: UNCHANGED,
        **errors(404, 409),
    },
)
@role("viewer")
def result(path: SchedulePath) -> Response:
    """The plan that the run ended with, or its best so far. A failed run answers 409 with its stored `error`."""
    found = queries.plan(known_form(path.run_id))
    if found is None:
        raise unknown(path.run_id)
    if found.packed is None:
        raise no_plan(found.view)
    response = result_answer(request, found.packed)
    response.headers["Cache-Control"] = REVALIDATE
    if not found.final:
        response.headers["Retry-After"] = POLL_SECONDS
    return response


@api.get(
    "/<run_id>/why",
    summary="Why jobs are late or left out",
    operation_id="getWhy",
    responses={
        200: answer(Explanation, "With Retry-After `conflicts` are still being searched for.", "Retry-After"),
        202: answer(Accepted, "A worker is at it; ask again.", "Retry-After"),
        **errors(404, 409, 422),
    },
)
@role("viewer")
def why(path: SchedulePath, query: WhyQuery) -> Response | tuple[Response, int, dict[str, str]]:
    """Of the plan that a run ended with: what the costliest late jobs waited for, and why jobs are left out.

    It is worked out when it is first asked for.
    """
    try:
        found = explained(known_form(path.run_id), query.job)
    except RedisAway:
        raise redis_away() from None
    if found is None:
        raise unknown(path.run_id)
    if not found.view.ended:
        detail = "A plan is explained once its run has ended; poll the schedule until then."
        raise ApiError(409, "not-finished", detail, headers={"Retry-After": POLL_SECONDS}, state=found.view.state)
    if not found.has_plan:
        raise no_plan(found.view)
    explanation = found.explanation
    if explanation is None:
        view = found.view
        return jsonify(id=view.id, state=view.state, links=links(view.id)), 202, {"Retry-After": POLL_SECONDS}
    if explanation.kind == "unknown_job":
        raise ApiError(404, "unknown-job", f"The problem has no job {shown(query.job)}.")
    if explanation.kind == "failed":
        raise ApiError(500, "explanation-failed", "The plan could not be explained. It is logged under the run's id.")
    response = Response(explanation.document, content_type="application/json")
    if explanation.kind == "partial":
        response.headers["Retry-After"] = POLL_SECONDS
    return response


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
    view = commands.cancel(known_form(path.run_id), caller().id)
    if view is None:
        raise unknown(path.run_id)
    body = jsonify(id=view.id, state=view.state, links=links(view.id))
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
    page, last = queries.listed(query.wanted(), limit=query.limit, after=query.cursor)
    rows = [row | {"links": links(str(row["id"]))} for row in page]
    older = None if last is None else _page(to_cursor(last))
    return jsonify(schedules=rows, links={"self": _page(request.args.get("cursor")), "next": older})


def _page(cursor: str | None) -> str:
    """The current list, begun at another place."""
    asked = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    asked += [] if cursor is None else [("cursor", cursor)]
    return f"{PREFIX}?{urlencode(asked)}" if asked else PREFIX
