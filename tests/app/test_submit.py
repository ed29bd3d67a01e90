from __future__ import annotations

import gzip
import io

from models.store import audit, runs
from models.store.keys import list_keys
from models.tables.session import reading
from tests.app.conftest import Api
from tests.app.problems import sound


def test_a_sound_problem_is_stored_and_then_sent(api: Api) -> None:
    answer = api.submit(sound())
    assert answer.status_code == 202
    assert answer.json is not None
    run_id = answer.json["id"]
    assert answer.json == {
        "id": run_id,
        "state": "queued",
        "links": {"self": f"/v1/schedules/{run_id}", "result": f"/v1/schedules/{run_id}/result"},
    }
    assert answer.headers["Location"] == f"/v1/schedules/{run_id}"
    assert answer.headers["Retry-After"] == "1"
    assert api.messages() == [("nightshift.plan", [run_id, 1])]
    with reading(api.maker) as session:
        view = runs.get(session, run_id)
        entries = audit.entries(session, run_id)
        planner = next(key for key in list_keys(session) if key.role == "planner")
    assert view is not None
    assert (view.plant, view.request_id, view.jobs, view.operations) == ("main", "r-1", 2, 3)
    assert [(entry.action, entry.actor) for entry in entries] == [("run.submitted", planner.id)]


def test_the_body_is_stored_as_it_came(api: Api) -> None:
    data = b" " + api.client.application.json.dumps(sound()).encode()
    run_id = api.send(data).json["id"]  # type: ignore[index]
    with reading(api.maker) as session:
        assert runs.problem_body(session, run_id) == data


def test_a_gzipped_body_is_taken(api: Api) -> None:
    data = gzip.compress(api.client.application.json.dumps(sound()).encode())
    assert api.send(data, headers={"Content-Encoding": "gzip"}).status_code == 202


def test_a_body_without_length_is_taken(api: Api) -> None:
    data = api.client.application.json.dumps(sound()).encode()
    answer = api.request(
        "POST",
        "/v1/schedules",
        input_stream=io.BytesIO(data),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert answer.status_code == 202


def test_with_redis_away_the_commit_is_the_promise(redis_down: Api) -> None:
    answer = redis_down.submit(sound())
    assert answer.status_code == 202
    assert redis_down.stored() == 1


def test_with_the_database_away_nothing_is_promised(database_down: Api) -> None:
    answer = database_down.submit(sound())
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert database_down.stored() == 0
    assert database_down.messages() == []
