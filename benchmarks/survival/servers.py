"""Servers of our own, made to be killed: a Redis on a unix socket, a MariaDB with a data folder of its own."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from benchmarks.stack import BenchmarkFailed
from models.settings import database_url
from workers.embedded_redis import executable

START_SECONDS = 30.0


SYSTEM_PROGRAMS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits for a condition; raises BenchmarkFailed with ``what`` where that takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise BenchmarkFailed(what)
        time.sleep(0.02)


def mariadb_installed() -> bool:
    """Whether this machine has a MariaDB server, and Python its connector."""
    programs = (shutil.which("mariadb-install-db"), shutil.which("mariadbd", path=SYSTEM_PROGRAMS))
    return None not in programs and importlib.util.find_spec("mariadb") is not None


@dataclass
class OwnRedis:
    """``kill`` is SIGKILL; the next ``start`` finds the append-only file, or nothing with ``empty=True``."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        """As REDIS_URL has it."""
        return f"redis+socket://{self.socket}"

    def client(self) -> redis.Redis:
        """A new client."""
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2.0)

    def start(self, *, empty: bool = False) -> None:
        """Starts it and waits until it answers; ``empty`` throws its file away first."""
        if empty:
            shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)
            (self.folder / "appendonly.aof").unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", str(self.folder)]
        options += ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([executable(), *options], stdout=log, stderr=log)
        wait_for(self._answers, START_SECONDS, "redis does not start")

    def kill(self) -> None:
        """SIGKILL."""
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
    """A mariadbd on a unix socket only. ``kill`` is SIGKILL; the next ``start`` finds its data."""

    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @classmethod
    def made(cls, folder: Path) -> OwnMariaDb:
        """A running server with an empty database. Raises BenchmarkFailed where it cannot be made."""
        install = shutil.which("mariadb-install-db")
        if install is None:
            raise BenchmarkFailed("there is no mariadb-install-db on this machine")
        options = ["--no-defaults", f"--datadir={folder / 'data'}", "--auth-root-authentication-method=normal"]
        done = subprocess.run([install, *options, "--skip-test-db"], capture_output=True, check=False)
        if done.returncode:
            raise BenchmarkFailed(done.stderr.decode())
        server = cls(folder)
        server.start()
        with create_engine(database_url(server._url("")), isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("CREATE DATABASE nightshift CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"))
        return server

    @property
    def url(self) -> str:
        """As DATABASE_URL has it."""
        return self._url("nightshift")

    def _url(self, name: str) -> str:
        return f"mariadb://root@localhost/{name}?unix_socket={self.folder / 'db.sock'}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        program = shutil.which("mariadbd", path=SYSTEM_PROGRAMS)
        if program is None:
            raise BenchmarkFailed("there is no mariadbd on this machine")
        options = ["--no-defaults", f"--datadir={self.folder / 'data'}", f"--socket={self.folder / 'db.sock'}"]
        options += ["--skip-networking", "--user=root", f"--pid-file={self.folder / 'db.pid'}"]
        options += ["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M"]
        with (self.folder / "mariadb.log").open("ab") as log:
            self.process = subprocess.Popen([program, *options], stdout=log, stderr=log)
        wait_for(self._answers, START_SECONDS, "mariadbd does not start")

    def kill(self) -> None:
        """SIGKILL."""
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
