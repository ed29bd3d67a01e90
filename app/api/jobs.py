"""One job of a plan: why it is late, and the smallest change that makes it on time."""

from __future__ import annotations

import json

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint

from app.auth import guard, role
from app.errors import ApiError
from app.openapi import SCHEDULES, SECURITY, answer, errors
from app.runs import POLL_SECONDS, PREFIX, known_form, links, no_plan, redis_away, unknown
from app.schemas.answers import Accepted
from app.schemas.explanation import JobExplained
from app.schemas.queries import JobPath
from models.shop.faults import shown
from tasks.why import RedisAway, remedy
from tasks.why import why as explained

api = APIBlueprint("jobs", __name__, url_prefix=PREFIX, abp_tags=[SCHEDULES], abp_security=SECURITY)
guard(api)


@api.get(
    "/<run_id>/jobs/<path:job_id>",
    summary="Why one job is late, and what would help",
    operation_id="getJob",
    responses={
        200: answer(JobExplained, "With Retry-After `remedy` is still being searched for.", "Retry-After"),
        202: answer(Accepted, "A worker is at it; ask again.", "Retry-After"),
        **errors(404, 409, 422),
    },
)
@role("viewer")
def job(path: JobPath) -> Response | tuple[Response, int, dict[str, str]]:
    """The job's blocking chain with names and hours, and the smallest single change found that makes it on time.

    A change counts only with a whole checked plan in which the job is on time and no other job is left out for it.
    """
    run_id = known_form(path.run_id)
    try:
        found = explained(run_id, path.job_id)
        if found is None:
            raise unknown(run_id)
        if not found.view.ended or not found.has_plan:
            raise no_plan(found.view)
        known = found.explanation is None or found.explanation.kind != "unknown_job"
        made = remedy(run_id, path.job_id) if known else None
    except RedisAway:
        raise redis_away() from None
    for one in (found.explanation, made):
        if one is not None and one.kind == "unknown_job":
            raise ApiError(404, "unknown-job", f"The problem has no job {shown(path.job_id)}.")
        if one is not None and one.kind == "failed":
            detail = "The job could not be explained. It is logged under the run's id."
            raise ApiError(500, "explanation-failed", detail)
    if found.explanation is None:
        view = found.view
        return jsonify(id=view.id, state=view.state, links=links(view.id)), 202, {"Retry-After": POLL_SECONDS}
    told = json.loads(found.explanation.document)
    body = {"explanation": told, "searched": made is not None}
    body["remedy"] = None if made is None else json.loads(made.document)["remedy"]
    response = jsonify(body)
    if made is None:
        response.headers["Retry-After"] = POLL_SECONDS
    return response
