"""What plants told, over HTTP: what became of each event, and the plan in force beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.store import plants
from models.tables.session import transaction
from tasks import deferred
from tests.app.conftest import Api
from tests.app.test_large_plans import _read
from tests.app.test_life import check_form, event, tell
from tests.build import at, job, problem
from tests.plans import ended

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def in_force(api: Api) -> str:
    shop = problem(
        [job("A", 2, ["M1"], family_id="f"), job("B", 4, ["M1"]), job("L", 1, ["M1"], lcd_date=at(0.5), lcd_hard=True)],
        plant="main",
    )
    run_id = ended(api.maker, shop, replay(shop, [Decision(0, 0), Decision(1, 0), Decision(2, 0)]))
    with transaction(api.maker) as session:
        plants.accept(session, run_id, actor="test")
    return run_id


def read(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.data
    return dict(json.loads(answer.data))


def test_events_of_work_that_the_plan_does_not_have_are_kept_and_told(api: Api) -> None:
    early = read(tell(api, event("e0", "started", 0)))
    check_form(api, "ExecutionsStored", early)
    assert (early["unmatched"], early["warnings"]) == (1, ["events[0]: plant 'main' has no plan in force yet"])
    in_force(api)
    found = read(
        tell(
            api,
            event("e1", "finished", 2),
            event("e2", "started", 2, job_id="X"),
            event("e3", "started", 2, job_id="B", operation_id="9"),
            event("e4", "started", 2, job_id="B", lot=2),
            event("e5", "started", 2, job_id="L"),
        )
    )
    assert (found["stored"], found["unmatched"]) == (5, 3)
    assert found["warnings"] == [
        "events[1]: the plan in force has no job 'X'",
        "events[2]: job 'B' has no operation '9' in the plan in force",
        "events[3]: operation '1' of job 'B' has no lot 2 in the plan in force; it does not count",
    ]
    told = read(api.get("/v1/plants/main/executions"))
    check_form(api, "EventList", told)
    assert [(row["event_id"], row["state"]) for row in told["executions"]] == [
        ("e5", "applied"), ("e4", "unmatched"), ("e3", "unmatched"), ("e2", "unmatched"), ("e1", "applied"),
        ("e0", "applied"),
    ]  # fmt: skip


def test_events_are_listed_in_pages_and_scrapped_work_is_superseded(api: Api) -> None:
    in_force(api)
    tell(api, event("e1", "started", 0), event("e2", "scrapped", 1), event("e3", "started", 1.5))
    page: str | None = "/v1/plants/main/executions?limit=2"
    seen: list[tuple[str, str]] = []
    while page is not None:
        found = read(api.get(page))
        seen += [(row["event_id"], row["state"]) for row in found["executions"]]
        page = found["links"]["next"]
    assert seen == [("e3", "applied"), ("e2", "applied"), ("e1", "superseded")]
    assert api.get("/v1/plants/main/executions?limit=201").status_code == 422


def test_the_plan_in_force_beside_what_was_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api.get("/v1/plants/main/actuals").status_code == 404
    run_id = in_force(api)
    tell(api, event("e1", "started", 1), event("e2", "finished", 4), event("e3", "started", 4.5, job_id="B"))
    found = read(api.get("/v1/plants/main/actuals"))
    check_form(api, "Actuals", found)
    assert (found["schedule_id"], found["number"]) == (run_id, 1)
    assert found["operations"] == {
        "planned": 2, "finished": 1, "running": 1, "paused": 0, "scrapped": 0, "untold": 0,
        "due": 2, "due_and_not_finished": 1,
    }  # fmt: skip
    assert found["hours_late"]["end"] == {"operations": 1, "mean": 2.0, "median": 2.0, "worst": 2.0}
    assert found["hours_late"]["start"]["worst"] == 2.5
    took = {"operations": 1, "planned_hours": 2.0, "actual_hours": 3.0, "ratio": 1.5, "median_ratio": 1.5}
    assert found["durations"] == {
        "all": took, "machines": [{"machine_id": "M1", **took}], "families": [{"family_id": "f", **took}],
    }  # fmt: skip
    monkeypatch.setattr(deferred, "LARGE_OPERATIONS", 0)
    assert api.get("/v1/plants/main/actuals").status_code == 202
    _read(api, "actuals")
    large = read(api.get("/v1/plants/main/actuals"))
    assert {**large, "at": ""} == {**found, "at": ""}
