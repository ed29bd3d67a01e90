"""Edits over HTTP: looked at, applied once, refused where the plan was changed meanwhile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.shop.parse import load
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.store import audit, origins, plants, runs
from models.tables.session import reading, transaction
from tests.app.conftest import Api
from tests.app.test_life import check_form, post
from tests.build import at, job, problem
from tests.plans import ended, result

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BOTH = ["M1", "M2"]
MOVE = {"moves": [{"job_id": "B", "machine_id": "M2", "pin": True, "until": at(30)}], "why": "fixture"}


def plan(api: Api) -> str:
    made = problem([job("A", 2, BOTH), job("B", 4, BOTH, lcd_date=at(5))], BOTH, plant="main")
    return ended(api.maker, made, replay(made, [Decision(0, 0), Decision(1, 0)]))


def look(api: Api, run_id: str, edit: Any = MOVE) -> tuple[str, dict[str, Any]]:
    answer = post(api, f"/v1/schedules/{run_id}/edits/preview", edit, role="viewer")
    assert answer.status_code == 200, answer.data
    return answer.headers["ETag"], json.loads(answer.data)


def apply(api: Api, run_id: str, tag: str | None, edit: Any = MOVE) -> Any:
    headers = {} if tag is None else {"If-Match": tag}
    return post(api, f"/v1/schedules/{run_id}/edits", edit, headers=headers)


def test_a_preview_tells_terms_moves_and_pins_and_stores_nothing(api: Api) -> None:
    run_id = plan(api)
    before = api.stored()
    _, found = look(api, run_id)
    check_form(api, "EditPreview", found)
    terms = {row["term"]: row["change"] for row in found["difference"]["terms"]}
    assert (terms["weighted_tardiness"], terms["makespan"]) == (-3.0, -2.0)
    assert [found["difference"][side]["schedule_id"] for side in "ab"] == [run_id, None]
    assert [row["job_id"] for row in found["difference"]["moved"]] == ["B"]
    assert [(row["job_id"], row["until"], row["by"]) for row in found["pins"]] == [
        ("B", "2026-01-06T06:00:00+00:00", None)
    ]
    assert (found["later"], found["conflicts"], api.stored()) == ([], [], before)


def test_what_gets_later_is_named(api: Api) -> None:
    _, found = look(api, plan(api), {"moves": [{"job_id": "B", "start_time": at(8)}]})
    assert found["later"] == [{"job_id": "B", "before": 1.0, "after": 7.0}]
    assert {row["objective"]: row["value"] for row in found["pins"][0]["price"]} == {
        "unscheduled": 0, "weighted_tardiness": 18.0, "makespan": 6.0,
    }  # fmt: skip


def test_an_edit_that_was_looked_at_is_applied(api: Api) -> None:
    run_id = plan(api)
    tag, _ = look(api, run_id)
    answer = apply(api, run_id, tag)
    assert answer.status_code == 202, answer.data
    child = json.loads(answer.data)["id"]
    assert api.messages() == [("nightshift.plan", [child, 1])]
    with reading(api.maker) as session:
        origin, view = origins.of(session, child), runs.get(session, child)
        body = json.loads(runs.problem_body(session, child))
        (entry,) = [row for row in audit.entries(session, run_id) if row.action == "plan.edited"]
    assert origin is not None
    assert view is not None
    assert (origin.parent_id, origin.applied, view.first_plan) == (run_id, True, True)
    assert origin.detail["pins"][0]["by"] == entry.actor == view.key_id
    assert [(row["job_id"], row["machine_id"]) for row in body["fixed"]] == [("B", "M2")]
    assert entry.detail["why"] == "fixture"


def test_a_plan_that_was_changed_meanwhile_is_not_edited(api: Api) -> None:
    run_id = plan(api)
    (tag, _), (other, _) = look(api, run_id), look(api, run_id)
    assert tag == other
    child = json.loads(apply(api, run_id, tag).data)["id"]
    refused = apply(api, run_id, other)
    assert (refused.status_code, json.loads(refused.data)["current"]) == (412, child)
    assert apply(api, run_id, '"anything"').status_code == 412
    assert apply(api, run_id, look(api, run_id)[0]).status_code == 412
    assert api.stored() == 2


def test_an_edit_that_failed_or_was_cancelled_without_a_plan_gives_its_place_back(api: Api) -> None:
    run_id = plan(api)
    for end in (_failed, _cancelled):
        answer = apply(api, run_id, look(api, run_id)[0])
        assert answer.status_code == 202, answer.data
        end(api, json.loads(answer.data)["id"])
    assert apply(api, run_id, look(api, run_id)[0]).status_code == 202


def test_an_edit_that_was_cancelled_with_its_plan_is_gone_on_from(api: Api) -> None:
    run_id = plan(api)
    child = json.loads(apply(api, run_id, look(api, run_id)[0]).data)["id"]
    with transaction(api.maker) as session:
        made = load(runs.problem_body(session, child))
        document = json.dumps(result(made, replay(made, [Decision(0, 0)]), child)).encode()
        assert runs.finish(session, child, 1, state="cancelled", result=document)
    refused = json.loads(apply(api, run_id, look(api, run_id)[0]).data)
    assert (refused["current"], "Go on from `current`" in refused["detail"]) == (child, True)
    release = {"unpins": [{"job_id": "B"}]}
    assert apply(api, child, look(api, child, release)[0], release).status_code == 202


def _failed(api: Api, run_id: str) -> None:
    with transaction(api.maker) as session:
        assert runs.fail(session, run_id, 1, {"title": "No worker", "status": 500})


def _cancelled(api: Api, run_id: str) -> None:
    with transaction(api.maker) as session:
        assert runs.finish(session, run_id, 1, state="cancelled", result=None)


def test_what_is_told_of_a_lot_that_is_not_in_the_plan_spoils_no_edit(api: Api) -> None:
    run_id = plan(api)
    told = {"event_id": "e1", "job_id": "A", "lot": 2, "event": "started", "at": at(0), "machine_id": "M1"}
    assert post(api, "/v1/executions", {"plant": "main", "events": [told]}).status_code == 200
    edit = MOVE | {"at": at(1)}
    answer = apply(api, run_id, look(api, run_id, edit)[0], edit)
    assert answer.status_code == 202, answer.data
    with reading(api.maker) as session:
        made = load(runs.problem_body(session, json.loads(answer.data)["id"]))
    assert [(work.operation, work.lot) for work in made.fixed] == [(0, 1), (1, 1)]


def test_an_edit_that_was_not_looked_at_is_refused(api: Api) -> None:
    answer = apply(api, plan(api), None)
    assert (answer.status_code, json.loads(answer.data)["type"]) == (428, "urn:nightshift:error:precondition-required")


def test_what_is_wrong_is_named_with_its_path(api: Api) -> None:
    answer = post(api, f"/v1/schedules/{plan(api)}/edits/preview", {"moves": [{"job_id": "Z", "machine_id": "M1"}]})
    assert answer.status_code == 422
    assert json.loads(answer.data)["errors"][0]["field"] == "moves[0].job_id"
    assert post(api, "/v1/schedules/nothing/edits/preview", MOVE).status_code == 404


def test_a_plan_that_was_put_in_force_meanwhile_is_looked_at_again(api: Api) -> None:
    run_id = plan(api)
    tag, _ = look(api, run_id)
    other = plan(api)
    with transaction(api.maker) as session:
        plants.accept(session, other, actor="mia")
    assert apply(api, run_id, tag).status_code == 412
    assert apply(api, run_id, look(api, run_id)[0]).status_code == 202
