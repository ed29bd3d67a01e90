"""Real processes on servers of their own, all of which a test may kill."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.inflight import Inflight, connect
from models.store import keys
from models.tables import migrate
from models.tables.session import sessions, transaction
from tests.survival.client import Client
from tests.survival.servers import OwnMariaDb, OwnRedis
from tests.tasks.stack import Stack
from workers.boot import free_port

HOST = "127.0.0.1"


@dataclass
class Place:
    """A Nightshift with all that belongs to it. ``mariadb`` is None on SQLite."""

    stack: Stack
    redis: OwnRedis
    mariadb: OwnMariaDb | None
    client: Client

    def busy(self, run_id: str) -> bool:
        """Whether a worker is at one of the run's batches."""
        scratch = Inflight(connect(self.redis.url))
        states = scratch.batch_states(run_id, self.stack.view(run_id).attempt)
        return any(batch.state == "started" for batch in states.values())


MakePlace = Callable[..., Place]


@pytest.fixture
def make_place(tmp_path: Path, sqlite_template: Path) -> Iterator[MakePlace]:
    """Makes a place with Redis and database running, and no other process yet."""
    folder = Path(tempfile.mkdtemp(prefix="ns-"))  # socket paths must be short
    places: list[Place] = []

    def make(database: str = "sqlite", include: str | None = None, **settings: str) -> Place:
        own_redis = OwnRedis(folder)
        own_redis.start()
        mariadb = OwnMariaDb.made(folder) if database == "mariadb" else None
        url = f"sqlite:///{tmp_path / 'nightshift.db'}" if mariadb is None else mariadb.url
        if mariadb is None:
            shutil.copyfile(sqlite_template, tmp_path / "nightshift.db")
        else:
            migrate.upgrade(url)
        with transaction(sessions(url)) as session:
            token = keys.create(session, "test")[1]
        port = free_port(HOST)
        env = {name: value for name, value in os.environ.items() if not name.startswith("NIGHTSHIFT_")} | {
            "NIGHTSHIFT_HOME": str(tmp_path),
            "NIGHTSHIFT_PORT": str(port),
            "NIGHTSHIFT_SOLVE_PROCESSES": "2",
            "DATABASE_URL": url,
            "REDIS_URL": own_redis.url,
            "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]),
        }
        stack = Stack(env | settings, tmp_path, url, include)
        places.append(Place(stack, own_redis, mariadb, Client(HOST, port, token)))
        return places[-1]

    yield make
    for place in places:
        place.stack.stop()
        place.redis.kill()
        if place.mariadb is not None:
            place.mariadb.kill()
        sessions(place.stack.database_url).kw["bind"].dispose()
    shutil.rmtree(folder)
