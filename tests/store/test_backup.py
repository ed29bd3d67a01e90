"""What was backed up comes back, row by row, on SQLite and MariaDB."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select
from sqlalchemy.orm import Session, sessionmaker

from models.store import keys
from models.tables import migrate
from models.tables.backup import BackupFailed, back_up, restore
from models.tables.session import make_engine, transaction
from tests.conftest import _missing
from tests.store.build import end, solving, submitted


@pytest.fixture
def full(bare_database_url: str) -> Iterator[str]:
    """A database with runs, plans, keys and audit."""
    if bare_database_url.startswith("mariadb") and shutil.which("mariadb-dump") is None:
        _missing("mariadb-dump is not installed")
    migrate.upgrade(bare_database_url)
    engine = make_engine(bare_database_url)
    maker = sessionmaker(engine, expire_on_commit=False)
    with transaction(maker) as session:
        keys.create(session, "Küche & Söhne '\\")
    submitted(maker, plant=None, body=bytes(range(256)))
    end(maker, solving(maker))
    engine.dispose()
    yield bare_database_url


def everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    engine = make_engine(url)
    found = MetaData()
    with engine.connect() as connection:
        found.reflect(connection)
        rows = {table.name: [tuple(row) for row in connection.execute(select(table))] for table in found.sorted_tables}
    engine.dispose()
    return {name: sorted(of_table, key=repr) for name, of_table in rows.items()}


def test_what_was_backed_up_comes_back(full: str, tmp_path: Path) -> None:
    before, file = everything(full), tmp_path / "backup"
    assert len(before["runs"]) == 2
    back_up(full, file)
    assert file.stat().st_mode & 0o777 == 0o600
    engine = make_engine(full)
    submitted(sessionmaker(engine, expire_on_commit=False))
    engine.dispose()
    assert everything(full) != before
    with pytest.raises(BackupFailed, match="has tables already"):
        restore(full, file)
    restore(full, file, replace=True)
    assert everything(full) == before
    assert migrate.revision(full) == migrate.head()


def test_a_backup_is_not_overwritten_and_no_half_one_is_left(full: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("mine")
    with pytest.raises(BackupFailed, match="exists already"):
        back_up(full, file)
    assert file.read_text() == "mine"
    with pytest.raises((BackupFailed, OSError)):
        back_up(full, tmp_path / "nowhere" / "backup")
    assert list(tmp_path.glob("*.part")) == []


def test_what_is_no_backup_is_refused(full: str, tmp_path: Path) -> None:
    before, file = everything(full), tmp_path / "backup"
    file.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(BackupFailed, match=r"is no backup of a (SQLite|MariaDB) database"):
        restore(full, file, replace=True)
    assert everything(full) == before


def test_a_backup_is_taken_while_others_write(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "nightshift.db"
    shutil.copyfile(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    maker: sessionmaker[Session] = sessionmaker(engine, expire_on_commit=False)
    with transaction(maker) as session:
        keys.create(session, "not yet there")
        back_up(f"sqlite:///{path}", tmp_path / "backup")
    restore(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "backup")
    assert everything(f"sqlite:///{tmp_path / 'other.db'}")["api_keys"] == []
    engine.dispose()
