"""Starts and stops what a running Nightshift consists of: the embedded Redis, the database's tables, the processes.

Whatever is started here is stopped here, also on SIGTERM, SIGHUP, Ctrl-C or an exception; where this process is killed,
what it started ends by itself.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import honcho.manager
from honcho.compat import ProcessManager
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.process import Process

from models.settings import Settings
from models.tables import migrate
from workers.embedded_redis import EmbeddedRedis, private_folder
from workers.tied import end_with_parent, tied_in_shell

PROCFILE = Path(__file__).with_name("Procfile")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_SECONDS = 25
"""What has not ended so long after it was asked to is killed: the web process answers what it serves within 20."""
ORPHAN_SECONDS = 10
"""The same where this process was killed. The embedded Redis is gone then, and workers wait for it in vain."""


class BootError(RuntimeError):
    """Nightshift cannot start here; the message says why and what to do."""


def processes() -> dict[str, str]:
    """The processes of the packaged Procfile: name -> shell command."""
    return dict(parse_procfile(PROCFILE.read_text(encoding="utf-8")).processes)


def up(settings: Settings, names: Sequence[str] = ()) -> int:
    """Run the named processes (default: all) with what they need until one of them ends or a signal comes.

    Returns the exit code: 0 after Ctrl-C, SIGTERM or SIGHUP, else the code of the process that ended by itself. Raises
    BootError where the data folder or the port is taken, EmbeddedRedisError, and the database's errors.
    """
    wanted = {name: command for name, command in processes().items() if not names or name in names}
    with ready(settings):
        if "web" in wanted:
            refuse_taken_port(settings.host, settings.port)
        return run(wanted, environment(settings))


@contextmanager
def ready(settings: Settings) -> Iterator[None]:
    """The data folder held, the embedded Redis (where no REDIS_URL is set) answering and the database up to date."""
    with ExitStack() as stack:
        stack.enter_context(signals_as_exit())
        private_folder(settings.data_dir)
        stack.enter_context(_alone(settings.data_dir))
        _forget_metrics(settings.metrics_dir)
        if settings.redis_socket is not None:
            stack.enter_context(EmbeddedRedis(settings.redis_socket, settings.data_dir / "redis"))
        migrate.upgrade(settings.database_url)
        yield


def environment(settings: Settings, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of the processes: ``base`` (default: ours) and what they must agree on."""
    env = dict(os.environ if base is None else base)
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    env["NIGHTSHIFT_HOME"] = str(settings.data_dir)
    env["NIGHTSHIFT_HOST"] = settings.host
    env["NIGHTSHIFT_PORT"] = str(settings.port)
    env["NIGHTSHIFT_SOLVE_PROCESSES"] = str(settings.solve_processes)
    env["PROMETHEUS_MULTIPROC_DIR"] = str(settings.metrics_dir)
    env["PYTHONUNBUFFERED"] = "1"
    # The web process serves the metrics of all; two workers of one host could not share the port.
    env["NIGHTSHIFT_WORKER_METRICS_PORT"] = "0"
    # Workers stop as on SIGQUIT: running tasks go back to the queue instead of being waited for.
    env["REMAP_SIGTERM"] = "SIGQUIT"
    return env


def run(commands: Mapping[str, str], env: Mapping[str, str]) -> int:
    """Run shell commands side by side, their output on ours with their names, until one ends or a signal comes."""
    group = _Group()
    for name, command in commands.items():
        # exec: the shell makes way, so that a signal reaches the process itself.
        group.add_process(name, tied_in_shell(command), env=dict(env))
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        group.loop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    return 0 if group.asked_to_stop else int(group.returncode or 0)


def refuse_taken_port(host: str, port: int) -> None:
    """Raises BootError where something else listens on ``host``:``port``."""
    if port_taken(host, port):
        raise BootError(f"port {port} of {host} is taken; set NIGHTSHIFT_PORT to a free one")


def port_taken(host: str, port: int) -> bool:
    """Whether a server could not listen on ``host``:``port`` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def free_port(host: str) -> int:
    """A port of ``host`` that nobody listens on now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


class _Gentle(ProcessManager):  # type: ignore[misc]  # honcho has no types
    """Signals a process, not its group: a worker ends its own children, after their tasks."""

    def terminate(self, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return


class _Reader(Process):  # type: ignore[misc]  # honcho has no types
    """A process of honcho that starts a command and reads what it says.

    Where we are killed it ends the command; where it is killed itself, the kernel does. It has a session of its own, so
    that it lives on when our whole process group is killed.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._made_by = os.getpid()
        self._orphaned = False

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        os.setsid()
        signal.signal(signal.SIGHUP, self._end)
        signal.signal(signal.SIGALRM, self._kill)
        end_with_parent(self._made_by, signal.SIGHUP)
        super().run(events, ignore_signals)
        if self._orphaned:  # nobody reads what is still to be sent
            os._exit(0)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        if self._child is None:
            os._exit(0)
        self._orphaned, self._events = True, None
        self._child.terminate()
        signal.alarm(ORPHAN_SECONDS)

    def _kill(self, _number: int, _frame: FrameType | None) -> None:
        ProcessManager().kill(self._child.pid)


class _Group(Manager):  # type: ignore[misc]  # honcho has no types
    """honcho's manager, stopped from its own loop.

    honcho stops its processes inside the signal handler: a signal while it prints raises RuntimeError, one while
    processes start KeyError, and either leaves processes running.
    """

    def __init__(self) -> None:
        super().__init__()
        self._procmgr = _Gentle()
        self._process_ctor = _Reader
        self.asked_to_stop = False
        honcho.manager.KILL_WAIT = STOP_SECONDS  # there is no other way to say it

    def _start(self) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        super()._start()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.asked_to_stop = True

    def _any_stopped(self) -> bool:
        # The loop asks once all have started, and then ends the others.
        return self.asked_to_stop or bool(super()._any_stopped())


@contextmanager
def signals_as_exit() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into SystemExit, so that everything on the way out is cleaned up."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Holds the data folder for this process; the lock goes with the process, however it ends."""
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BootError(f"another Nightshift runs in {data_dir}; stop it or set NIGHTSHIFT_HOME") from None
        yield


def _forget_metrics(folder: Path) -> None:
    """Makes the folder, without the metric files that processes of an earlier start left."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in (*folder.glob("*.db"), *folder.glob("names-*")):
        file.unlink()
