"""Scenarios over HTTP: tried, compared, promoted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.shop.parse import load
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.store import audit, plants, runs
from models.tables.session import reading, transaction
from tests.app.conftest import Api
from tests.app.test_life import check_form, post
from tests.build import at, job, machine, problem
from tests.plans import ended, result

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DAY = {"day": {"weekly": [{"days": ["mon", "tue", "wed"], "from": "00:00", "to": "08:00"}]}}
SATURDAY = {
    "name": "night",
    "changes": [{"type": "shift", "calendar": "day", "weekly": [{"days": ["mon"], "from": "08:00", "to": "10:00"}]}],
}


def plan(api: Api, plant: str | None = "main") -> str:
    made = problem([job("A", 9, ["M1"], lcd_date=at(8))], [machine("M1", calendar="day")], calendars=DAY, plant=plant)
    return ended(api.maker, made, replay(made, [Decision(0, 0)]))


def attempt(api: Api, run_id: str, **body: Any) -> Any:
    return post(api, f"/v1/schedules/{run_id}/scenarios", body)


def end(api: Api, run_id: str) -> None:
    """Ends a scenario with the plan that its search begins with."""
    with transaction(api.maker) as session:
        made = load(runs.problem_body(session, run_id))
        assert runs.begin(session, run_id, 1, batches=0)
        document = json.dumps(result(made, replay(made, [Decision(0, 0)]), run_id)).encode()
        assert runs.finish(session, run_id, 1, state="finished", result=document)


def test_scenarios_are_solved_beside_the_plan_as_it_is_and_compared(api: Api) -> None:
    run_id = plan(api)
    answer = attempt(api, run_id, scenarios=[SATURDAY], marginal={"machines": 2}, time_limit_seconds=1)
    assert answer.status_code == 202, answer.data
    found = json.loads(answer.data)
    check_form(api, "ScenariosAccepted", found)
    assert [row["name"] for row in found["scenarios"]] == ["as it is", "night", "1 h more on M1"]
    assert api.messages() == [("nightshift.plan", [row["id"], 1]) for row in found["scenarios"]]
    early = api.get(found["links"]["self"], role="viewer")
    assert early.headers["Retry-After"]
    assert {row["terms"] for row in json.loads(early.data)["scenarios"]} == {None}
    for row in found["scenarios"]:
        end(api, row["id"])
    told = api.get(found["links"]["self"])
    assert "Retry-After" not in told.headers
    compared = json.loads(told.data)
    check_form(api, "Scenarios", compared)
    assert compared["schedule_id"] == run_id
    assert {row["name"]: row["change"]["total_tardiness"] for row in compared["scenarios"]} == {
        "as it is": 0, "night": -16, "1 h more on M1": -16,
    }  # fmt: skip


def test_one_is_promoted_to_the_plan_in_force(api: Api) -> None:
    found = json.loads(attempt(api, plan(api), scenarios=[SATURDAY]).data)
    place = f"/v1/scenarios/{found['id']}/promote"
    assert post(api, place, {"name": "night"}).status_code == 409
    chosen = found["scenarios"][1]["id"]
    end(api, chosen)
    assert post(api, place, {"name": "night", "replaces": 3}).status_code == 412
    assert post(api, place, {"name": "night", "replaces": 2**31}).status_code == 422
    answer = post(api, place, {"name": "night", "why": "cheap", "replaces": 0})
    assert json.loads(answer.data) == {"plant": "main", "number": 1, "id": chosen}
    with reading(api.maker) as session:
        accepted = plants.in_force(session, "main")
        actions = {entry.action: entry.detail.get("why") for entry in audit.entries(session, chosen)}
    assert accepted is not None
    assert accepted.run_id == chosen
    assert actions["scenario.promoted"] == "cheap"
    assert post(api, place, {"name": "day"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({}, "scenarios", "min_items"),
        ({"scenarios": [SATURDAY, SATURDAY]}, "scenarios[1].name", "duplicate"),
        ({"scenarios": [{"name": "as it is", "changes": SATURDAY["changes"]}]}, "scenarios[0].name", "duplicate"),
        ({"scenarios": [{"name": "x", "changes": []}]}, "scenarios[0].changes", "min_items"),
        ({"scenarios": [{"name": "x", "changes": [{"type": "relax", "rule": "gravity"}]}]},
         "scenarios[0].changes[0].rule", "unknown_rule"),
        ({"marginal": {"machines": 0}}, "marginal.machines", "greater_than_equal"),
        ({"marginal": {"machines": 1}, "time_limit_seconds": 1e9}, "time_limit_seconds", "maximum"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(api: Api, body: Any, field: str, rule: str) -> None:
    answer = attempt(api, plan(api), **body)
    assert answer.status_code == 422
    assert [(row["field"], row["rule"]) for row in json.loads(answer.data)["errors"]] == [(field, rule)]
    assert api.stored() == 1


def test_a_group_that_was_never_made_is_not_found(api: Api) -> None:
    assert api.get("/v1/scenarios/nothing").status_code == 404
    assert api.get("/v1/scenarios/01a209ff-5352-768c-b69a-825bfd3c21b5").status_code == 404
