"""Two plans side by side, over HTTP."""

from __future__ import annotations

import json

import pytest

from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.app.conftest import Api
from tests.build import at, document, job, problem
from tests.plans import ended

jsonschema = pytest.importorskip("jsonschema")

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BOTH = ["M1", "M2"]


def two(api: Api) -> tuple[str, str]:
    shop = problem([job("A", 2, BOTH, lcd_date=at(2)), job("B", 1, BOTH, lcd_date=at(2))], BOTH)
    plans = ([Decision(0, 0), Decision(1, 0)], [Decision(0, 0), Decision(1, 1)])
    first, second = (ended(api.maker, shop, replay(shop, plan)) for plan in plans)
    return first, second


def test_what_moved_and_what_it_changes(api: Api) -> None:
    first, second = two(api)
    answer = api.get(f"/v1/schedules/{first}/diff/{second}", role="viewer")
    assert answer.status_code == 200
    found = json.loads(answer.data)
    assert found["counts"]["moved"] == 1
    assert found["moved"][0]["from"]["machine_id"] == "M1"
    terms = {row["term"]: row["change"] for row in found["terms"]}
    assert terms["weighted_tardiness"] == -3.0
    schema = {"$ref": "#/components/schemas/Difference", **json.loads(api.client.get("/openapi.json").data)}
    jsonschema.Draft202012Validator(schema).validate(found)


def test_the_caller_says_how_far_is_moved_and_how_much_to_list(api: Api) -> None:
    first, _ = two(api)
    found = json.loads(api.get(f"/v1/schedules/{first}/diff/{first}?tolerance=0&most=0").data)
    assert found["counts"]["unchanged"] == 2
    assert api.get(f"/v1/schedules/{first}/diff/{first}?tolerance=-1").status_code == 422
    assert api.get(f"/v1/schedules/{first}/diff/{first}?tolerance=nan").status_code == 422


def test_without_a_plan_there_is_nothing_to_compare(api: Api) -> None:
    first, _ = two(api)
    waiting = json.loads(api.submit(document()).data)
    answer = api.get(f"/v1/schedules/{first}/diff/{waiting['id']}")
    assert answer.status_code == 409
    assert f"Schedule {waiting['id']} is still queued" in json.loads(answer.data)["detail"]
    assert api.get(f"/v1/schedules/nothing/diff/{first}").status_code == 404
