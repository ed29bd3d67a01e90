"""Two plans side by side."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint

from app.auth import guard, role
from app.openapi import SCHEDULES, SECURITY, answer, errors
from app.runs import PREFIX, known_form, no_plan, unknown
from app.schemas.comparison import Difference, DiffPath, DiffQuery
from models.compression import unpack
from models.shop.difference import difference
from models.shop.objective import HOUR
from tasks import queries

api = APIBlueprint("compare", __name__, url_prefix=PREFIX, abp_tags=[SCHEDULES], abp_security=SECURITY)
guard(api)


@api.get(
    "/<run_id>/diff/<other_id>",
    summary="What is different in another plan",
    operation_id="getDiff",
    responses={200: answer(Difference, "The second plan beside the first."), **errors(404, 409, 422)},
)
@role("viewer")
def diff(path: DiffPath, query: DiffQuery) -> Response:
    """What moved, came in and went out from one plan to another, and every objective term side by side.

    Of a run that goes on its best plan so far counts.
    """
    before, after = _plan(path.run_id), _plan(path.other_id)
    return jsonify(difference(before, after, round(query.tolerance * HOUR), query.most))


def _plan(run_id: str) -> dict[str, Any]:
    found = queries.plan(known_form(run_id))
    if found is None:
        raise unknown(run_id)
    if found.packed is None:
        raise no_plan(found.view)
    document: dict[str, Any] = json.loads(unpack(found.packed))
    return document
