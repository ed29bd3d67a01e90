"""How long database statements take and which fail, seen from SQLAlchemy's events; every engine of the process."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.tables.session import is_conflict
from monitoring import metrics, tracing

_BEGUN: Final = "nightshift_begun"


def watch_statements() -> None:
    """Counts and times every statement of this process from now on; calling it again changes nothing."""
    if not event.contains(Engine, "before_cursor_execute", _before):
        event.listen(Engine, "before_cursor_execute", _before)
        event.listen(Engine, "after_cursor_execute", _after)
        event.listen(Engine, "handle_error", _failed)


def _before(connection: Connection, *_: Any) -> None:
    connection.info[_BEGUN] = perf_counter()


def _after(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    begun = connection.info.pop(_BEGUN, None)
    if begun is not None:
        operation, seconds = _operation(statement), perf_counter() - begun
        metrics.QUERY_SECONDS.labels(operation).observe(seconds)
        tracing.statement(operation, seconds)


def _failed(context: ExceptionContext) -> None:
    metrics.DATABASE_ERRORS.labels(_reason(context.sqlalchemy_exception or context.original_exception)).inc()


def _operation(statement: str) -> str:
    return statement.lstrip()[:7].partition(" ")[0].strip().lower()


def _reason(error: BaseException | None) -> str:
    """``conflict``: another transaction was in the way; ``away``: the database does not answer, or not in time."""
    if isinstance(error, OperationalError) and is_conflict(error):
        return "conflict"
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout)):
        return "away"
    if isinstance(error, IntegrityError):
        return "integrity"
    return "refused" if isinstance(error, DBAPIError) else "other"
