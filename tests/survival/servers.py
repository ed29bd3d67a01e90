"""Servers of our own, made to be killed: a Redis on a unix socket, a MariaDB with a data folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from models.settings import database_url
from tests.conftest import SERVICES_REQUIRED, _redis_program

START_SECONDS = 30.0


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@dataclass
class OwnRedis:
    """``kill`` is SIGKILL; the next ``start`` finds the append-only file, or nothing with ``empty=True``."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2.0)

    def start(self, *, empty: bool = False) -> None:
        if empty:
            shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)
            (self.folder / "appendonly.aof").unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", str(self.folder)]
        options += ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([_redis_program(), *options], stdout=log, stderr=log)
        wait_for(self._answers, START_SECONDS, "redis does not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False


@dataclass
class OwnMariaDb:
    """A mariadbd on a unix socket only; skipped where the program is missing, unless services are required."""

    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @classmethod
    def made(cls, folder: Path) -> OwnMariaDb:
        install = shutil.which("mariadb-install-db")
        if install is None or shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None:
            if SERVICES_REQUIRED:
                pytest.fail("no mariadbd on this machine")
            pytest.skip("no mariadbd on this machine")
        if not SERVICES_REQUIRED:
            pytest.importorskip("mariadb")
        options = ["--no-defaults", f"--datadir={folder / 'data'}", "--auth-root-authentication-method=normal"]
        done = subprocess.run([install, *options, "--skip-test-db"], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        server = cls(folder)
        server.start()
        with create_engine(database_url(server._url("")), isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("CREATE DATABASE nightshift CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"))
        return server

    @property
    def url(self) -> str:
        return self._url("nightshift")

    def _url(self, name: str) -> str:
        return f"mariadb://root@localhost/{name}?unix_socket={self.folder / 'db.sock'}"

    def start(self) -> None:
        program = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        assert program is not None
        options = ["--no-defaults", f"--datadir={self.folder / 'data'}", f"--socket={self.folder / 'db.sock'}"]
        options += ["--skip-networking", "--user=root", f"--pid-file={self.folder / 'db.pid'}"]
        options += ["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M"]
        with (self.folder / "mariadb.log").open("ab") as log:
            self.process = subprocess.Popen([program, *options], stdout=log, stderr=log)
        wait_for(self._answers, START_SECONDS, "mariadbd does not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        engine = create_engine(database_url(self._url("")))
        try:
            with engine.connect():
                return True
        except DBAPIError:
            return False
        finally:
            engine.dispose()
