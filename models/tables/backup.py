"""Backups of the whole database as one file, and back.

SQLite: a copy of the database file, taken while others write. MariaDB: what ``mariadb-dump`` writes in one transaction,
read back by ``mariadb``; both programs come with MariaDB's client.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import MetaData, text
from sqlalchemy.engine import URL, make_url

from models.settings import database_url
from models.tables.migrate import revision
from models.tables.session import make_engine

SQLITE_HEADER: Final = b"SQLite format 3\x00"
DUMP_HEADERS: Final = (b"/*M!", b"/*!", b"-- MariaDB dump")
MARIADB_PORT: Final = 3306
FILE_OPTIONS: Final = {"ssl_ca": "--ssl-ca", "ssl_cert": "--ssl-cert", "ssl_key": "--ssl-key"}


class BackupFailed(Exception):
    """The backup was not made or not read back; the message says why."""


def back_up(url: str, file: Path) -> None:
    """Writes the database at ``url`` to ``file``, which only its owner may read. Raises BackupFailed, OSError.

    The file appears when it is complete; one that is there already is not overwritten.
    """
    if file.exists():
        raise BackupFailed(f"{file} exists already")
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    target = make_url(database_url(url))
    try:
        if target.get_backend_name() == "sqlite":
            _copy(Path(str(target.database)), part)
        else:
            with part.open("wb") as output:
                options = ["--single-transaction", "--quick", "--hex-blob", "--skip-comments"]
                _run("mariadb-dump", target, [*options, str(target.database)], output=output.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def restore(url: str, file: Path, *, replace: bool = False) -> None:
    """Makes the database at ``url`` what it was when ``file`` was written. Raises BackupFailed, OSError.

    A database that has tables is refused unless ``replace`` is set; then they go first. Nothing else may use it.
    """
    target = make_url(database_url(url))
    sqlite = target.get_backend_name() == "sqlite"
    with file.open("rb") as backup:
        header = backup.read(len(SQLITE_HEADER))
    if header != SQLITE_HEADER if sqlite else not header.startswith(DUMP_HEADERS):
        raise BackupFailed(f"{file} is no backup of a {'SQLite' if sqlite else 'MariaDB'} database")
    if not replace and revision(url) is not None:
        raise BackupFailed("the database has tables already; they would be lost")
    if sqlite:
        Path(str(target.database)).parent.mkdir(parents=True, exist_ok=True)
        _copy(file, Path(str(target.database)))
        return
    if replace:
        _empty(url)
    with file.open("rb") as backup:
        _run("mariadb", target, [str(target.database)], given=backup.fileno())


def _copy(source: Path, target: Path) -> None:
    """Copies a SQLite database page by page, its write-ahead log included."""
    if not source.is_file():
        raise BackupFailed(f"there is no database {source}")
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
            damage = new.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupFailed(f"SQLite refuses: {error}") from error
    if damage != "ok":
        raise BackupFailed(f"the copy is damaged: {damage}")


def _empty(url: str) -> None:
    """Drops every table: those of a newer version too, which a backup would leave."""
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            found = MetaData()
            found.reflect(connection)
            found.drop_all(connection)
    finally:
        engine.dispose()


def _run(
    program: str, target: URL, arguments: list[str], *, given: int | None = None, output: int | None = None
) -> None:
    """Runs one of MariaDB's programs; the password goes by the environment, where others do not see it."""
    found = shutil.which(program)
    if found is None:
        raise BackupFailed(f"{program} is not installed; on Debian and Ubuntu: apt-get install mariadb-client")
    socket = target.query.get("unix_socket")
    where = ["--host", target.host or "localhost", "--port", str(target.port or MARIADB_PORT)]
    if socket:
        where = ["--socket", str(socket)]
    where += [f"{option}={target.query[name]}" for name, option in FILE_OPTIONS.items() if name in target.query]
    user = ["--user", target.username] if target.username else []
    env = os.environ | ({"MYSQL_PWD": str(target.password)} if target.password else {})
    command = [found, "--no-defaults", *where, *user, *arguments]
    stdin = subprocess.DEVNULL if given is None else given
    done = subprocess.run(command, stdin=stdin, stdout=output, stderr=subprocess.PIPE, env=env, check=False)
    if done.returncode:
        raise BackupFailed(f"{program}: {done.stderr.decode(errors='replace').strip()}")
