"""Database statements are timed by kind, and failures counted by reason."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from models.store import keys
from models.tables.session import transaction
from monitoring import metrics
from monitoring.statements import watch_statements


def counted(operation: str) -> float:
    return sum(bucket.get() for bucket in metrics.QUERY_SECONDS.labels(operation)._buckets)


def failed(reason: str) -> float:
    return float(metrics.DATABASE_ERRORS.labels(reason)._value.get())


def test_statements_are_timed_by_kind(session_factory: sessionmaker[Session]) -> None:
    watch_statements()
    watch_statements()
    before = {operation: counted(operation) for operation in ("select", "insert", "update", "delete")}
    with transaction(session_factory) as session:
        key_id, _ = keys.create(session, "somebody", "viewer")
        keys.list_keys(session)
        keys.revoke(session, key_id)
        session.execute(text("DELETE FROM api_keys"))
    after = {operation: counted(operation) for operation in before}
    found = {operation: after[operation] - before[operation] for operation in before}
    assert found == {"select": 1, "insert": 3, "update": 1, "delete": 1}, "making and revoking a key are audited"


def test_failures_are_counted_by_reason(session_factory: sessionmaker[Session]) -> None:
    watch_statements()
    before = {reason: failed(reason) for reason in ("integrity", "refused")}
    with pytest.raises(SQLAlchemyError), transaction(session_factory) as session:
        session.execute(text("INSERT INTO api_keys (id) VALUES (NULL)"))
    assert failed("integrity") + failed("refused") == 1 + sum(before.values())
