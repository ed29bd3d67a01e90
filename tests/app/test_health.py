from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from app import create_app
from app.standing import QUEUES
from models import holding as holding_module
from models import signs as signs_module
from models.signs import Signs
from models.tables.session import sessions, transaction
from monitoring.health.probe import Impaired, NotReady, Probe
from tests.app.conftest import Api

WELL = {"ok": True, "detail": "", "seconds": 0.1}
SERENE = ("database", "engine", "policy", "parameters", "workers", "queues", "beat", "clock", "metrics")
"""Checks that a test can make healthy; the host's may have their own opinion."""


@pytest.fixture
def signs(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signs]:
    """Signs of life of this test alone."""
    for module in (signs_module, holding_module):
        monkeypatch.setattr(module, "PREFIX", api.prefix)
    yield Signs(api.redis)


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
    answers = [probe.ask() for _ in range(3)]
    assert [(found.level, found.detail) for found in answers] == [("critical", "no answer within 0.05 s")] * 3
    assert time.monotonic() - begun < 2
    assert len(asked) == 1
    release.set()
    probe.seconds = 5
    assert (probe.ask().level, probe.ask().detail) == ("healthy", "late")


def test_a_probe_says_why_not() -> None:
    def refuse() -> str:
        raise NotReady("run nightshift db upgrade")

    found = Probe("refusing", refuse).ask()
    assert (found.level, found.detail) == ("critical", "run nightshift db upgrade")

    def doubt() -> str:
        raise Impaired("nearly full")

    assert Probe("doubtful", doubt).ask().level == "warning"

    def fail() -> str:
        raise ZeroDivisionError

    assert Probe("broken", fail).ask().detail == "could not be asked (ZeroDivisionError)"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/health"])
def test_health_takes_a_key_where_the_settings_say_so(api: Api, path: str) -> None:
    api.client = create_app(replace(api.settings, protect_metrics=True)).test_client()
    assert api.client.get(path).status_code == 401
    assert api.get(path, role="viewer").status_code in (200, 503)


def test_the_report_names_every_check(api: Api, signs: Signs) -> None:
    signs.tell("beat", "beat", {})
    signs.tell("worker", "host:1", {"queues": list(QUEUES), "processes": 2, "resident": 1, "total": 1})
    signs.tell("engine", "host", {"engines": {"dispatch": WELL}, "policies": [["makespan-2", "0123456789ab"]]})
    answer = api.client.get("/health")
    assert answer.json is not None
    checks = answer.json["checks"]
    assert set(checks) == {*SERENE, "disk", "memory", "redis"}
    assert {checks[name]["status"] for name in SERENE} == {"healthy"}, checks
    assert answer.status_code == (503 if answer.json["status"] == "critical" else 200)
    assert answer.json["trend"] in ("improving", "stable", "declining")
    assert answer.json["solves_held"] == []
    for check in checks.values():
        assert check["message"]
        assert 0 <= check["seconds"] <= check["timeout_seconds"] == 2
    text = api.client.get("/metrics").text
    assert 'nightshift_check_level{check="beat"} 0.0' in text
    assert 'nightshift_workers{queue="solve"} 1.0' in text
    assert "nightshift_health_score" in text
    assert 'nightshift_policy_info{policy="makespan-2",version="0123456789ab"} 1.0' in text
    assert "nightshift_replan_overdue_seconds 0.0" in text
    assert 'nightshift_source_up{source="redis"} 1.0' in text


def test_without_workers_and_beat_health_is_critical(api: Api, signs: Signs) -> None:
    answer = api.client.get("/health")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["workers"]["status"] == "critical"
    assert answer.json["checks"]["beat"]["status"] == "critical"
    assert answer.json["score"] <= 20


def test_health_says_that_redis_is_away_and_a_scrape_too(redis_down: Api) -> None:
    answer = redis_down.client.get("/health")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["redis"]["status"] == "critical"
    assert (answer.json["trend"], answer.json["solves_held"]) == (None, None)
    assert answer.json["checks"]["database"]["status"] == "healthy"
    assert "nowhere" not in answer.text
    text = redis_down.client.get("/metrics").text
    assert 'nightshift_source_up{source="redis"} 0.0' in text
    assert 'nightshift_source_up{source="database"} 1.0' in text


def test_health_says_that_the_database_is_away_and_a_scrape_too(database_down: Api) -> None:
    answer = database_down.client.get("/health")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["database"]["status"] == "critical"
    text = database_down.client.get("/metrics").text
    assert 'nightshift_source_up{source="database"} 0.0' in text
    assert "nightshift_open_runs" not in text
    assert "nightshift_queue_depth" in text
