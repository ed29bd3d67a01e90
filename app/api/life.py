"""The life of a plan: what the plant tells of its work, and what is done when something breaks."""

from __future__ import annotations

from typing import Any, cast

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint

from app.api.actuals import told_unmatched
from app.auth import guard, role
from app.forms import asker, form_body, read_claimed, read_form
from app.idempotency import reused
from app.openapi import LIFE, SECURITY, answer, errors
from app.runs import POLL_SECONDS, PREFIX, known_form, links, planned_or_refused
from app.schemas.life import DisruptionForm, ExecutionsForm, ExecutionsStored, RepairAccepted
from models.shop.executions import Event
from tasks.commands import KeyReused
from tasks.executions import RecordExecutions
from tasks.give import give

api = APIBlueprint("life", __name__, url_prefix="/v1", abp_tags=[LIFE], abp_security=SECURITY)
guard(api)

MOST_WARNINGS = 20
"""Events without work that are told one by one; the others are counted."""

BREAKDOWN = {
    "schedule_id": "01a209ff-5352-768c-b69a-825bfd3c21b5",
    "at": "2026-01-05T09:30:00+01:00",
    "disruptions": [
        {
            "type": "machine_breakdown",
            "machine_id": "M1",
            "from": "2026-01-05T09:20:00+01:00",
            "to": "2026-01-05T15:00:00+01:00",
            "reason": "spindle",
        }
    ],
    "why": "M1 has stopped",
}
STARTED = {
    "plant": "main",
    "events": [
        {
            "event_id": "mes-10291",
            "job_id": "J1",
            "event": "started",
            "at": "2026-01-05T06:04:10+01:00",
            "machine_id": "M1",
        }
    ],
}


@api.post(
    "/disruptions",
    summary="Repair a plan",
    operation_id="postDisruption",
    openapi_extensions=form_body(DisruptionForm, "What broke.", BREAKDOWN),
    responses={
        202: answer(
            RepairAccepted, "The plan shifted right is being stored, then repaired.", "Location", "Retry-After"
        ),
        **errors(400, 404, 409, 413, 415, 422),
    },
)
@role("planner")
def disrupt() -> tuple[Response, int, dict[str, str]]:
    """Makes a new schedule: the plan shifted right around what happened, then improved by a search to which moves cost.

    What was planned before `at` counts as done or under way, unless executions say otherwise.
    """
    from tasks.disrupt import Disrupt  # noqa: PLC0415  loads the timeline, which the start of a web process must not

    form, claim = read_claimed(DisruptionForm)
    command = Disrupt(
        known_form(form.schedule_id),
        tuple(cast("list[dict[str, Any]]", form.disruptions)),
        form.at,
        form.frozen_horizon,
        form.move_price,
        form.time_limit_seconds,
        claim,
    )
    with planned_or_refused():
        try:
            done = give(command, asker(form.why))
        except KeyReused as error:
            raise reused(str(error)) from None
    body = jsonify(
        id=done.run_id,
        state="queued",
        shifted=done.shifted,
        released=None
        if done.released is None
        else [{"job_id": job, "operation_id": operation} for job, operation in done.released],
        warnings=None if done.warnings is None else list(done.warnings),
        links={**links(done.run_id), "diff": f"{PREFIX}/{form.schedule_id}/diff/{done.run_id}"},
    )
    return body, 202, {"Location": f"{PREFIX}/{done.run_id}", "Retry-After": POLL_SECONDS}


@api.post(
    "/executions",
    summary="Tell what happened to the work",
    operation_id="postExecutions",
    openapi_extensions=form_body(ExecutionsForm, "What happened.", STARTED),
    responses={200: answer(ExecutionsStored, "Stored."), **errors(400, 413, 415, 422)},
)
@role("planner")
def executions() -> Response:
    """Stores events, whatever order they come in. An event that comes again is counted and left alone.

    What cannot be, such as an end before its start, is refused, and with it the whole request. What the plan in force
    does not have, because the plant is ahead of it, is kept and told as `unmatched`.
    """
    form = read_form(ExecutionsForm)
    events = tuple(
        Event(
            row.event_id,
            row.job_id,
            row.operation_id,
            row.event,
            row.at,
            row.lot,
            row.machine_id,
            row.operator_id,
            row.remaining_time,
            row.reason,
        )
        for row in form.events
    )
    done = give(RecordExecutions(form.plant, events), asker(None))
    lost = [(number, event) for number, event in enumerate(events) if event.work in done.unmatched]
    warnings = [
        f"events[{number}]: {told_unmatched(form.plant, event, done.unmatched[event.work])}"
        for number, event in lost[:MOST_WARNINGS]
    ]
    return jsonify(stored=done.stored, duplicates=done.duplicates, unmatched=len(lost), warnings=warnings)
