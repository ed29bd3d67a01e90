"""Small request bodies: bounded, without repeated fields, and without control characters."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app import intake
from app.forms import MOST_BYTES
from tests.app.conftest import Api
from tests.app.test_bad_input import refused

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PREVIEW = "/v1/schedules/nothing/edits/preview"
DAILY = {"plant": "main", "name": "daily", "cron": "0 2 * * *", "time_zone": "UTC"}
STARTED = {"event_id": "e", "job_id": "A", "event": "started", "at": "2026-01-05T06:00:00Z", "machine_id": "M1"}


def send(api: Api, path: str, data: bytes, **options: Any) -> TestResponse:
    return api.request("POST", path, data=data, content_type="application/json", **options)


def test_what_inflates_to_more_than_such_a_body_needs_is_refused(api: Api) -> None:
    bomb = gzip.compress(b'{"zz":[' + b"{}," * (MOST_BYTES // 3) + b"{}]}")
    assert len(bomb) < 20_000
    answer = send(api, PREVIEW, bomb, role="viewer", headers={"Content-Encoding": "gzip"})
    assert refused(api, answer, 413)["limit"] == MOST_BYTES


def test_a_value_is_told_by_its_size(api: Api) -> None:
    document = refused(api, send(api, PREVIEW, b'{"zz":[' + b"{}," * 1000 + b"{}]}", role="viewer"), 422)
    assert [(row["field"], row["value"]) for row in document["errors"]] == [("zz", "a list of 1001")]


def test_errors_are_counted_and_a_hundred_listed(api: Api) -> None:
    document = refused(api, send(api, "/v1/executions", json.dumps({"plant": "a", "events": [{}] * 200}).encode()), 422)
    assert (len(document["errors"]), document["total_errors"]) == (100, 800)


def test_large_bodies_are_read_one_at_a_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = intake.Gate(waiting=0)
    monkeypatch.setattr(intake, "_gate", gate)
    large = json.dumps({"why": "x" * intake.LARGE_BODY}).encode()
    with gate.passed():
        assert send(api, PREVIEW, large, role="viewer").status_code == 503
        assert send(api, PREVIEW, b'{"zz": 1}', role="viewer").status_code == 422
    assert send(api, PREVIEW, large, role="viewer").status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("/v1/replans", '{"plant":"a","plant":"b"}', ["plant"]),
        ("/v1/replans", '{"plant":null,"plant":"b"}', ["plant"]),
        ("/v1/replans", '{"plant":"a","options":{"seconds":1,"seconds":2}}', ["options.seconds"]),
        (PREVIEW, '{"moves":[{"job_id":"A"},{"job_id":"A","lot":1,"lot":2,"job_id":"B"}]}',
         ["moves[1].job_id", "moves[1].lot"]),
    ],
)  # fmt: skip
def test_a_field_that_is_given_twice_is_refused(api: Api, path: str, body: str, fields: list[str]) -> None:
    document = refused(api, send(api, path, body.encode()), 422)
    assert [(row["field"], row["rule"]) for row in document["errors"]] == [(f, "duplicate_field") for f in fields]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/replan-schedules", DAILY | {"plant": "a\0"}, "plant"),
        ("/v1/replan-schedules", DAILY | {"name": "\u2028"}, "name"),
        ("/v1/replan-schedules", DAILY | {"why": "a\nb"}, "why"),
        ("/v1/replans", {"plant": "\x7f"}, "plant"),
        ("/v1/executions", {"plant": "a\tb", "events": [STARTED]}, "plant"),
        ("/v1/executions", {"plant": "a", "events": [STARTED | {"event_id": "\0"}]}, "events[0].event_id"),
        ("/v1/executions", {"plant": "a", "events": [STARTED | {"job_id": "A\x85"}]}, "events[0].job_id"),
    ],
)
def test_control_characters_are_refused(api: Api, path: str, body: Any, field: str) -> None:
    document = refused(api, send(api, path, json.dumps(body).encode()), 422)
    assert [(row["field"], row["rule"]) for row in document["errors"]] == [(field, "control_character")]
