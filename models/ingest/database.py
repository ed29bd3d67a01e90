"""Reads a plant's database: all SELECTs of its mapping in one read-only transaction, so that they see one moment."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from models.ingest.mapping import PlantMapping, TableMap
from models.ingest.rows import MAX_ROWS, SourceRefused
from models.settings import database_url, masked

STATEMENT_SECONDS: Final = 120
"""What one SELECT may take."""

_STEPS: Final = 100_000
"""SQLite looks at the clock every so many of its instructions."""

GENERATED_MARK: Final = "nightshift_generated"
"""A source that has a table of this name holds data that were made up, whatever its mapping reads."""


class SourceAway(Exception):
    """The plant's database does not answer; the message names it without its password."""


def source_url(mapping: PlantMapping) -> str:
    """The URL of the mapping's database. Raises SourceRefused where its environment variable is not set."""
    if mapping.url_variable is None:
        return mapping.url or ""
    url = os.environ.get(mapping.url_variable, "").strip()
    if not url:
        raise SourceRefused(
            f"the environment variable {mapping.url_variable} is not set; it names the plant's database"
        )
    return url


@contextmanager
def opened(mapping: PlantMapping) -> Iterator[Connection]:
    """A connection to the plant's database on which nothing can be written.

    Raises SourceRefused where it cannot be named, SourceAway where it does not answer.
    """
    url = source_url(mapping)
    engine = _engine(url)
    try:
        connection = _connect(engine, url)
        try:
            yield connection
        finally:
            connection.close()
    finally:
        engine.dispose()


def select_rows(connection: Connection, name: str, mapped: TableMap) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """Column names and rows of a table's SELECT, at most one more than MAX_ROWS.

    Raises SourceRefused where the database does not take it, or where it takes more than STATEMENT_SECONDS.
    """
    statement = text(mapped.select or "")
    named = {key: mapped.parameters[key] for key in _names(statement, name, mapped.parameters)}
    _limit_sqlite(connection)
    try:
        result = connection.execute(statement, named)
        return list(result.keys()), result.fetchmany(MAX_ROWS + 1)
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raise SourceRefused(f"{name}: the SELECT takes more than {STATEMENT_SECONDS} s") from None
        if error.connection_invalidated:
            raise SourceAway(f"the plant's database went away while {name} was read: {error.orig}") from error
        raise SourceRefused(f"{name}: the database does not take the SELECT: {error.orig}") from None
    except SQLAlchemyError as error:
        raise SourceRefused(f"{name}: the SELECT cannot be read: {error}") from None


def is_generated(connection: Connection) -> bool:
    """Whether the source is marked as made up."""
    return inspect(connection).has_table(GENERATED_MARK)


def _names(statement: Any, name: str, parameters: Mapping[str, Any]) -> list[str]:
    """The parameters that a SELECT has. Raises SourceRefused where the mapping states none of that name."""
    names = list(statement.compile().params)
    for parameter in names:
        if parameter not in parameters:
            raise SourceRefused(f"{name}: the SELECT has the parameter :{parameter}, which the mapping does not state")
    return names


def _engine(url: str) -> Engine:
    try:
        target = make_url(database_url(url))
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError, which quotes the URL
        raise SourceRefused(
            "the plant's database must be named by a URL like mariadb://user:password@host/database"
        ) from None
    if target.get_backend_name() == "sqlite":
        return _sqlite(target)
    engine = create_engine(
        target,
        isolation_level="REPEATABLE READ",
        connect_args={"connect_timeout": 5, "read_timeout": STATEMENT_SECONDS + 10, "write_timeout": 10},
    )
    event.listen(engine, "connect", _only_read_mariadb)
    return engine


def _sqlite(target: URL) -> Engine:
    if not target.database or not Path(target.database).is_file():
        raise SourceAway(f"the plant's database {target.database or ''} is no file")
    engine = create_engine(target)
    event.listen(engine, "connect", _only_read_sqlite)
    return engine


def _only_read_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON").close()
    connection.execute("BEGIN").close()


def _limit_sqlite(connection: Connection) -> None:
    """Gives the next SELECT STATEMENT_SECONDS, where the database cannot count them itself."""
    if connection.dialect.name == "sqlite":
        deadline = time.monotonic() + STATEMENT_SECONDS
        raw: Any = connection.connection.driver_connection
        raw.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)


def _only_read_mariadb(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute(f"SET SESSION max_statement_time = {STATEMENT_SECONDS}")


def _connect(engine: Engine, url: str) -> Connection:
    try:
        return engine.connect()
    except DBAPIError as error:
        raise SourceAway(f"the plant's database {masked(url)} does not answer: {error.orig}") from None
