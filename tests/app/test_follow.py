from __future__ import annotations

import json
from typing import Any

import pytest

from models.shop.objective import LEVEL_UNIT
from models.store import audit, runs
from models.tables.session import reading, transaction
from tasks.board import incumbents
from tests.app.conftest import Api
from tests.app.problems import sound
from tests.store.build import BATCHES

RESULT: dict[str, Any] = {
    "schedule_id": "",
    "status": "feasible",
    "quality": {"levels": [{"objective": "makespan", "value": 3.5, "lower_bound": 3.0, "gap": 0.142857}]},
}
UNKNOWN = ("00000000-0000-7000-8000-000000000000", "no-id", "A" * 300, "%00", "..%2f..")


def queued(api: Api, **changes: Any) -> str:
    answer = api.submit(sound(**changes))
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])  # type: ignore[index]


def solving(api: Api, batches: int = 2, **changes: Any) -> str:
    run_id = queued(api, **changes)
    with transaction(api.maker) as session:
        assert runs.begin(session, run_id, 1, batches=batches)
    api.scratch.open(run_id, 1, batches)
    return run_id


def end(api: Api, run_id: str, state: Any = "finished", *, plan: bool = True) -> None:
    result = json.dumps(RESULT | {"schedule_id": run_id}).encode() if plan else None
    with transaction(api.maker) as session:
        assert runs.finish(session, run_id, 1, state=state, result=result, batches=BATCHES)


def failed(api: Api) -> str:
    run_id = solving(api)
    with transaction(api.maker) as session:
        assert runs.fail(session, run_id, 1, {"title": "No plan could be made", "detail": "All 3 attempts failed."})
    return run_id


def test_a_queued_run_tells_what_was_asked(api: Api) -> None:
    run_id = queued(api)
    answer = api.get(f"/v1/schedules/{run_id}")
    assert answer.status_code == 200
    assert answer.headers["Retry-After"] == "1"
    status = answer.json
    assert status is not None
    assert status["state"] == "queued"
    assert status["progress"] is None
    assert status["error"] is None
    assert status["options"] == {"engine": "dispatch", "time_limit_seconds": 2, "first_plan": False}
    assert (status["plant"], status["request_id"], status["jobs"], status["operations"]) == ("main", "r-1", 2, 3)
    assert status["created_at"].endswith("Z")
    assert (status["started_at"], status["finished_at"]) == (None, None)
    assert status["links"]["result"] == f"/v1/schedules/{run_id}/result"


def test_progress_tells_the_best_plan_and_what_the_batches_prove(api: Api) -> None:
    run_id = solving(api, objective=["total_tardiness", "makespan"])
    api.scratch.started(run_id, 1, 0)
    api.scratch.progress(run_id, 1, 0, (0, 2 * LEVEL_UNIT, 5 * LEVEL_UNIT), (0, LEVEL_UNIT, None))
    progress = api.get(f"/v1/schedules/{run_id}").json["progress"]  # type: ignore[index]
    assert progress["batches_done"] == 0
    assert progress["levels"][0] == {"objective": "total_tardiness", "value": None, "lower_bound": 1.0}
    api.scratch.progress(run_id, 1, 1, (0, 3 * LEVEL_UNIT, 4 * LEVEL_UNIT), (0, LEVEL_UNIT // 2, LEVEL_UNIT))
    api.scratch.put_report(run_id, 1, 1, b"report")
    incumbents().put(run_id, 1, 0, (0, 6 * LEVEL_UNIT, 5 * LEVEL_UNIT, 9), b"plan")
    progress = api.get(f"/v1/schedules/{run_id}").json["progress"]  # type: ignore[index]
    assert progress == {
        "batches_done": 1,
        "batches_total": 2,
        "fraction": 0.25,
        "levels": [
            {"objective": "total_tardiness", "value": 6.0, "lower_bound": 1.5},
            {"objective": "makespan", "value": 5.0, "lower_bound": None},
        ],
    }


def test_progress_is_of_the_objective_whatever_a_calendar_is_called(api: Api) -> None:
    calendar = {"weekly": [{"days": ["mon"], "from": "06:00", "to": "14:00"}]}
    document = sound(calendars=sound()["calendars"] | {"objective": calendar})
    document.pop("objective", None)
    run_id = str(api.submit(document).json["id"])  # type: ignore[index]
    with transaction(api.maker) as session:
        assert runs.begin(session, run_id, 1, batches=1)
    api.scratch.open(run_id, 1, 1)
    levels = api.get(f"/v1/schedules/{run_id}").json["progress"]["levels"]  # type: ignore[index]
    assert [level["objective"] for level in levels] == ["weighted_tardiness", "makespan"]


def test_status_without_redis_has_no_progress(api: Api, request: pytest.FixtureRequest) -> None:
    run_id = solving(api)
    request.getfixturevalue("redis_down")
    answer = api.get(f"/v1/schedules/{run_id}")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["state"] == "solving"
    assert answer.json["progress"] is None


def test_a_finished_run_gives_its_plan(api: Api) -> None:
    run_id = solving(api)
    early = api.get(f"/v1/schedules/{run_id}/result")
    assert early.status_code == 409
    assert early.headers["Retry-After"] == "1"
    assert json.loads(early.data)["state"] == "solving"
    end(api, run_id)
    status = api.get(f"/v1/schedules/{run_id}")
    assert "Retry-After" not in status.headers
    assert status.json is not None
    assert status.json["state"] == "finished"
    assert status.json["progress"]["fraction"] == 1.0
    assert status.json["progress"]["levels"] == [{"objective": "makespan", "value": 3.5, "lower_bound": 3.0}]
    result = api.get(f"/v1/schedules/{run_id}/result")
    assert result.status_code == 200
    assert result.content_type == "application/json"
    assert result.json == RESULT | {"schedule_id": run_id}


def test_a_failed_run_answers_with_its_stored_error(api: Api) -> None:
    run_id = failed(api)
    status = api.get(f"/v1/schedules/{run_id}")
    assert status.json is not None
    assert status.json["state"] == "failed"
    assert status.json["error"]["detail"] == "All 3 attempts failed."
    assert "Retry-After" not in status.headers
    answer = api.get(f"/v1/schedules/{run_id}/result")
    assert answer.status_code == 409
    document = json.loads(answer.data)
    assert (document["state"], document["error"]["title"]) == ("failed", "No plan could be made")
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("plan", [True, False])
def test_a_cancelled_run_gives_the_plan_it_kept(api: Api, plan: bool) -> None:
    run_id = solving(api)
    end(api, run_id, "cancelled", plan=plan)
    answer = api.get(f"/v1/schedules/{run_id}/result")
    assert answer.status_code == (200 if plan else 409)
    assert plan or json.loads(answer.data)["type"] == "urn:nightshift:error:no-plan"


def test_cancelling_asks_once_and_is_audited(api: Api) -> None:
    run_id = solving(api)
    api.scratch.started(run_id, 1, 0)
    for _ in range(2):
        answer = api.delete(f"/v1/schedules/{run_id}")
        assert answer.status_code == 202
        assert answer.json is not None
        assert (answer.json["id"], answer.json["state"]) == (run_id, "solving")
    assert api.scratch.cancelled(run_id)
    assert api.get(f"/v1/schedules/{run_id}").json["cancel_requested"] is True  # type: ignore[index]
    with reading(api.maker) as session:
        actions = [entry.action for entry in audit.entries(session, run_id)]
    assert actions.count("run.cancel_requested") == 1


def test_cancelling_what_has_ended_changes_nothing(api: Api) -> None:
    run_id = solving(api)
    end(api, run_id)
    answer = api.delete(f"/v1/schedules/{run_id}")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["state"] == "finished"


@pytest.mark.parametrize("run_id", UNKNOWN)
@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/result"), ("DELETE", "")])
def test_an_unknown_id_is_not_found(api: Api, run_id: str, method: str, tail: str) -> None:
    answer = api.request(method, f"/v1/schedules/{run_id}{tail}")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_the_list_is_newest_first_in_pages(api: Api) -> None:
    ids = [queued(api) for _ in range(5)]
    seen: list[str] = []
    path: str | None = "/v1/schedules?limit=2"
    pages = 0
    while path:
        page = api.get(path).json
        assert page is not None
        seen += [row["id"] for row in page["schedules"]]
        path = page["links"]["next"]
        pages += 1
    assert seen == ids[::-1]
    assert pages == 3


def test_the_list_is_filtered(api: Api) -> None:
    here, there = queued(api, plant="here & now"), queued(api, plant="there")
    end(api, solving(api))
    by_plant = api.get("/v1/schedules", query_string={"plant": "here & now"}).json
    by_state = api.get("/v1/schedules?state=queued&limit=1").json
    assert by_plant is not None
    assert by_state is not None
    assert [row["id"] for row in by_plant["schedules"]] == [here]
    assert [row["id"] for row in by_state["schedules"]] == [there]
    older = by_state["links"]["next"]
    assert older.startswith("/v1/schedules?state=queued&limit=1&cursor=")
    assert [row["id"] for row in api.get(older).json["schedules"]] == [here]  # type: ignore[index]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=many", "state=lost", "colour=red"])
def test_a_bad_query_names_the_parameter(api: Api, query: str) -> None:
    answer = api.get(f"/v1/schedules?{query}")
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    document = json.loads(answer.data)
    name, value = query.split("=")
    assert document["errors"][0]["field"] == name
    assert value in document["errors"][0]["value"]
    assert document["total_errors"] == 1


def test_the_list_takes_several_states_request_ids_and_times(api: Api) -> None:
    first, second = queued(api, request_id="a"), solving(api, request_id="b")
    third = queued(api, request_id="c")
    end(api, second)
    moment = api.get(f"/v1/schedules/{second}").json["created_at"]  # type: ignore[index]

    def ids(query: str) -> list[str]:
        return [row["id"] for row in api.get(f"/v1/schedules?{query}").json["schedules"]]  # type: ignore[index]

    assert ids("state=queued&state=finished&state=failed") == [third, second, first]
    assert ids("request_id=b") == [second]
    assert ids(f"created_after={moment}") == [third, second]
    assert first in ids(f"created_before={moment}") and third not in ids(f"created_before={moment}")
