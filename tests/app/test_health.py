from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from app import create_app
from app.probes import Finding, NotReady, Probe
from app.standing import QUEUES
from models.tables.session import sessions, transaction
from tests.app.conftest import Api


def test_health_is_open_and_ready(api: Api) -> None:
    assert api.client.get("/livez").json == {"status": "ok"}
    answer = api.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "ready"
    assert {name: check["ok"] for name, check in answer.json["checks"].items()} == {"database": True, "redis": True}


def test_metrics_are_in_prometheus_form(api: Api) -> None:
    answer = api.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    assert "# TYPE nightshift_http_requests_total counter" in answer.text
    for queue in QUEUES:
        assert f'nightshift_queue_depth{{queue="{queue}"}}' in answer.text


def test_redis_away_is_not_ready_but_alive(redis_down: Api) -> None:
    answer = redis_down.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["database"]["ok"]
    assert not answer.json["checks"]["redis"]["ok"]
    assert redis_down.client.get("/livez").status_code == 200
    assert "nightshift_queue_depth" not in redis_down.client.get("/metrics").text


def test_a_database_that_is_away_is_not_ready(database_down: Api) -> None:
    answer = database_down.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert not answer.json["checks"]["database"]["ok"]
    assert "gone.db" not in answer.text


def test_another_revision_is_not_ready(api: Api) -> None:
    with transaction(api.maker) as session:
        found = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        answer = api.client.get("/readyz")
    finally:
        with transaction(api.maker) as session:
            session.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})
    assert answer.status_code == 503
    assert answer.json is not None
    assert "nightshift db upgrade" in answer.json["checks"]["database"]["detail"]


def test_a_database_without_tables_is_not_ready(api: Api, bare_database_url: str) -> None:
    client = create_app(replace(api.settings, database_url=bare_database_url)).test_client()
    answer = client.get("/readyz")
    sessions(bare_database_url).kw["bind"].dispose()
    assert answer.status_code == 503
    assert answer.json is not None
    assert "no tables" in answer.json["checks"]["database"]["detail"]


def test_a_server_that_hangs_holds_one_thread() -> None:
    release = threading.Event()
    asked = []

    def hang() -> str:
        asked.append(1)
        release.wait(10)
        return "late"

    probe = Probe("hanging", hang, seconds=0.05)
    begun = time.monotonic()
    assert [probe.ask() for _ in range(3)] == [Finding(False, "no answer within 0.05 s")] * 3
    assert time.monotonic() - begun < 2
    assert len(asked) == 1
    release.set()
    probe.seconds = 5
    assert probe.ask() == Finding(True, "late")


def test_a_probe_says_why_not() -> None:
    def refuse() -> str:
        raise NotReady("run nightshift db upgrade")

    assert Probe("refusing", refuse).ask() == Finding(False, "run nightshift db upgrade")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_health_takes_a_key_where_the_settings_say_so(api: Api, path: str) -> None:
    api.client = create_app(replace(api.settings, protect_metrics=True)).test_client()
    assert api.client.get(path).status_code == 401
    assert api.get(path, role="viewer").status_code == 200
