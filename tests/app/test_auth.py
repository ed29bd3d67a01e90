from __future__ import annotations

import json
import re
import time

import pytest

from app import auth, create_app
from models.store import keys
from models.tables.session import transaction
from tests.app.conftest import Api
from tests.app.problems import sound

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ID = "00000000-0000-7000-8000-000000000000"
SOME = f"/v1/schedules/{ID}"
READING_POSTS = ("/v1/schedules/<run_id>/edits/preview",)
"""What is posted but changes nothing."""


def endpoints(api: Api) -> list[tuple[str, str, str]]:
    """Method, rule and a path of every endpoint that takes a key."""
    rules = [rule for rule in api.client.application.url_map.iter_rules() if rule.rule.startswith("/v1")]
    return [
        (method, rule.rule, re.sub(r"<(?:path:)?\w+>", ID, rule.rule))
        for rule in rules
        for method in sorted(rule.methods or ())
        if method not in ("HEAD", "OPTIONS")
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic dTpw"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer nsk_000000000000_" + "0" * 64},
        {"X-API-Key": "wrong"},
        {"X-API-Key": "nsk_\u00e9"},
    ],
    ids=["none", "basic", "empty", "unknown", "malformed", "not-ascii"],
)
def test_without_a_valid_key_nothing_is_told(api: Api, headers: dict[str, str]) -> None:
    for method, _, path in endpoints(api):
        answer = api.client.open(path, method=method, headers=headers, data=b"garbage", query_string="limit=0")
        assert (method, path, answer.status_code) == (method, path, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == "application/problem+json"
        assert json.loads(answer.data)["status"] == 401


def test_viewers_change_nothing(api: Api) -> None:
    headers = {"X-API-Key": api.keys["viewer"], "Content-Type": "application/json"}
    for method, rule, path in endpoints(api):
        answer = api.client.open(path, method=method, headers=headers, data=b"{}")
        changes = method != "GET" and rule not in READING_POSTS
        assert (method, rule, answer.status_code == 403) == (method, rule, changes)


def test_a_key_in_use_that_is_revoked_opens_nothing_soon_after(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "KEY_SECONDS", 0.01)
    assert api.get("/v1/schedules", role="viewer").status_code == 200
    with transaction(api.maker) as session:
        assert keys.revoke(session, api.keys["viewer"].split("_")[1])
    time.sleep(0.02)
    assert api.get("/v1/schedules", role="viewer").status_code == 401


def test_a_revoked_key_opens_nothing(api: Api) -> None:
    with transaction(api.maker) as session:
        assert keys.revoke(session, api.keys["viewer"].split("_")[1])
    answer = api.get("/v1/schedules", role="viewer")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_key_may_come_in_its_own_header(api: Api) -> None:
    assert api.client.get("/v1/schedules", headers={"X-API-Key": api.keys["viewer"]}).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "planner", "admin"])
def test_viewers_read_and_planners_write(api: Api, role: str) -> None:
    submitted = api.submit(sound(), role=role)
    assert submitted.status_code == (403 if role == "viewer" else 202)
    assert api.get("/v1/schedules", role=role).status_code == 200
    assert api.get(SOME, role=role).status_code == 404
    assert api.delete(SOME, role=role).status_code == (403 if role == "viewer" else 404)
    if role == "viewer":
        document = json.loads(submitted.data)
        assert document["needed"] == "planner"
        assert "viewer" in document["detail"]
        assert api.stored() == 0


def test_an_endpoint_without_role_is_refused_at_the_start(api: Api) -> None:
    app = create_app(api.settings)
    app.view_functions["schedules.forgotten"] = lambda: "open"
    with pytest.raises(LookupError, match=r"schedules\.forgotten names no role"):
        auth.check(app, "schedules")
