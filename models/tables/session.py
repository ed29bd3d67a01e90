"""Engines, sessions and transactions, the same on SQLite and MariaDB.

On SQLite every transaction begins with BEGIN IMMEDIATE, so that a writer waits for its turn at the start instead of
failing in the middle; only ``reading`` begins a plain transaction, which never waits for writers.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import uniform
from typing import Any, Final, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from models.settings import database_url, settings

P = ParamSpec("P")
T = TypeVar("T")

LOCK_SECONDS: Final = 10
"""How long a statement waits for another's lock."""

POOL_SIZE: Final = 16
"""Connections kept by a process: one for each thread of the web process."""

_ATTEMPTS: Final = 4
_READING: Final = "nightshift_reading"
_CONFLICTS: Final = {1205, 1213, 1020}
"""MariaDB's errors for a lock wait that timed out, a deadlock and a record changed since it was read."""


def make_engine(url: str) -> Engine:
    """An engine for ``url``, set up for many short transactions from several processes."""
    target = make_url(database_url(url))
    return _sqlite(target) if target.get_backend_name() == "sqlite" else _mariadb(target)


def sessions(url: str | None = None) -> sessionmaker[Session]:
    """The process's session factory for ``url`` (default: the settings' database), made once for each URL.

    A forked child gets factories of its own: a connection must not be shared between processes.
    """
    url = database_url(url or settings().database_url)
    with _lock:
        if url not in _makers:
            _makers[url] = sessionmaker(make_engine(url), expire_on_commit=False)
        return _makers[url]


@contextmanager
def transaction(maker: sessionmaker[Session]) -> Iterator[Session]:
    """A session in a writing transaction: committed at the end, rolled back where an exception leaves the block."""
    with maker.begin() as session:
        yield session


@contextmanager
def reading(maker: sessionmaker[Session]) -> Iterator[Session]:
    """A session that only reads and is rolled back at the end; on SQLite it does not wait for writers."""
    with maker() as session:
        session.connection(execution_options={_READING: True})
        yield session


def retried(function: Callable[P, T]) -> Callable[P, T]:
    """``function`` run again, after a short random wait, where the database refused it because of another transaction.

    For functions that open and commit their own transaction: a deadlock undoes a transaction as a whole.
    """

    @functools.wraps(function)
    def repeat(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(1, _ATTEMPTS):
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                if not is_conflict(error):
                    raise
                time.sleep(uniform(0.01, 0.05) * attempt)
        return function(*args, **kwargs)

    return repeat


@retried
def in_transaction(maker: sessionmaker[Session], work: Callable[[Session], T]) -> T:
    """What ``work`` answers, done in a transaction of its own that is repeated after a deadlock or a lock wait."""
    with transaction(maker) as session:
        return work(session)


def is_conflict(error: OperationalError) -> bool:
    """Whether the database refused a statement only because another transaction was in the way."""
    code = getattr(error.orig, "errno", None)
    return code in _CONFLICTS or "database is locked" in str(error.orig)


def _sqlite(url: URL) -> Engine:
    if url.database and not url.database.startswith((":", "file:")):
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=POOL_SIZE, connect_args={"timeout": LOCK_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, and too late
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _mariadb(url: URL) -> Engine:
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_size=POOL_SIZE,
        connect_args={"connect_timeout": 5, "read_timeout": 60, "write_timeout": 60},
    )
    event.listen(engine, "connect", _prepare_mariadb)
    return engine


def _prepare_mariadb(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION sql_mode = 'TRADITIONAL', innodb_lock_wait_timeout = {LOCK_SECONDS}")


_lock = threading.Lock()
_makers: dict[str, sessionmaker[Session]] = {}


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    for maker in _makers.values():
        maker.kw["bind"].dispose(close=False)
    _makers.clear()


os.register_at_fork(after_in_child=_after_fork)
