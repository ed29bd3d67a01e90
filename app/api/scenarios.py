"""What if: scenarios of a plan, solved in parallel, compared side by side, one promoted."""

from __future__ import annotations

from typing import Any, cast

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint

from app.auth import guard, role
from app.errors import ApiError
from app.forms import asker, form_body, read_form
from app.openapi import LIFE, SECURITY, answer, errors
from app.runs import POLL_SECONDS, known_form, planned_or_refused
from app.schemas.queries import SchedulePath
from app.schemas.scenarios import GroupPath, Promoted, PromoteForm, Scenarios, ScenariosAccepted, ScenariosForm
from models.shop.faults import shown
from models.store.ids import is_run_id
from models.store.plants import NotAcceptable, Overtaken
from models.store.views import OPEN_STATES
from tasks.give import UnknownRun, give

PREFIX = "/v1/scenarios"
api = APIBlueprint("scenarios", __name__, url_prefix="/v1", abp_tags=[LIFE], abp_security=SECURITY)
guard(api)

EXAMPLE = {
    "scenarios": [
        {
            "name": "Saturday shift",
            "changes": [
                {
                    "type": "shift",
                    "calendar": "two shifts",
                    "weekly": [{"days": ["sat"], "from": "06:00", "to": "14:00"}],
                }
            ],
        },
        {"name": "one more mill", "changes": [{"type": "machine", "like": "M1", "machine_id": "M1b"}]},
    ],
    "marginal": {"machines": 5, "hours": 1},
    "time_limit_seconds": 10,
}


@api.post(
    "/schedules/<run_id>/scenarios",
    summary="Try scenarios",
    operation_id="tryScenarios",
    openapi_extensions=form_body(ScenariosForm, "What to change.", EXAMPLE),
    responses={
        202: answer(ScenariosAccepted, "They are being solved.", "Location", "Retry-After"),
        **errors(400, 404, 409, 413, 415, 422),
    },
)
@role("planner")
def attempt(path: SchedulePath) -> tuple[Response, int, dict[str, str]]:
    """Solves each scenario, and the plan without a change, in parallel; every search begins with the plan as it is.

    `marginal` adds one scenario for each of the machines that late jobs wait for most: more open time where it helps.
    """
    from tasks.scenarios import TryScenarios  # noqa: PLC0415  loads the timeline, which the start of a web process must not

    form = read_form(ScenariosForm)
    rows = tuple(cast("list[dict[str, Any]]", form.scenarios or ()))
    machines, hours = (0, 1.0) if form.marginal is None else (form.marginal.machines, form.marginal.hours)
    if not rows and not machines:
        raise nothing_asked()
    command = TryScenarios(known_form(path.run_id), rows, machines, hours, form.at, form.time_limit_seconds)
    with planned_or_refused():
        made = give(command, asker(form.why))
    place = f"{PREFIX}/{made.group_id}"
    body = jsonify(
        id=made.group_id,
        scenarios=[{"name": name, "id": run_id} for name, run_id in made.runs],
        links={"self": place},
    )
    return body, 202, {"Location": place, "Retry-After": POLL_SECONDS}


@api.get(
    "/scenarios/<group_id>",
    summary="Scenarios side by side",
    operation_id="getScenarios",
    responses={200: answer(Scenarios, "Retry-After is there until all have ended.", "Retry-After"), **errors(404)},
)
@role("viewer")
def compared(path: GroupPath) -> Response:
    """Every scenario with its terms, and what it saves beside the plan as it is, which had the same time."""
    from tasks.scenarios import side_by_side  # noqa: PLC0415  loads the timeline, which the start of a web process must not

    found = side_by_side(path.group_id) if is_run_id(path.group_id) else None
    if found is None:
        raise unknown_group(path.group_id)
    response = jsonify(found)
    if any(row["state"] in OPEN_STATES for row in found["scenarios"]):
        response.headers["Retry-After"] = POLL_SECONDS
    return response


@api.post(
    "/scenarios/<group_id>/promote",
    summary="Put a scenario in force",
    operation_id="promoteScenario",
    openapi_extensions=form_body(PromoteForm, "Which one.", {"name": "Saturday shift"}),
    responses={200: answer(Promoted, "It is the plan in force."), **errors(400, 404, 409, 412, 413, 415, 422)},
)
@role("planner")
def promote(path: GroupPath) -> Response:
    """Makes a scenario's plan the plan in force of its plant."""
    from tasks.scenarios import Promote  # noqa: PLC0415  loads the timeline, which the start of a web process must not

    form = read_form(PromoteForm)
    if not is_run_id(path.group_id):
        raise unknown_group(path.group_id)
    try:
        found = give(Promote(path.group_id, form.name, form.replaces), asker(form.why))
    except UnknownRun:
        raise unknown_group(path.group_id, form.name) from None
    except NotAcceptable as error:
        raise ApiError(409, "not-acceptable", f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    except Overtaken as error:
        detail = f"Another plan was put in force meanwhile, number {error.current}; nothing was changed."
        raise ApiError(412, "plan-changed", detail) from None
    return jsonify(plant=found.plant, number=found.number, id=found.run_id)


def unknown_group(group_id: str, name: str | None = None) -> ApiError:
    """The error for scenarios that were never tried, or for one that is not among them."""
    what = "are no scenarios" if name is None else f"is no scenario {shown(name)} in"
    return ApiError(404, "unknown-scenario", f"There {what} {group_id[:64]!r}.")


def nothing_asked() -> ApiError:
    """The error for a body without anything to try."""
    errors = [{"field": "scenarios", "rule": "min_items", "message": "must list something to try", "value": ""}]
    detail = "scenarios: must list something to try, or `marginal` be given; nothing was stored."
    return ApiError(422, "invalid-problem", detail, errors=errors, total_errors=1)
