from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from models.tables import Run
from models.tables.clock import UtcDateTime, seconds_between, utcnow
from models.tables.session import make_engine, reading, transaction
from tests.store.build import Maker, seen, submitted


def test_the_databases_clock_is_in_utc_and_moves_by_seconds(session_factory: Maker) -> None:
    query = select(utcnow(), utcnow(90.25), utcnow(-0.5), seconds_between(utcnow(-2.5), utcnow(1)))
    with reading(session_factory) as session:
        now, later, earlier, between = session.execute(query).one()
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=30)
    assert abs((later - now).total_seconds() - 90.25) < 0.01
    assert abs((now - earlier).total_seconds() - 0.5) < 0.01
    assert between == pytest.approx(3.5, abs=0.01)


def test_times_keep_their_microseconds_and_offset(session_factory: Maker) -> None:
    run_id = submitted(session_factory)
    moment = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with transaction(session_factory) as session:
        session.execute(update(Run).where(Run.id == run_id).values(deadline_at=moment))
        gap = seconds_between(literal(moment - timedelta(microseconds=500_000), UtcDateTime()), Run.deadline_at)
        assert session.scalar(select(gap)) == pytest.approx(0.5, abs=1e-4)
    stored = seen(session_factory, run_id).deadline_at
    assert stored == moment and stored is not None and stored.utcoffset() == timedelta(0)


def test_a_time_without_offset_is_refused(session_factory: Maker) -> None:
    statement = update(Run).values(deadline_at=datetime(2026, 1, 1))
    with pytest.raises(StatementError, match="needs an offset"), transaction(session_factory) as session:
        session.execute(statement)


def test_connections_are_set_up_for_many_processes(session_factory: Maker) -> None:
    with reading(session_factory) as session:
        if session.get_bind().dialect.name == "sqlite":
            found = [session.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "foreign_keys")]
            assert found == ["wal", 1]
            assert session.execute(text("PRAGMA busy_timeout")).scalar() == 10_000
        else:
            query = "SELECT @@tx_isolation, @@innodb_lock_wait_timeout, @@character_set_connection, @@sql_mode"
            isolation, wait, charset, mode = session.execute(text(query)).one()
            assert (isolation, wait, charset) == ("READ-COMMITTED", 10, "utf8mb4")
            assert "STRICT_TRANS_TABLES" in mode


def test_a_reading_session_keeps_nothing(session_factory: Maker) -> None:
    with reading(session_factory) as session:
        session.execute(update(Run).values(attempt=9))
        session.execute(insert(Run).values(id="x", digest="", engine="", seconds=1, jobs=1, operations=1))
    with reading(session_factory) as session:
        assert session.scalars(select(Run)).all() == []


@pytest.mark.services
def test_a_connection_that_the_server_closed_is_replaced(mariadb_database: str) -> None:
    engine, other = make_engine(mariadb_database), make_engine(mariadb_database)
    with engine.connect() as connection:
        number = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
    with other.connect() as connection:
        connection.execute(text(f"KILL {number}"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT CONNECTION_ID()")).scalar_one() != number
    engine.dispose()
    other.dispose()


def test_text_of_any_script_comes_back(session_factory: Maker) -> None:
    plant = "Werk Süd 工場 🏭"
    run_id = submitted(session_factory, plant=plant)
    assert seen(session_factory, run_id).plant == plant


def test_a_large_payload_comes_back(session_factory: Maker) -> None:
    from models.store import runs

    body = bytes(range(256)) * 8192 + repr([hash(str(number)) for number in range(100_000)]).encode()
    run_id = submitted(session_factory, body=body)
    with reading(session_factory) as session:
        assert runs.problem_body(session, run_id) == body


def test_a_database_that_is_away_raises_a_database_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    engine = make_engine(f"sqlite:///{tmp_path}")
    with pytest.raises(DBAPIError):
        engine.connect()
