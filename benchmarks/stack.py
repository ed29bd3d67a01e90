"""A platform of its own for a benchmark: ``nightshift up`` on a free port, in a folder that goes away again."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from models.settings import Settings, load_settings
from models.store import keys
from models.tables import migrate
from models.tables.session import sessions, transaction
from workers.boot import free_port, signals_as_exit

START_SECONDS = 90.0
WORKERS = 3
"""Workers of the Procfile, which each say when they are ready."""

STOP_SECONDS = 60.0
END_SECONDS = 120.0
POLL_SECONDS = 0.02
KEPT_SECONDS = 5.0
"""A connection idle for longer is not used again: the server closes it at some time."""

LOG_TAIL = 3000


class BenchmarkFailed(click.ClickException):
    """The platform did not do what is measured; the message says what."""


@dataclass
class Platform:
    """A running platform: where it is, a planner's key, and one kept connection."""

    settings: Settings
    env: Mapping[str, str]
    token: str
    _kept: http.client.HTTPConnection | None = field(default=None, repr=False)
    _used: float = 0.0

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of an answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if self._kept is None or time.monotonic() - self._used > KEPT_SECONDS:
            self._kept = http.client.HTTPConnection(self.settings.host, self.settings.port, timeout=60)
        try:
            self._kept.request(method, path, body, headers)
            answer = self._kept.getresponse()
            content = answer.read()
            self._used = time.monotonic()
            return answer.status, content
        except (OSError, http.client.HTTPException):
            self._kept.close()
            self._kept = None
            raise

    def submit(self, body: bytes) -> str:
        """Submits a problem; the id of its run."""
        status, answer = self.call("POST", "/v1/schedules", body)
        if status != 202:
            raise BenchmarkFailed(f"POST was answered {status}: {answer[:300]!r}")
        return str(json.loads(answer)["id"])

    def status(self, run_id: str) -> dict[str, Any]:
        """How a run stands."""
        status, answer = self.call("GET", f"/v1/schedules/{run_id}")
        if status != 200:
            raise BenchmarkFailed(f"GET of a schedule was answered {status}: {answer[:300]!r}")
        return dict(json.loads(answer))

    def has_plan(self, run_id: str) -> bool:
        """Whether a checked plan of the run can be read."""
        return self.call("GET", f"/v1/schedules/{run_id}/result")[0] == 200

    def ended(self, run_id: str, seconds: float = END_SECONDS) -> dict[str, Any]:
        """Waits until a run has ended; raises BenchmarkFailed unless it is finished or cancelled."""
        end = time.monotonic() + seconds
        while (found := self.status(run_id))["state"] in ("queued", "solving", "improving"):
            if time.monotonic() > end:
                raise BenchmarkFailed(f"run {run_id} has not ended after {seconds:g} s")
            time.sleep(POLL_SECONDS)
        if found["state"] == "failed":
            raise BenchmarkFailed(f"run {run_id} failed: {found['error']}")
        return found


def instant(text: str) -> float:
    """An instant of an answer as a Unix time."""
    return datetime.fromisoformat(text).timestamp()


@contextmanager
def environment() -> Iterator[tuple[Settings, dict[str, str]]]:
    """Settings and environment of a platform in a new folder, on REDIS_URL and DATABASE_URL where they are set."""
    with TemporaryDirectory(prefix="nightshift-bench-", ignore_cleanup_errors=True) as folder:
        env = {**os.environ, "NIGHTSHIFT_HOME": folder, "NIGHTSHIFT_PORT": str(free_port("127.0.0.1"))}
        env |= {"NIGHTSHIFT_HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1"}
        env["PYTHONPATH"] = os.pathsep.join([str(Path.cwd()), env.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
        yield load_settings(env), env


@contextmanager
def platform() -> Iterator[Platform]:
    """A platform that is ready to serve; stopped at the end, also on SIGTERM."""
    with signals_as_exit(), environment() as (settings, env):
        log = settings.data_dir / "bench.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "up"], env=env, stdout=output, stderr=output, start_new_session=True
            )
        try:
            found = Platform(settings, env, "")
            _wait(found, process, log)
            with transaction(sessions(settings.database_url)) as session:
                found.token = keys.create(session, "bench", "planner")[1]
            yield found
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            sessions(settings.database_url).kw["bind"].dispose()


def _wait(found: Platform, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if found.call("GET", "/readyz")[0] == 200 and log.read_bytes().count(b" ready.") >= WORKERS:
                return
        except (OSError, http.client.HTTPException):
            pass  # it is still starting
        time.sleep(POLL_SECONDS)
    raise BenchmarkFailed(f"the platform did not start:\n{log.read_text(errors='replace')[-LOG_TAIL:]}")


def prepare_database(settings: Settings) -> None:
    """Makes the tables."""
    migrate.upgrade(settings.database_url)
