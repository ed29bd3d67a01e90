"""What the plant tells and what breaks, over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.store import audit, executions
from models.tables.session import reading
from tests.app.conftest import Api
from tests.build import at, document, job, problem
from tests.plans import ended

jsonschema = pytest.importorskip("jsonschema")

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DOWN = {"type": "machine_breakdown", "machine_id": "M1", "from": at(3), "to": at(9)}


def plan(api: Api) -> str:
    made = problem([job("A", 2, ["M1"]), job("B", 4, ["M1"], lcd_date=at(6))], plant="main")
    return ended(api.maker, made, replay(made, [Decision(0, 0), Decision(1, 0)]))


def post(api: Api, path: str, body: Any, **options: Any) -> Any:
    return api.request("POST", path, json=body, **options)


def check_form(api: Api, name: str, found: Any) -> None:
    described = json.loads(api.client.get("/openapi.json").data)
    schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
    jsonschema.Draft202012Validator(schema).validate(found)


class TestDisruptions:
    def test_a_repair_is_accepted_and_tells_what_the_plan_shifted_right_is_worth(self, api: Api) -> None:
        first = plan(api)
        body = {"schedule_id": first, "at": at(3), "disruptions": [DOWN], "why": "spindle"}
        answer = post(api, "/v1/disruptions", body)
        assert answer.status_code == 202, answer.data
        found = json.loads(answer.data)
        check_form(api, "RepairAccepted", found)
        assert found["shifted"]["total_tardiness"] == 6
        assert answer.headers["Location"] == found["links"]["self"]
        assert found["links"]["diff"] == f"/v1/schedules/{first}/diff/{found['id']}"
        assert api.messages() == [("nightshift.plan", [found["id"], 1])]
        origin = json.loads(api.get(found["links"]["self"]).data)["origin"]
        assert (origin["parent_id"], origin["kind"], origin["detail"]["disruptions"]) == (first, "disruption", [DOWN])
        with reading(api.maker) as session:
            entries = audit.entries(session, first)
        assert [entry.detail["why"] for entry in entries if entry.action == "plan.disrupted"] == ["spindle"]

    def test_it_is_safe_to_send_it_again(self, api: Api) -> None:
        body = {"schedule_id": plan(api), "at": at(3), "disruptions": [DOWN]}
        key = {"Idempotency-Key": "k-1"}
        first, second = (json.loads(post(api, "/v1/disruptions", body, headers=key).data) for _ in range(2))
        assert (first["id"], api.stored()) == (second["id"], 2)
        assert len(api.messages()) == 1
        other = post(api, "/v1/disruptions", body | {"move_price": 1}, headers=key)
        assert (other.status_code, json.loads(other.data)["errors"][0]["rule"]) == (422, "reused")

    def test_every_fault_has_its_path(self, api: Api) -> None:
        rows = [DOWN | {"machine_id": "M9"}, {"type": "job_cancelled"}]
        answer = post(api, "/v1/disruptions", {"schedule_id": plan(api), "disruptions": rows})
        assert answer.status_code == 422
        assert [(row["field"], row["rule"]) for row in json.loads(answer.data)["errors"]] == [
            ("disruptions[0].machine_id", "unknown_machine"), ("disruptions[1].job_id", "required"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"at": "yesterday"}, "at"),
            ({"frozen_horizon": -1}, "frozen_horizon"),
            ({"disruptions": None}, "disruptions"),
            ({"colour": "red"}, "colour"),
            ({"schedule_id": None}, "schedule_id"),
            ({"time_limit_seconds": 1e9}, "time_limit_seconds"),
            ({"disruptions": [DOWN, 5]}, "disruptions[1]"),
            ({"disruptions": [None]}, "disruptions[0]"),
            ({"disruptions": ["x"]}, "disruptions[0]"),
        ],
    )
    def test_the_form_is_checked(self, api: Api, changes: dict[str, Any], field: str) -> None:
        body = {"schedule_id": plan(api), "disruptions": [DOWN]} | changes
        answer = post(api, "/v1/disruptions", {name: value for name, value in body.items() if value is not None})
        assert answer.status_code == 422
        assert json.loads(answer.data)["errors"][0]["field"] == field

    def test_without_a_plan_nothing_is_repaired(self, api: Api) -> None:
        waiting = json.loads(api.submit(document()).data)["id"]
        body = {"schedule_id": waiting, "disruptions": [DOWN]}
        assert post(api, "/v1/disruptions", body).status_code == 409
        assert post(api, "/v1/disruptions", body | {"schedule_id": "nothing"}).status_code == 404
        assert post(api, "/v1/disruptions", body, role="viewer").status_code == 403

    def test_broken_json_is_400(self, api: Api) -> None:
        answer = api.request("POST", "/v1/disruptions", data=b"{", content_type="application/json")
        assert (answer.status_code, json.loads(answer.data)["type"]) == (400, "urn:nightshift:error:unreadable-body")


def event(name: str, kind: str, hours: float, **fields: Any) -> dict[str, Any]:
    machine = {"machine_id": "M1"} if kind == "started" else {}
    return {"event_id": name, "job_id": "A", "event": kind, "at": at(hours), **machine, **fields}


def tell(api: Api, *events: dict[str, Any]) -> Any:
    return post(api, "/v1/executions", {"plant": "main", "events": list(events)})


def counts(answer: Any) -> tuple[int, int]:
    found = json.loads(answer.data)
    return found["stored"], found["duplicates"]


class TestExecutions:
    def test_events_are_stored_once_in_whatever_order_they_come(self, api: Api) -> None:
        assert counts(tell(api, event("e2", "finished", 2))) == (1, 0)
        assert counts(tell(api, event("e1", "started", 0), event("e2", "finished", 2))) == (1, 1)
        with reading(api.maker) as session:
            assert [one.event_id for one in executions.of_plant(session, "main")] == ["e2", "e1"]
            assert executions.of_plant(session, "other") == []

    @pytest.mark.parametrize(
        ("events", "field", "rule"),
        [
            ([event("e1", "started", 0, machine_id=None)], "events[0].machine_id", "required"),
            ([event("e1", "started", 3), event("e2", "finished", 2)], "events[0].at", "order"),
            ([event("e1", "started", 3), event("e1", "started", 2)], "events[1].event_id", "reused"),
            ([event("e1", "began", 3)], "events[0].event", "literal_error"),
            ([event("e1", "finished", 3) | {"at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}],
             "events[0].at", "future"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_refused_as_a_whole(self, api: Api, events: Any, field: str, rule: str) -> None:
        answer = tell(api, event("sound", "started", 1, job_id="B"), *events)
        assert answer.status_code == 422
        (error,) = json.loads(answer.data)["errors"]
        moved = field.replace("[0]", "[1]") if "[0]" in field else field.replace("[1]", "[2]")
        assert (error["field"], error["rule"]) == (moved, rule)
        with reading(api.maker) as session:
            assert executions.of_plant(session, "main") == []

    def test_what_was_told_before_counts(self, api: Api) -> None:
        assert tell(api, event("e1", "finished", 2)).status_code == 200
        late = tell(api, event("e2", "started", 3))
        assert late.status_code == 422
        (error,) = json.loads(late.data)["errors"]
        assert error["message"] == (
            "cannot be: operation 1 of job A ended at 2026-01-05T02:00:00Z, before it started at 2026-01-05T03:00:00Z"
        )
        assert tell(api, event("e1", "finished", 2.5)).status_code == 422
        assert tell(api, event("e3", "scrapped", 2.5), event("e2", "started", 3)).status_code == 200
