"""Brings a database to the tables this version needs (Alembic).

Safe to call from several processes at once: SQLite runs the whole upgrade in one BEGIN IMMEDIATE transaction, MariaDB
behind a named lock, since its DDL cannot be rolled back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from models.tables.session import make_engine

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LOCK_WAIT_SECONDS: Final = 120

_one_at_a_time = threading.Lock()  # Alembic keeps the migration that runs in module globals


class MigrationLocked(RuntimeError):
    """Another process has been upgrading the same database for longer than LOCK_WAIT_SECONDS."""


def upgrade(url: str, target: str = "head") -> None:
    """Bring the database at ``url`` up to revision ``target``. Raises MigrationLocked."""
    with _one_at_a_time, _engine(url) as engine, engine.connect() as connection, _alone(connection):
        command.upgrade(configuration(connection), target)


def revision(url: str) -> str | None:
    """The revision the database at ``url`` is at; None where it has no tables yet."""
    with _engine(url) as engine, engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def head() -> str:
    """The newest revision this version of the product knows; looked up once."""
    newest = ScriptDirectory.from_config(configuration()).get_current_head()
    if newest is None:
        raise RuntimeError(f"no migrations in {MIGRATIONS}")
    return newest


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the product's migrations, run on ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "sqlite":
        yield
        return
    name = text("SELECT GET_LOCK(CONCAT('nightshift.', DATABASE()), :wait)")
    if connection.execute(name, {"wait": LOCK_WAIT_SECONDS}).scalar() != 1:
        raise MigrationLocked(f"another process has been upgrading the database for {LOCK_WAIT_SECONDS} s")
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT RELEASE_LOCK(CONCAT('nightshift.', DATABASE()))"))
        connection.commit()
