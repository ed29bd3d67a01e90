"""The web application on a real database and a real Redis, with keys of every role."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from app import create_app
from models.inflight import Inflight
from models.settings import Settings, load_settings, settings
from models.store import keys
from models.tables import Run
from models.tables.session import reading, sessions, transaction
from tasks import base, queries
from workers.celery import QUEUES
from workers.celery import app as celery_app

NOWHERE = "redis+socket:///nowhere/redis.sock"


@dataclass
class Api:
    """The application as a caller sees it. ``keys`` holds a token for each role."""

    client: FlaskClient
    maker: sessionmaker[Session]
    settings: Settings
    redis: redis.Redis
    prefix: str
    keys: dict[str, str]

    @property
    def scratch(self) -> Inflight:
        return Inflight(self.redis)

    def request(self, method: str, path: str, *, role: str = "planner", **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.keys[role]}"} | dict(options.pop("headers", {}))
        return self.client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.request("GET", path, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.request("DELETE", path, **options)

    def submit(self, problem: object, **options: Any) -> TestResponse:
        return self.request("POST", "/v1/schedules", json=problem, **options)

    def send(self, data: bytes, content_type: str = "application/json", **options: Any) -> TestResponse:
        return self.request("POST", "/v1/schedules", data=data, content_type=content_type, **options)

    def stored(self) -> int:
        """How many runs the database holds."""
        with reading(self.maker) as session:
            return session.scalar(select(func.count()).select_from(Run)) or 0

    def messages(self) -> list[tuple[str, list[Any]]]:
        """Name and arguments of the messages that wait, oldest first in each queue."""
        found = [
            text for queue in QUEUES for text in cast("list[bytes]", self.redis.lrange(self.prefix + queue, 0, -1))
        ]
        waiting = [json.loads(text) for text in found]
        return [(m["headers"]["task"], json.loads(base64.b64decode(m["body"]))[0]) for m in reversed(waiting)]


@pytest.fixture
def api_settings(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings that this process, its tasks included, works with during a test."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path))
    _forget()
    yield load_settings()
    sessions(database_url).kw["bind"].dispose()
    _forget()


@pytest.fixture
def api(api_settings: Settings, redis_client: redis.Redis) -> Iterator[Api]:
    """The application; its messages go to the test's Redis under key names of their own."""
    maker = sessions(api_settings.database_url)
    with transaction(maker) as session:
        tokens = {role: keys.create(session, role, role)[1] for role in ("viewer", "planner", "admin")}
    prefix = f"test-{secrets.token_hex(4)}:"
    conf = celery_app.conf
    before = conf.broker_url, conf.broker_transport_options
    _point(api_settings.redis_url, {**before[1], "global_keyprefix": prefix})
    yield Api(create_app(api_settings).test_client(), maker, api_settings, redis_client, prefix, tokens)
    _point(*before)
    for key in redis_client.scan_iter(f"{prefix}*"):
        redis_client.delete(key)


@pytest.fixture
def redis_down(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The application of ``api`` after Redis has gone away."""
    monkeypatch.setenv("REDIS_URL", NOWHERE)
    _forget()
    _point(NOWHERE, celery_app.conf.broker_transport_options)
    api.client = create_app(load_settings()).test_client()
    return api


@pytest.fixture
def database_down(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Api:
    """The application of ``api`` after its database has gone away."""
    url = f"sqlite:///file:{tmp_path}/gone.db?mode=ro&uri=true"
    monkeypatch.setenv("DATABASE_URL", url)
    _forget()
    api.client = create_app(replace(api.settings, database_url=url)).test_client()
    return api


def _point(url: str, options: dict[str, Any]) -> None:
    celery_app.conf.update(broker_url=url, broker_read_url=url, broker_write_url=url, broker_transport_options=options)
    celery_app._pool = None
    celery_app.amqp._producer_pool = None


def _forget() -> None:
    settings.cache_clear()
    base.forget_connections()
    queries.forget()
