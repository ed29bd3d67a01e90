"""Plants, their plans in force, when they are replanned: over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from models.ingest.load import load
from models.ingest.mapping import for_files
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.store import audit, ids, replans, snapshots
from models.tables.session import reading, transaction
from tests.app.conftest import Api
from tests.app.test_life import check_form
from tests.build import job, problem
from tests.ingest.files import NOW, tiny, write
from tests.plans import ended

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NIGHTLY = {"plant": "main", "name": "nightly", "cron": "30 2 * * *", "time_zone": "Europe/Berlin", "ready_by": "05:30"}


def plan(api: Api, plant: str | None = "main") -> str:
    made = problem([job("A", 2, ["M1"])], plant=plant)
    return ended(api.maker, made, replay(made, [Decision(0, 0)]))


def post(api: Api, path: str, body: Any, **options: Any) -> TestResponse:
    return api.request("POST", path, json=body, **options)


def body(answer: TestResponse) -> Any:
    return json.loads(answer.data)


class TestPlanInForce:
    def test_a_plan_is_put_in_force_by_a_person_with_a_reason(self, api: Api) -> None:
        assert api.get("/v1/plants/main").status_code == 404
        first, second = plan(api), plan(api)
        answer = post(api, "/v1/plants/main/plan", {"schedule_id": first, "why": "to begin with"})
        assert answer.status_code == 200, answer.data
        check_form(api, "PlanInForce", body(answer))
        assert (body(answer)["number"], body(answer)["why"], body(answer)["rule"]) == (1, "to begin with", None)
        post(api, "/v1/plants/main/plan", {"schedule_id": second})
        found = api.get("/v1/plants/main")
        check_form(api, "Plant", body(found))
        assert (found.headers["ETag"], body(found)["plan_in_force"]["schedule_id"]) == ('"2"', second)
        history = body(api.get("/v1/plants/main/plans?before=2"))
        check_form(api, "PlanHistory", history)
        assert [row["schedule_id"] for row in history["plans"]] == [first]
        assert api.get(f"/v1/plants/main/plans?before={2**31 - 1}").status_code == 200
        assert api.get(f"/v1/plants/main/plans?before={2**63 - 1}").status_code == 422
        assert [row["plant"] for row in body(api.get("/v1/plants"))["plants"]] == ["main"]
        with reading(api.maker) as session:
            (entry,) = [e for e in audit.entries(session, first) if e.action == "plan.accepted"]
        assert (entry.detail["why"], entry.detail["number"]) == ("to begin with", 1)

    def test_a_plan_that_changed_meanwhile_is_not_replaced(self, api: Api) -> None:
        first = plan(api)
        nothing = {"If-Match": '"0"'}
        assert post(api, "/v1/plants/main/plan", {"schedule_id": first}, headers=nothing).status_code == 200
        answer = post(api, "/v1/plants/main/plan", {"schedule_id": plan(api)}, headers=nothing)
        assert (answer.status_code, body(answer)["type"]) == (412, "urn:nightshift:error:plan-changed")
        assert body(api.get("/v1/plants/main"))["plan_in_force"]["number"] == 1

    def test_what_cannot_be_put_in_force_is_refused(self, api: Api) -> None:
        running = body(api.submit(json.loads(json.dumps(_document()))))["id"]
        for schedule_id, status, words in (
            (ids.run_id(), 404, "no schedule"),
            ("x", 404, "no schedule"),
            (plan(api, None), 409, "names no plant"),
            (plan(api, "north"), 409, "is of plant 'north'"),
            (running, 409, "no plan that could be put in force"),
        ):
            answer = post(api, "/v1/plants/main/plan", {"schedule_id": schedule_id})
            assert (answer.status_code, words in body(answer)["detail"]) == (status, True), answer.data
        assert post(api, "/v1/plants/main/plan", {"schedule": "x"}).status_code == 422
        assert post(api, "/v1/plants/main/plan", {"schedule_id": "x"}, role="viewer").status_code == 403


class TestSnapshots:
    def test_snapshots_tell_what_was_refused(self, api: Api, tmp_path: Path) -> None:
        rows = tiny()
        rows["operation_machines"][2]["processing_time"] = ""
        found = load(for_files("main", "UTC", write(tmp_path / "files", rows)), NOW)
        with transaction(api.maker) as session:
            snapshots.keep(session, "main", found)
        assert 'nightshift_snapshot_age_seconds{plant="main"}' in api.client.get("/metrics").text
        listed = body(api.get("/v1/plants/main/snapshots"))
        check_form(api, "SnapshotList", listed)
        assert listed["snapshots"][0]["refused"][0]["key"] == "J2/10/M1"
        assert body(api.get("/v1/plants/main"))["snapshot"]["jobs"] == 2

    def test_a_load_is_asked_for_where_there_is_a_mapping(self, api: Api) -> None:
        assert body(post(api, "/v1/plants/main/snapshots", None))["type"].endswith("no-mapping")
        folder = api.settings.plants_dir
        folder.mkdir()
        (folder / "main.toml").write_text('plant = "main"\ntime_zone = "UTC"\n[source]\npath = "."\n')
        answer = post(api, "/v1/plants/main/snapshots", None)
        check_form(api, "IngestAccepted", body(answer))
        assert (answer.status_code, api.messages()) == (202, [("nightshift.ingest", ["main"])])


class TestReplanSchedules:
    def test_a_schedule_is_made_changed_and_deleted(self, api: Api) -> None:
        answer = post(api, "/v1/replan-schedules", NIGHTLY | {"options": {"max_moves": 5}, "why": "nights"})
        assert answer.status_code == 201, answer.data
        made = body(answer)
        check_form(api, "Timetable", made)
        assert made["options"]["max_moves"] == 5 and made["options"]["accept"] == "rule" and made["next_due_at"]
        path = answer.headers["Location"]
        assert body(api.get(path)) == made
        assert [row["id"] for row in body(api.get("/v1/replan-schedules?plant=main"))["replan_schedules"]] == [
            made["id"]
        ]
        off = api.request("PUT", path, json=NIGHTLY | {"enabled": False}, headers={"If-Match": '"1"'})
        assert (body(off)["version"], body(off)["next_due_at"]) == (2, None)
        stale = api.request("PUT", path, json=NIGHTLY, headers={"If-Match": '"1"'})
        assert (stale.status_code, body(stale)["type"]) == (412, "urn:nightshift:error:schedule-changed")
        assert api.delete(path).status_code == 204
        assert api.delete(path).status_code == api.get(path).status_code == 404
        assert api.request("PUT", path, json=NIGHTLY).status_code == 404
        with reading(api.maker) as session:
            told = [(entry.action, entry.detail.get("why")) for entry in audit.entries(session, made["id"])]
        assert told[0] == ("replan_schedule.added", "nights") and len(told) == 3

    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"cron": "30 2 * *"}, "cron", "is no cron expression"),
            ({"cron": "0 0 31 2 *"}, "cron", ""),
            ({"time_zone": "Mars/Base"}, "time_zone", "IANA"),
            ({"ready_by": "25:00"}, "ready_by", ""),
            ({"missed": "twice"}, "missed", ""),
            ({"plant": ""}, "plant", ""),
            ({"colour": 1}, "colour", ""),
            ({"options": {"max_moves": -1}}, "options.max_moves", "at least 0"),
            ({"options": {"seconds": 1e9}}, "options.seconds", "at most"),
            ({"options": {"accept": "luck"}}, "options.accept", "must be one of rule, person"),
            ({"options": {"objective": "profit"}}, "options.objective", ""),
            ({"options": {"colour": 1}}, "options.colour", ""),
        ],
    )
    def test_bad_input_is_refused_with_its_field(self, changes: Any, field: str, words: str, api: Api) -> None:
        answer = post(api, "/v1/replan-schedules", NIGHTLY | changes)
        assert answer.status_code == 422, answer.data
        assert any(e["field"] == field and words in e["message"] for e in body(answer)["errors"]), answer.data
        assert body(api.get("/v1/replan-schedules"))["replan_schedules"] == []

    def test_a_name_is_used_once_in_a_plant(self, api: Api) -> None:
        assert post(api, "/v1/replan-schedules", NIGHTLY).status_code == 201
        assert post(api, "/v1/replan-schedules", NIGHTLY | {"plant": "north"}).status_code == 201
        answer = post(api, "/v1/replan-schedules", NIGHTLY)
        assert (answer.status_code, body(answer)["type"]) == (409, "urn:nightshift:error:name-taken")


class TestReplans:
    def test_a_replan_is_asked_for_and_told(self, api: Api) -> None:
        answer = post(api, "/v1/replans", {"plant": "main", "options": {"seconds": 3}, "why": "new orders"})
        assert answer.status_code == 202, answer.data
        made = body(answer)
        check_form(api, "Replan", made)
        assert (made["state"], made["options"]["seconds"]) == ("due", 3.0)
        assert api.messages() == [("nightshift.replan", [made["id"]])]
        assert api.get(answer.headers["Location"]).headers["Retry-After"]
        first = plan(api)
        told = {"left_out": 0, "metrics": body(api.get(f"/v1/schedules/{first}/result"))["metrics"]}
        comparison = {
            "run_id": first,
            "reasons": [],
            "moves": 0,
            "before": None,
            "after": told,
            "tries": [{"run_id": first, "move_price": 0.0, "moves": 0}],
        }
        with transaction(api.maker) as session:
            assert replans.end(session, made["id"], "accepted", comparison=comparison)
        listed = body(api.get("/v1/replans?plant=main"))
        check_form(api, "ReplanList", listed)
        assert listed["replans"][0]["state"] == "accepted"
        assert body(api.get("/v1/replans?plant=other"))["replans"] == []
        assert api.get(f"/v1/replans/{ids.run_id()}").status_code == 404


def _document() -> dict[str, Any]:
    return {
        "plant": "main",
        "schedule_start": "2026-01-05T06:00:00Z",
        "machines": [{"machine_id": "M1"}],
        "jobs": [{"job_id": "J1", "machines": [{"machine_id": "M1", "processing_time": 1}]}],
    }
