"""Edits of a plan by hand: looked at first, then applied."""

from __future__ import annotations

from flask import Response, jsonify, request
from flask_openapi3.blueprint import APIBlueprint

from app.auth import guard, role
from app.errors import ApiError
from app.forms import asker, form_body, read_form
from app.openapi import LIFE, SECURITY, answer, errors
from app.runs import POLL_SECONDS, PREFIX, awaited, known_form, links, planned_or_refused, read_by_a_worker
from app.schemas.answers import Accepted
from app.schemas.edits import EditForm, EditPreview
from app.schemas.queries import SchedulePath
from tasks import deferred, large_reads
from tasks.give import give

api = APIBlueprint("edits", __name__, url_prefix=PREFIX, abp_tags=[LIFE], abp_security=SECURITY)
guard(api)

EXAMPLE = {
    "moves": [
        {
            "job_id": "J1",
            "operation_id": "1",
            "machine_id": "M2",
            "start_time": "2026-01-05T14:00:00+01:00",
            "until": "2026-01-07T00:00:00+01:00",
        }
    ],
    "why": "M2 has the better fixture",
}


@api.post(
    "/<run_id>/edits/preview",
    summary="Look at an edit",
    operation_id="previewEdit",
    openapi_extensions=form_body(EditForm, "What to move, pin and release.", EXAMPLE),
    responses={
        200: answer(EditPreview, "What the edit would do; apply it with the ETag as If-Match.", "ETag"),
        202: answer(Accepted, "The plan is large: a worker is at it; send the same again.", "Retry-After"),
        **errors(400, 404, 409, 413, 415, 422),
    },
)
@role("viewer")
def preview(path: SchedulePath) -> Response | tuple[Response, int, dict[str, str]]:
    """Moves what is asked for, and what follows along; tells each objective term beside the plan without the edit.

    Moved work lands at the earliest place from its `start_time` on. Nothing is stored.
    """
    from tasks.edit import based, check_ids, look  # noqa: PLC0415  loads the timeline, which the start of a web process must not

    form = read_form(EditForm)
    with planned_or_refused():
        view = deferred.ended(known_form(path.run_id))
        if not deferred.is_large(view):
            seen, told = look(path.run_id, form.edit(), form.at)
            response = jsonify(told)
            response.set_etag(seen)
            return response
        seen = based(view)
        check_ids(view.id, form.edit())
    with read_by_a_worker():
        found = large_reads.preview(view, seen, form.edit(), form.at)
    if found is None:
        return awaited(view)
    response = Response(found, content_type="application/json")
    response.set_etag(seen)
    return response


@api.post(
    "/<run_id>/edits",
    summary="Apply an edit",
    operation_id="applyEdit",
    openapi_extensions=form_body(EditForm, "What to move, pin and release.", EXAMPLE),
    responses={
        202: answer(Accepted, "The edited plan is a schedule of its own.", "Location", "Retry-After"),
        **errors(400, 404, 409, 412, 413, 415, 422, 428),
    },
)
@role("planner")
def apply(path: SchedulePath) -> tuple[Response, int, dict[str, str]]:
    """Makes the plan with the edit a new schedule, which ends with that plan unless it breaks a rule.

    If-Match is the ETag of a preview. A plan takes one edit: where it was edited meanwhile the answer is 412, and
    `current` names the schedule to go on from.
    """
    from tasks.edit import ApplyEdit, Changed  # noqa: PLC0415  loads the timeline, which the start of a web process must not

    form = read_form(EditForm)
    if not request.if_match:
        raise ApiError(428, "precondition-required", "Look at the edit first, and send the preview's ETag as If-Match.")
    seen = next(iter(request.if_match.as_set()), "")
    with planned_or_refused():
        try:
            run_id = give(ApplyEdit(known_form(path.run_id), form.edit(), seen, form.at), asker(form.why))
        except Changed as error:
            detail = (
                "The plan was changed meanwhile; nothing was stored. Go on from `current` if named, else look again."
            )
            raise ApiError(412, "plan-changed", detail, current=error.current) from None
    headers = {"Location": f"{PREFIX}/{run_id}", "Retry-After": POLL_SECONDS}
    return jsonify(id=run_id, state="queued", links=links(run_id)), 202, headers
