"""Brings a database to the tables this version needs (Alembic).

Safe to call from several processes at once: SQLite runs the whole upgrade in one BEGIN IMMEDIATE transaction, MariaDB
behind a named lock, since its DDL cannot be rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


class MigrationLocked(RuntimeError):  # noqa: N818 (says what it is)
    """Another process has been upgrading the same database for longer than LOCK_WAIT_SECONDS."""


def upgrade(url: str, target: str = "head") -> None:
    """Bring the database at ``url`` up to revision ``target``. Raises MigrationLocked."""
    with _engine(url) as engine, engine.connect() as connection, _alone(connection):
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, target)


def revision(url: str) -> str | None:
    """The revision the database at ``url`` is at; None where it has no tables yet."""
    with _engine(url) as engine, engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest revision this version of the product knows."""
    newest = ScriptDirectory.from_config(_configuration()).get_current_head()
    if newest is None:
        raise RuntimeError(f"no migrations in {MIGRATIONS}")
    return newest


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return configuration


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
