"""A Nightshift in a folder of its own, with a Redis and a database that may be killed too."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.survival.client import Client
from benchmarks.survival.servers import OwnMariaDb, OwnRedis
from benchmarks.survival.stack import Stack
from models.inflight import Inflight, connect
from models.store import keys
from models.tables import migrate
from models.tables.session import sessions, transaction
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


@contextmanager
def made(
    home: Path,
    database: str = "sqlite",
    *,
    include: str | None = None,
    template: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Place]:
    """A place in the folder ``home`` with Redis and database running and no other process yet; all end at the end.

    ``database`` is ``sqlite`` or ``mariadb``, ``template`` a SQLite file with all tables (None: they are made),
    ``include`` a module that workers import beside their tasks, ``settings`` further environment variables.
    """
    folder = Path(tempfile.mkdtemp(prefix="ns-"))  # socket paths must be short
    redis, mariadb, stack = OwnRedis(folder), None, None
    try:
        redis.start()
        mariadb = OwnMariaDb.made(folder) if database == "mariadb" else None
        url = f"sqlite:///{home / 'nightshift.db'}" if mariadb is None else mariadb.url
        if template is not None and mariadb is None:
            shutil.copyfile(template, home / "nightshift.db")
        else:
            migrate.upgrade(url)
        with transaction(sessions(url)) as session:
            token = keys.create(session, "survival")[1]
        port = free_port(HOST)
        env = {name: value for name, value in os.environ.items() if not name.startswith("NIGHTSHIFT_")} | {
            "NIGHTSHIFT_HOME": str(home),
            "NIGHTSHIFT_PORT": str(port),
            "NIGHTSHIFT_SOLVE_PROCESSES": "2",
            "DATABASE_URL": url,
            "REDIS_URL": redis.url,
            "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]),
        }
        stack = Stack(env | dict(settings or {}), home, url, include)
        yield Place(stack, redis, mariadb, Client(HOST, port, token))
    finally:
        if stack is not None:
            stack.stop()
            sessions(stack.database_url).kw["bind"].dispose()
        redis.kill()
        if mariadb is not None:
            mariadb.kill()
        shutil.rmtree(folder)
