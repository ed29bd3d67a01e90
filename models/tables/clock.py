"""The database's clock in SQL: every time that is stored or compared comes from it, never from a worker's clock.

MariaDB counts microseconds; SQLite's clock counts milliseconds and is padded, so that stored texts compare as times.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Double, literal
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

_Moment = ColumnElement[Any] | InstrumentedAttribute[Any]


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC with microseconds: DATETIME(6) on MariaDB, text on SQLite; always aware in Python."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """DATETIME(6) where the dialect has it."""
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name in ("mariadb", "mysql") else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (fixed by SQLAlchemy)
        """Naive UTC for the database. Raises ValueError for a time without offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs an offset")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (fixed by SQLAlchemy)
        """Aware UTC for the program."""
        return None if value is None else value.replace(tzinfo=UTC)


class utcnow(FunctionElement[datetime]):  # noqa: N801 (reads as the SQL function it is)
    """The database's time in UTC when the statement runs; ``utcnow(5)`` is five seconds later."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, seconds: float | None = None) -> None:
        super().__init__(*(() if seconds is None else (literal(float(seconds), Double()),)))


class seconds_between(FunctionElement[float]):  # noqa: N801 (reads as the SQL function it is)
    """Seconds from ``earlier`` to ``later`` as a float; NULL where either is."""

    type = Double()
    inherit_cache = True

    def __init__(self, earlier: _Moment, later: _Moment) -> None:
        super().__init__(earlier, later)


@compiles(utcnow, "sqlite")
def _utcnow_sqlite(element: utcnow, compiler: SQLCompiler, **kw: Any) -> str:
    shift = "".join(f", {compiler.process(clause, **kw)} || ' seconds'" for clause in element.clauses)
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now'{shift}) || '000'"


@compiles(utcnow, "mariadb")
@compiles(utcnow, "mysql")
def _utcnow_mariadb(element: utcnow, compiler: SQLCompiler, **kw: Any) -> str:
    shift = "".join(f" + INTERVAL {compiler.process(clause, **kw)} SECOND" for clause in element.clauses)
    return f"(UTC_TIMESTAMP(6){shift})"


@compiles(seconds_between, "sqlite")
def _seconds_between_sqlite(element: seconds_between, compiler: SQLCompiler, **kw: Any) -> str:
    earlier, later = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"((julianday({later}) - julianday({earlier})) * 86400.0)"


@compiles(seconds_between, "mariadb")
@compiles(seconds_between, "mysql")
def _seconds_between_mariadb(element: seconds_between, compiler: SQLCompiler, **kw: Any) -> str:
    earlier, later = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(TIMESTAMPDIFF(MICROSECOND, {earlier}, {later}) / 1e6)"
