"""Nothing secret is logged, whatever form it comes in."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from models.settings import load_settings
from monitoring import logs
from monitoring.logs import HIDDEN, scrubbed

PASSWORD = "s3cret/pass word"
QUOTED = "s3cret%2Fpass%20word"
URL = f"mariadb://planner:{QUOTED}@127.0.0.1:1/nightshift"
KEY = "nsk_01a21d77_Zk3-9fX_secretsecret"


@pytest.fixture(params=["json", "console"])
def output(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.CaptureFixture[str]]:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("REDIS_URL", "redis://:redis-s3cret@127.0.0.1:1/0")
    before = logging.getLogger().handlers[:]
    logs.configure(request.param, "DEBUG")
    yield capsys
    logging.getLogger().handlers[:] = before


def test_no_secret_leaves(output: pytest.CaptureFixture[str]) -> None:
    log = logs.get("test")
    log.info("fields", password="plain", api_key=KEY, authorization=f"Bearer {KEY}", nested={"note": f"key {KEY}"})
    log.warning(f"in the event {KEY}, {URL} and redis-s3cret")
    log.info("settings", settings=repr(load_settings()))
    logging.getLogger("library").error("connecting to %s with %s", URL, PASSWORD)
    try:
        raise ValueError(f"Authorization: Bearer {KEY} was refused by {URL}")
    except ValueError:
        log.exception("failed", request={"headers": [("X-API-Key", KEY)]})
    try:
        create_engine(f"sqlite:////proc/none/{QUOTED}.db").connect()
    except SQLAlchemyError:
        log.exception("database")
    text = output.readouterr().err
    assert text.count("\n") >= 6
    for secret in (KEY, PASSWORD, QUOTED, "redis-s3cret", "secretsecret", "plain"):
        assert secret not in text, secret
    assert HIDDEN in text
    assert "127.0.0.1" in text, "where it connects to is no secret"


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "answered", "ms": 3, "route": "/v1/schedules", "at": "2026-01-05T06:00:00+01:00"}',
        "see https://docs.example/a:b and mailto:someone@example.org",
        "urn:nightshift:error:key-missing Send an API key: Authorization: Bearer nsk_...",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert scrubbed(line).replace(HIDDEN, "nsk_...") == line


def test_a_line_of_json_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.contextvars.clear_contextvars()  # what a request of an earlier test left in this thread
    before = logging.getLogger().handlers[:]
    structlog.contextvars.clear_contextvars()  # what requests of other tests have left
    logs.configure("json", "INFO")
    with logs.bound(run_id="run-1", request_id="abc"):
        logs.get("test").info("finished", makespan_hours=3.5, error=f'"{KEY}"', url=URL)
        assert logs.request_id() == "abc"
    logging.getLogger().handlers[:] = before
    row = json.loads(capsys.readouterr().err)
    assert (row["run_id"], row["request_id"], row["makespan_hours"]) == ("run-1", "abc", 3.5)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", row["timestamp"])
    assert logs.request_id() is None


def test_a_line_that_cannot_be_written_does_not_leave_another_way(output: pytest.CaptureFixture[str]) -> None:
    class Strange:
        def __repr__(self) -> str:
            raise RuntimeError(KEY)

    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if isinstance(handler, logs._Stderr)]  # without pytest's
    logging.getLogger("library").error("strange %r %s", Strange(), KEY)
    logs.get("test").info("goes on")
    text = output.readouterr().err
    assert KEY not in text
    assert "goes on" in text
