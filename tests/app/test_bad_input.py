"""Each bad input is refused with a 4xx that names field, rule and value, and nothing is stored."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from backports import zstd
from werkzeug.test import TestResponse

from app import create_app
from tests.app.conftest import Api
from tests.app.problems import broken, sound

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CYCLE = [
    {"operation_id": "a", "machines": [{"machine_id": "M1", "processing_time": 1}], "predecessors": ["b"]},
    {"operation_id": "b", "machines": [{"machine_id": "M1", "processing_time": 1}], "predecessors": ["a"]},
]


def refused(api: Api, answer: TestResponse, status: int) -> dict[str, Any]:
    """The problem document of a refusal; nothing was stored or sent."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert api.stored() == 0
    assert api.messages() == []
    document: dict[str, Any] = json.loads(answer.data)
    assert document["status"] == status
    assert document["type"].startswith("urn:nightshift:error:")
    assert document["request_id"] == answer.headers["X-Request-Id"]
    return document


@pytest.mark.parametrize(
    ("problem", "field", "value"),
    [
        (broken("schedule_start", None), "schedule_start", ""),
        (broken("jobs.0.processing_time", -2), "jobs[0].processing_time", "-2"),
        (
            broken("jobs.1.operations.0.machines.0.machine_id", "M9"),
            "jobs[1].operations[0].machines[0].machine_id",
            "M9",
        ),
        (broken("jobs.1.operations", CYCLE), "jobs[1]", "a"),
        (broken("jobs.0.machine_types", [7]), "jobs[0]", "7"),
        (broken("jobs.1.job_id", "J1"), "jobs[1].job_id", "J1"),
        (broken("schedule_start", "2026-01-05T06:00:00"), "schedule_start", "2026-01-05T06:00:00"),
        (broken("jobs.0.lcd_date", "2026-01-05 noon"), "jobs[0].lcd_date", "noon"),
        (broken("jobs.0.colour", "red"), "jobs[0].colour", "red"),
        (broken("options.time_limit_seconds", 1e9), "options.time_limit_seconds", "1000000000"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_broken_rule_names_field_rule_and_value(api: Api, problem: dict[str, Any], field: str, value: str) -> None:
    document = refused(api, api.submit(problem), 422)
    assert document["type"] == "urn:nightshift:error:invalid-problem"
    fault = next(fault for fault in document["errors"] if fault["field"].startswith(field))
    assert fault["rule"]
    assert fault["message"]
    assert value in fault["value"] + fault["message"]


def test_up_to_a_hundred_errors_are_listed_and_all_are_counted(api: Api) -> None:
    jobs = [{"job_id": f"J{n}", "processing_time": -1, "machine_types": [1]} for n in range(150)]
    document = refused(api, api.submit(sound(jobs=jobs)), 422)
    assert len(document["errors"]) == 100
    assert document["total_errors"] == 150


def test_broken_json_is_located(api: Api) -> None:
    document = refused(api, api.send(b'{"machines": [],\n  "jobs": [,]}'), 400)
    assert "line 2" in json.dumps(document)
    assert "column 12" in json.dumps(document)


@pytest.mark.parametrize("data", [b"", b" \n", b"\xff\xfe", b"[1, 2]", b"1 1\n1 0 5\n", b"null", b'{"a": NaN}'])
def test_what_is_no_json_object_is_refused(api: Api, data: bytes) -> None:
    answer = api.send(data)
    assert answer.status_code in (400, 422)
    refused(api, answer, answer.status_code)


@pytest.mark.parametrize("depth", [100, 100_000])
def test_too_deep_a_body_is_refused(api: Api, depth: int) -> None:
    document = refused(api, api.send(b'{"jobs":' + b"[" * depth + b"]" * depth + b"}"), 422)
    assert document["errors"][0]["rule"] == "depth"
    assert "deep" in document["errors"][0]["message"]


@pytest.mark.parametrize(("sent", "shown"), [("text/csv", "text/csv"), ("application/xml; a=b", "xml"), ("", "none")])
def test_another_content_type_is_named(api: Api, sent: str, shown: str) -> None:
    document = refused(api, api.send(b"{}", sent), 415)
    assert "application/json" in document["detail"]
    assert shown in document["detail"]


def test_an_unknown_encoding_is_named(api: Api) -> None:
    document = refused(api, api.send(b"{}", headers={"Content-Encoding": "br"}), 415)
    assert "'br'" in document["detail"]


class TestTooLarge:
    LIMIT = 2048

    @pytest.fixture
    def small(self, api: Api) -> Api:
        api.client = create_app(replace(api.settings, max_body_bytes=self.LIMIT)).test_client()
        return api

    def test_by_its_length(self, small: Api) -> None:
        document = refused(small, small.send(b" " * (self.LIMIT + 1)), 413)
        assert document["limit"] == self.LIMIT
        assert str(self.LIMIT) in document["detail"]

    def test_without_length(self, small: Api) -> None:
        answer = small.request(
            "POST",
            "/v1/schedules",
            input_stream=io.BytesIO(b" " * (self.LIMIT + 1)),
            content_type="application/json",
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        )
        assert refused(small, answer, 413)["limit"] == self.LIMIT

    def test_once_inflated(self, small: Api) -> None:
        bomb = gzip.compress(b" " * 10_000_000)[: self.LIMIT * 6]
        answer = small.send(bomb[: self.LIMIT], headers={"Content-Encoding": "gzip"})
        assert refused(small, answer, 413)["limit"] == self.LIMIT


@pytest.mark.parametrize("data", [b"no gzip", gzip.compress(b"{}" * 99, mtime=0)[:-4]])
def test_damaged_gzip_is_refused(api: Api, data: bytes) -> None:
    document = refused(api, api.send(data, headers={"Content-Encoding": "gzip"}), 400)
    assert document["type"] == "urn:nightshift:error:damaged-gzip"


@pytest.mark.parametrize("data", [b"no zstd", zstd.compress(b"{}" * 99)[:-4], zstd.compress(b"{}") * 2])
def test_damaged_zstd_is_refused(api: Api, data: bytes) -> None:
    document = refused(api, api.send(data, headers={"Content-Encoding": "zstd"}), 400)
    assert document["type"] == "urn:nightshift:error:damaged-zstd"


def test_zstd_is_inflated_within_the_bound(api: Api) -> None:
    packed = zstd.compress(json.dumps(sound()).encode())
    assert api.send(packed, headers={"Content-Encoding": "zstd"}).status_code == 202
    api.client = create_app(replace(api.settings, max_body_bytes=2048)).test_client()
    bomb = zstd.compress(b" " * 10_000_000)
    assert len(bomb) < 2048
    assert api.send(bomb, headers={"Content-Encoding": "zstd"}).status_code == 413


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=e30",
        "cursor=WzFd",
        "cursor=WzEsICJcXHUwMDAwIl0",
        "cursor=\u00e9",
        "created_after=yesterday",
        "created_before=2026-01-05T06:00:00",
        "state=queued&state=lost",
        "before=1",
    ],
)
def test_a_query_that_is_none_names_its_parameter(api: Api, query: str) -> None:
    answer = api.get(f"/v1/schedules?{query}")
    assert answer.status_code == 422
    assert json.loads(answer.data)["errors"][0]["field"] == query.partition("=")[0]
