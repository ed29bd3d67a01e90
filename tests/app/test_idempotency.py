from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from models.store import runs
from models.tables.session import reading
from tests.app.conftest import Api
from tests.app.problems import sound


def keyed(api: Api, key: str, body: bytes | None = None, *, query: str = "", **options: Any) -> Any:
    data = json.dumps(sound()).encode() if body is None else body
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    return api.request("POST", f"/v1/schedules{query}", data=data, headers=headers, **options)


def test_the_same_request_again_gets_the_same_answer_and_one_run(api: Api) -> None:
    first, again = keyed(api, "monday-1"), keyed(api, "monday-1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.data == again.data
    assert first.headers["Location"] == again.headers["Location"]
    assert api.stored() == 1
    assert len(api.messages()) == 1


@pytest.mark.parametrize("query", ["", "?first_plan=true"])
def test_the_same_key_with_another_request_is_refused(api: Api, query: str) -> None:
    assert keyed(api, "monday-1").status_code == 202
    answer = keyed(api, "monday-1", None if query else json.dumps(sound(plant="other")).encode(), query=query)
    assert answer.status_code == 422
    document = json.loads(answer.data)
    assert document["type"] == "urn:nightshift:error:invalid-idempotency-key"
    assert document["errors"] == [
        {
            "field": "Idempotency-Key",
            "rule": "reused",
            "message": "was used before, with another body or query; make a new key for each request",
            "value": "'monday-1'",
        }
    ]
    assert api.stored() == 1


@pytest.mark.parametrize("key", ["", "a" * 201, "two words", "gr\u00fcn", "tab\tulator"])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    answer = keyed(api, key)
    assert answer.status_code == 422
    assert json.loads(answer.data)["errors"][0]["field"] == "Idempotency-Key"
    assert api.stored() == 0


def test_each_api_key_has_keys_of_its_own(api: Api) -> None:
    longest = "~" * 200
    ids = {keyed(api, longest, role=role).json["id"] for role in ("planner", "admin")}
    assert len(ids) == 2


def test_a_refused_problem_leaves_its_key_free(api: Api) -> None:
    assert keyed(api, "monday-1", b'{"jobs": []}').status_code == 422
    assert keyed(api, "monday-1").status_code == 202


def test_duplicates_at_the_same_moment_make_one_run(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(4)
    monkeypatch.setattr("app.api.schedules.commands.submitted", _once_late(together))
    answers: list[Any] = []

    def send() -> None:
        answers.append(keyed(api, "monday-1"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [202] * 4
    assert len({answer.json["id"] for answer in answers}) == 1
    assert api.stored() == 1
    assert len(api.messages()) == 1


def test_the_first_plan_may_be_enough(api: Api) -> None:
    run_id = api.request("POST", "/v1/schedules?first_plan=true", json=sound()).json["id"]  # type: ignore[index]
    with reading(api.maker) as session:
        view = runs.get(session, run_id)
    assert view is not None
    assert view.first_plan
    assert api.get(f"/v1/schedules/{run_id}").json["options"]["first_plan"] is True  # type: ignore[index]
    assert api.request("POST", "/v1/schedules?first_plan=yes", json=sound()).status_code == 422


def _once_late(together: threading.Barrier) -> Any:
    """Looks a key up as before, but answers only once all others have looked too: none of them finds anything."""
    from tasks.commands import submitted

    looked = threading.local()

    def look(claim: Any) -> str | None:
        found = submitted(claim)
        if not getattr(looked, "once", False):
            looked.once = True
            together.wait(20)
        return found

    return look
