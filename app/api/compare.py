"""Two plans side by side."""

from __future__ import annotations

import hashlib
import json

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint

from app.auth import guard, role
from app.openapi import SCHEDULES, SECURITY, answer, errors
from app.runs import PREFIX, awaited, known_form, no_plan, read_by_a_worker, unknown
from app.schemas.answers import Accepted
from app.schemas.comparison import Difference, DiffPath, DiffQuery
from models.compression import unpack
from models.shop.difference import difference
from models.shop.objective import HOUR
from tasks import deferred, large_reads, queries

api = APIBlueprint("compare", __name__, url_prefix=PREFIX, abp_tags=[SCHEDULES], abp_security=SECURITY)
guard(api)


@api.get(
    "/<run_id>/diff/<other_id>",
    summary="What is different in another plan",
    operation_id="getDiff",
    responses={
        200: answer(Difference, "The second plan beside the first."),
        202: answer(Accepted, "The plans are large: a worker is at it; ask again.", "Retry-After"),
        **errors(404, 409, 422),
    },
)
@role("viewer")
def diff(path: DiffPath, query: DiffQuery) -> Response | tuple[Response, int, dict[str, str]]:
    """What moved, came in and went out from one plan to another, and every objective term side by side.

    Of a run that goes on its best plan so far counts.
    """
    (before, first), (after, second) = _plan(path.run_id), _plan(path.other_id)
    tolerance = round(query.tolerance * HOUR)
    if not deferred.is_large(before.view) and not deferred.is_large(after.view):
        return jsonify(difference(json.loads(unpack(first)), json.loads(unpack(second)), tolerance, query.most))
    of = (_version(before, first), _version(after, second))
    with read_by_a_worker():
        found = large_reads.difference(path.run_id, path.other_id, tolerance, query.most, of)
    return awaited(before.view) if found is None else Response(found, content_type="application/json")


def _plan(run_id: str) -> tuple[queries.Plan, bytes]:
    found = queries.plan(known_form(run_id))
    if found is None:
        raise unknown(run_id)
    if found.packed is None:
        raise no_plan(found.view)
    return found, found.packed


def _version(plan: queries.Plan, packed: bytes) -> str:
    return "final" if plan.final else hashlib.sha256(packed).hexdigest()
