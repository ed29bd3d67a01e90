"""Why, over HTTP: worked out by tasks when it is asked for, kept, and forgotten without harm."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import quote

import pytest

from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.result import Outcome, Quality, to_document
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.store import runs
from models.tables.session import transaction
from tasks import base, explain
from tasks.why import REMEDY
from tests.app.conftest import Api
from tests.build import at, document, job
from tests.store.build import BATCHES
from workers.celery import PLAN_QUEUE, SOLVE_QUEUE

jsonschema = pytest.importorskip("jsonschema")

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

JOBS = [
    job("A", 5, ["M1"]),
    job("B", 2, ["M1"], lcd_date=at(4)),
    job("C", 9, ["M2"], lcd_date=at(4), lcd_hard=True),
    job("Ä/é?&", 1, ["M2"], lcd_date=at(4)),
]


def ended(api: Api, state: Any = "finished", *, plan: bool = True, jobs: Any = None) -> str:
    """A run that has ended, with a real plan."""
    body = document(jobs or JOBS, ["M1", "M2"])
    run_id = str(api.submit(body).json["id"])  # type: ignore[index]
    shop: Problem = parse(body)
    schedule = replay(shop, [Decision(o.number, min(o.options)) for o in shop.operations])
    made = to_document(shop, schedule, Outcome("feasible", {}, Quality((), "dispatch", ("dispatch",), {}, 0, "", {})))
    with transaction(api.maker) as session:
        assert runs.begin(session, run_id, 1, batches=1)
        result = json.dumps(made).encode() if plan else None
        assert runs.finish(session, run_id, 1, state=state, result=result, batches=BATCHES)
    explain._planned.cache_clear()
    return run_id


def sent(api: Api, name: str, queue: str = PLAN_QUEUE) -> int:
    """How many messages of that task wait in a queue."""
    waiting = cast("list[bytes]", api.redis.lrange(f"{api.prefix}{queue}", 0, -1))
    return sum(json.loads(text)["headers"]["task"] == f"nightshift.{name}" for text in waiting)


def check_form(api: Api, answer: Any, name: str = "Explanation") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.data)
    components = json.loads(api.client.get("/openapi.json").data)["components"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": components}
    jsonschema.Draft202012Validator(schema).validate(found)
    return found


def test_it_is_worked_out_when_asked_for(api: Api) -> None:
    run_id = ended(api)
    path = f"/v1/schedules/{run_id}/why"
    first = api.get(path, role="viewer")
    assert first.status_code == 202
    assert first.headers["Retry-After"] == "1"
    assert first.json["links"]["self"] == f"/v1/schedules/{run_id}"  # type: ignore[index]
    assert api.get(path).status_code == 202
    assert sent(api, "explain") == 1

    explain.explain(run_id)
    partial = api.get(path)
    assert partial.status_code == 200
    assert partial.headers["Retry-After"] == "1"
    told = check_form(api, partial)
    assert told["conflicts"] is None
    assert [row["job_id"] for row in told["jobs"]] == ["B"]
    assert told["jobs"][0]["behind"] == [{"job_id": "A", "machine_id": "M1", "hours": 5.0}]
    assert [row["job_id"] for row in told["unscheduled_jobs"]] == ["C"]
    assert sent(api, "conflicts", SOLVE_QUEUE) == 1

    explain.conflicts(run_id)
    whole = api.get(path)
    assert whole.status_code == 200
    assert "Retry-After" not in whole.headers
    told = check_form(api, whole)
    assert told["conflicts"]["conflicts"][0]["rules"] == ["lcd_hard"]
    assert told["conflicts"]["conflicts"][0]["proof"] == "proved"
    assert told["conflicts"]["relaxations"][0]["schedules"] == ["C"]

    for task in (explain.explain, explain.conflicts):  # messages that come twice change nothing
        task(run_id)
    assert api.get(path).data == whole.data
    assert sent(api, "explain") == sent(api, "conflicts", SOLVE_QUEUE) == 1


def test_one_job_with_its_chain(api: Api) -> None:
    run_id = ended(api)
    path = f"/v1/schedules/{run_id}/why"
    assert api.get(path, query_string={"job": "B"}).status_code == 202
    explain.explain(run_id, job_id="B")
    answer = api.get(path, query_string={"job": "B"})
    assert "Retry-After" not in answer.headers
    told = check_form(api, answer)
    links = [(link["job_id"], link["waits_for"]) for link in told["jobs"][0]["links"]]
    assert links == [("A", "zero"), ("B", "machine")]
    explain.explain(run_id, job_id="Ä/é?&")
    told = check_form(api, api.get(path, query_string={"job": "Ä/é?&"}))
    assert (told["asked"], told["jobs"][0]["tardiness"]) == ("Ä/é?&", 0)


def test_a_job_that_is_not_there(api: Api) -> None:
    run_id = ended(api)
    path = f"/v1/schedules/{run_id}/why?job=Z"
    assert api.get(path).status_code == 202
    explain.explain(run_id, job_id="Z")
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.json["type"].endswith("unknown-job")  # type: ignore[index]
    for query in ("job=", f"job={'x' * 201}", "jobs=B", "job=%00remedy:B"):
        assert api.get(f"/v1/schedules/{run_id}/why?{query}").status_code == 422


def test_without_a_plan_there_is_nothing_to_explain(api: Api) -> None:
    going_on = str(api.submit(document(JOBS, ["M1", "M2"])).json["id"])  # type: ignore[index]
    answer = api.get(f"/v1/schedules/{going_on}/why")
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")
    cancelled = ended(api, "cancelled", plan=False)
    assert api.get(f"/v1/schedules/{cancelled}/why").json["type"].endswith("no-plan")  # type: ignore[index]
    for unknown in ("00000000-0000-7000-8000-000000000000", "none"):
        assert api.get(f"/v1/schedules/{unknown}/why").status_code == 404
    assert sent(api, "explain") == 0


def test_what_redis_forgot_is_worked_out_again(api: Api) -> None:
    run_id = ended(api)
    explain.explain(run_id)
    for key in api.redis.scan_iter(f"nightshift:why:{run_id}*"):
        api.redis.delete(key)
    explain.conflicts(run_id)  # has nothing to add to, and nothing to say
    assert api.get(f"/v1/schedules/{run_id}/why").status_code == 202
    assert sent(api, "explain") == 1


def test_a_failure_is_told_and_does_not_repeat_for_ever(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = ended(api)

    def stumble(*_: object) -> None:
        raise RuntimeError("a secret of the house")

    with monkeypatch.context() as broken:
        broken.setattr(explain.document, "overview", stumble)
        explain.explain(run_id)
    answer = api.get(f"/v1/schedules/{run_id}/why")
    assert answer.status_code == 500
    assert answer.json["type"].endswith("explanation-failed")  # type: ignore[index]
    assert "secret" not in answer.text
    for _ in range(api.settings.max_attempts):  # its worker died that often
        base.explanations().begun(run_id, "B", "explain")
    explain.explain(run_id, job_id="B")
    assert api.get(f"/v1/schedules/{run_id}/why?job=B").status_code == 500


def test_redis_is_away(api: Api, redis_down: Api) -> None:
    run_id = ended(api)
    answer = redis_down.get(f"/v1/schedules/{run_id}/why")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert answer.json["type"].endswith("redis-unavailable")  # type: ignore[index]


def test_one_job_is_explained_with_what_would_help(api: Api) -> None:
    run_id = ended(api)
    place = f"/v1/schedules/{run_id}/jobs/B"
    assert api.get(place).status_code == 202
    explain.explain(run_id, "B")
    early = api.get(place, role="viewer")
    assert (early.status_code, early.headers["Retry-After"], early.json["searched"]) == (200, "1", False)  # type: ignore[index]
    assert sent(api, "remedy", SOLVE_QUEUE) == 1
    explain.remedy(run_id, f"{REMEDY}B")
    answer = api.get(place)
    assert "Retry-After" not in answer.headers
    found = check_form(api, answer, "JobExplained")
    assert found["explanation"]["jobs"][0]["job_id"] == "B"
    assert found["remedy"]["change"] == {"kind": "order", "words": "plan it before others", "scenario": None}
    assert found["remedy"]["completion_time"] == at(2)
    assert sent(api, "remedy", SOLVE_QUEUE) == 1


def test_a_job_on_time_needs_no_remedy_and_an_unknown_one_has_none(api: Api) -> None:
    run_id = ended(api)
    for name in ("Ä/é?&", "nobody"):
        explain.explain(run_id, name)
        explain.remedy(run_id, f"{REMEDY}{name}")
    answer = api.get(f"/v1/schedules/{run_id}/jobs/{quote('Ä/é?&')}")
    assert answer.json is not None
    assert (answer.json["searched"], answer.json["remedy"]) == (True, None)
    assert api.get(f"/v1/schedules/{run_id}/jobs/nobody").status_code == 404
    assert api.get(f"/v1/schedules/{run_id[:-1]}x/jobs/B").status_code == 404
