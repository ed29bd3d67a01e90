"""What every answer has, whatever was asked."""

from __future__ import annotations

import json
import re

import pytest

from tests.app.conftest import Api
from tests.app.problems import sound

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/schedules/", 404),
        ("PUT", "/v1/schedules", 405),
        ("POST", "/livez", 405),
        ("GET", "/v1/schedules/none", 404),
    ],
)
def test_every_error_is_a_problem_document(api: Api, method: str, path: str, status: int) -> None:
    answer = api.request(method, path)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    document = json.loads(answer.data)
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == path
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert status != 405 or "GET" in answer.headers["Allow"]


def test_an_unexpected_error_tells_no_traceback(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr("app.api.schedules.queries.listed", stumble)
    answer = api.get("/v1/schedules")
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert json.loads(answer.data)["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/livez", "/v1/schedules", "/nowhere"])
def test_every_answer_has_the_headers(api: Api, path: str) -> None:
    headers = api.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_sane_request_id_is_kept(api: Api) -> None:
    given = "plan.2026_01-05" * 4
    assert api.get("/livez", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "a;drop", "\u00e9"])
def test_another_request_id_is_replaced(api: Api, given: str) -> None:
    made = api.get("/livez", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{16}", made)


def test_requests_are_counted_by_route(api: Api) -> None:
    api.submit(sound())
    api.get("/v1/schedules/none")
    text = api.get("/metrics").text
    assert 'nightshift_http_requests_total{method="GET",route="/v1/schedules/<run_id>",status="404"}' in text
    assert "/v1/schedules/none" not in text
