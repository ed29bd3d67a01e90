"""Commands and reads of large plans: the web answers at once, a worker does what takes the plan."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from models.shop.parse import load
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.store import origins, runs
from models.store.views import RunView
from models.tables.session import reading
from tasks import deferred, read_large
from tasks.finish import finish
from tasks.plan import plan as planning
from tasks.work_out import work_out
from tests.app.conftest import Api
from tests.app.test_life import DOWN, check_form, post
from tests.build import at, job, problem
from tests.plans import ended

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BOTH = ["M1", "M2"]
MOVE = {"moves": [{"job_id": "B", "machine_id": "M2", "pin": True}]}
TRIED = {
    "scenarios": [{"name": "twice", "changes": [{"type": "machine", "like": "M1", "machine_id": "M3"}]}],
    "time_limit_seconds": 1,
}


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every plan counts as large."""
    monkeypatch.setattr(deferred, "LARGE_OPERATIONS", 0)


def made(api: Api) -> str:
    shop = problem([job("A", 2, BOTH), job("B", 4, BOTH, lcd_date=at(5))], BOTH, plant="main")
    return ended(api.maker, shop, replay(shop, [Decision(0, 0), Decision(1, 0)]))


def view(api: Api, run_id: str) -> RunView:
    with reading(api.maker) as session:
        found = runs.get(session, run_id)
    assert found is not None
    return found


def worked_out(api: Api, run_id: str) -> RunView:
    work_out(view(api, run_id))
    return view(api, run_id)


def document(answer: Any) -> dict[str, Any]:
    return dict(json.loads(answer.data))


def test_a_disruption_is_stored_at_once_and_worked_out_by_its_plan_task(api: Api) -> None:
    body = {"schedule_id": made(api), "at": at(3), "disruptions": [DOWN], "time_limit_seconds": 2}
    answer = post(api, "/v1/disruptions", body)
    assert answer.status_code == 202, answer.data
    found = document(answer)
    check_form(api, "RepairAccepted", found)
    assert (found["shifted"], found["released"]) == (None, None)
    assert api.messages() == [("nightshift.plan", [found["id"], 1])]
    status = document(api.get(found["links"]["self"]))
    check_form(api, "RunStatus", status)
    assert (status["state"], status["input_sha256"], status["origin"]["detail"]) == ("queued", None, {})
    assert worked_out(api, found["id"]).seconds == 2
    assert work_out(view(api, found["id"])) is None, "another worker was first"
    status = document(api.get(found["links"]["self"]))
    assert status["input_sha256"] and status["origin"]["detail"]["shifted"]["makespan"] > 0
    with reading(api.maker) as session:
        assert load(runs.problem_body(session, found["id"])).plant == "main"
        assert origins.start(session, found["id"])


def test_unknown_ids_are_refused_at_once_and_what_else_does_not_fit_is_the_runs_error(api: Api) -> None:
    first = made(api)
    unknown = post(api, "/v1/disruptions", {"schedule_id": first, "disruptions": [DOWN | {"machine_id": "M9"}]})
    assert unknown.status_code == 422
    assert document(unknown)["errors"] == [
        {"field": "disruptions[0].machine_id", "rule": "unknown_machine",
         "message": "names no machine of this plan's problem", "value": "'M9'"}
    ]  # fmt: skip
    late = document(post(api, "/v1/disruptions", {"schedule_id": first, "at": at(900), "disruptions": [DOWN]}))
    assert worked_out(api, late["id"]).state == "failed"
    error = document(api.get(late["links"]["self"]))["error"]
    assert (error["status"], error["errors"][0]["field"], error["errors"][0]["rule"]) == (422, "at", "over")


def test_an_edit_is_looked_at_and_applied(api: Api) -> None:
    run_id = made(api)
    path = f"/v1/schedules/{run_id}/edits"
    waiting = post(api, f"{path}/preview", MOVE)
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "1")
    _read(api, "preview")
    looked = post(api, f"{path}/preview", MOVE)
    assert looked.status_code == 200, looked.data
    check_form(api, "EditPreview", document(looked))
    assert [row["job_id"] for row in document(looked)["difference"]["moved"]] == ["B"]
    tag = {"If-Match": looked.headers["ETag"]}
    applied = document(post(api, path, MOVE, headers=tag))
    again = post(api, path, MOVE, headers=tag)
    assert (again.status_code, document(again)["current"]) == (412, applied["id"])
    assert worked_out(api, applied["id"]).first_plan
    detail = document(api.get(applied["links"]["self"]))["origin"]["detail"]
    assert [row["job_id"] for row in detail["pins"]] == ["B"]


def test_what_an_edit_breaks_is_told_by_its_preview(api: Api) -> None:
    path = f"/v1/schedules/{made(api)}/edits/preview"
    wrong = {"moves": [{"job_id": "B", "operation_id": "7"}]}
    assert post(api, path, {"moves": [{"job_id": "Z"}]}).status_code == 422
    assert post(api, path, wrong).status_code == 202
    _read(api, "preview")
    answer = post(api, path, wrong)
    assert answer.status_code == 422
    assert document(answer)["errors"][0]["field"] == "moves[0].operation_id"


def test_scenarios_are_runs_of_their_own_from_the_start(api: Api) -> None:
    first = made(api)
    found = document(post(api, f"/v1/schedules/{first}/scenarios", TRIED))
    assert [row["name"] for row in found["scenarios"]] == ["as it is", "twice"]
    for row in found["scenarios"]:
        assert worked_out(api, row["id"]).digest
    told = document(api.get(found["links"]["self"]))
    check_form(api, "Scenarios", told)
    assert [(row["name"], row["state"]) for row in told["scenarios"]] == [("as it is", "queued"), ("twice", "queued")]
    with reading(api.maker) as session:
        machines = load(runs.problem_body(session, found["scenarios"][1]["id"])).machines
    assert [machine.machine_id for machine in machines] == ["M1", "M2", "M3"]
    rule = {"scenarios": [{"name": "x", "changes": [{"type": "relax", "rule": "gravity"}]}]}
    refused = document(post(api, f"/v1/schedules/{first}/scenarios", rule))["scenarios"][1]["id"]
    assert worked_out(api, refused).state == "failed"
    errors = document(api.get(f"/v1/schedules/{refused}"))["error"]["errors"]
    assert errors[0] | {"message": ""} == {
        "field": "scenarios[0].changes[0].rule", "rule": "unknown_rule", "message": "", "value": "'gravity'",
    }  # fmt: skip
    twice = TRIED | {"scenarios": [TRIED["scenarios"][0]] * 2}  # type: ignore[index]
    assert post(api, f"/v1/schedules/{first}/scenarios", twice).status_code == 422


def test_marginal_scenarios_come_with_the_plan_as_it_is(api: Api) -> None:
    hours = [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "06:00", "to": "09:00"}]
    shop = problem(
        [job("A", 2, ["M1"]), job("B", 3, ["M1"], lcd_date=at(5))],
        [{"machine_id": "M1", "calendar": "early"}],
        calendars={"early": {"weekly": hours}},
    )
    first = ended(api.maker, shop, replay(shop, [Decision(0, 0), Decision(1, 0)]))
    found = document(post(api, f"/v1/schedules/{first}/scenarios", {"marginal": {"machines": 1, "hours": 1}}))
    assert [row["name"] for row in found["scenarios"]] == ["as it is"]
    worked_out(api, found["scenarios"][0]["id"])
    told = document(api.get(found["links"]["self"]))
    assert [row["name"] for row in told["scenarios"]] == ["as it is", "1 h more on M1"]


def test_a_difference_is_the_same_as_of_small_plans(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/v1/schedules/{made(api)}/diff/{made(api)}"
    assert api.get(path).status_code == 202
    _read(api, "compare")
    large = api.get(path)
    assert large.status_code == 200
    monkeypatch.setattr(deferred, "LARGE_OPERATIONS", 1000)
    assert document(api.get(path)) == document(large)


def test_a_run_that_is_cancelled_before_it_has_a_problem_ends(api: Api) -> None:
    found = document(post(api, "/v1/disruptions", {"schedule_id": made(api), "at": at(3), "disruptions": [DOWN]}))
    api.delete(found["links"]["self"])
    finish(found["id"], 1)
    planning(found["id"], 1)
    assert view(api, found["id"]).state == "cancelled"


def test_a_job_that_the_problem_does_not_name_is_unknown_at_once(api: Api) -> None:
    run_id = made(api)
    for path in (f"/v1/schedules/{run_id}/jobs/NOPE", f"/v1/schedules/{run_id}/why?job=NOPE"):
        answer = api.get(path)
        assert (answer.status_code, document(answer)["type"]) == (404, "urn:nightshift:error:unknown-job")
    assert api.messages() == []
    assert api.get(f"/v1/schedules/{run_id}/jobs/A").status_code == 202


def _read(api: Api, task: str) -> None:
    """What a worker does with the one message of that name that waits."""
    queue = api.prefix + "plan"
    (sent,) = [text for text in api.redis.lrange(queue, 0, -1) if f'"nightshift.{task}"' in text.decode()]  # type: ignore[union-attr]
    api.redis.delete(queue)
    args, named, _ = json.loads(base64.b64decode(json.loads(sent)["body"]))
    getattr(read_large, task)(*args, **named)
