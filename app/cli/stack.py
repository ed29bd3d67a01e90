"""``nightshift up`` and ``nightshift demo``: the whole platform on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import files, kpi
from app.cli.client import Client
from app.cli.errors import BadInput, Failed
from app.cli.progress import Line
from app.cli.remote import fetch, follow

if TYPE_CHECKING:
    from models.settings import Settings

JOBS, MACHINES = 411, 149
SCHEDULE = "schedule.json"
LOG = "demo.log"
LOG_TAIL_LINES = 20
START_SECONDS = 90.0
STOP_SECONDS = 40.0
POLL_SECONDS = 0.1


@click.command(short_help="Run web, workers and beat until Ctrl-C.")
@click.argument("processes", nargs=-1)
def up(processes: tuple[str, ...]) -> None:
    """Run web, workers and beat until Ctrl-C, or only the PROCESSES named (web, control, plan, solve, beat).

    Starts its own Redis unless REDIS_URL names one, and brings the database up to date first. Where one process ends by
    itself the others are stopped too, and the exit code is that process's.
    """
    from models.settings import settings
    from workers import boot
    from workers.embedded_redis import EmbeddedRedisError

    known = boot.processes()
    for name in processes:
        if name not in known:
            raise BadInput(f"there is no process {name!r}; there are {', '.join(known)}")
    found = settings()
    click.echo(f"Nightshift on http://{found.host}:{found.port}, data in {found.data_dir}; Ctrl-C stops it", err=True)
    try:
        code = boot.up(found, processes)
    except (boot.BootError, EmbeddedRedisError) as error:
        raise Failed(str(error)) from None
    raise SystemExit(code)


@click.command(short_help="Start everything, plan a factory, show the key figures, stop.")
@click.option("--keep", is_flag=True, help="Leave the platform running until Ctrl-C.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Another factory.")
@click.option("--time-limit", default=10.0, show_default=True, type=click.FloatRange(0.1, 3600), metavar="SECONDS")
def demo(keep: bool, seed: int, time_limit: float) -> None:
    """Start the platform, plan a factory of 149 machines and 411 jobs over HTTP, show the key figures, stop.

    Its data lies in the folder demo of NIGHTSHIFT_HOME, the plan in schedule.json.
    """
    from models.settings import load_settings
    from models.shop.generate import factory
    from workers.boot import signals_as_exit

    files.check_writable(SCHEDULE)
    base = load_settings()
    env = {**os.environ, "NIGHTSHIFT_HOME": str(base.data_dir / "demo"), "NIGHTSHIFT_PORT": str(_port(base))}
    settings = load_settings(env)
    document = factory(JOBS, MACHINES, seed) | {"options": {"time_limit_seconds": time_limit}}
    with signals_as_exit(), _running(settings, env) as server, _key(settings) as token:
        client = Client(server.url, token)
        begun = time.monotonic()
        run_id = client.submit(json.dumps(document).encode())
        click.echo(f"submitted {JOBS} jobs on {MACHINES} machines as {run_id}", err=True)
        result = json.loads(fetch(client, run_id, follow(client, run_id)))
        files.write_json(SCHEDULE, result)
        click.echo(kpi.table(result, time.monotonic() - begun))
        click.echo(f"\nThe plan is in {SCHEDULE}. Try next:")
        click.echo(_hints(_command(), server.url, token, run_id) if keep else _hints_after(_command()))
        if keep:
            server.wait()


@dataclass
class _Server:
    """The platform as a child process."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait(self) -> None:
        """Waits until the platform ends or Ctrl-C. Raises Failed where it ends by itself."""
        click.echo("\nRunning; Ctrl-C stops it.", err=True)
        try:
            self.process.wait()
        except KeyboardInterrupt:
            return
        raise self.ended()

    def ended(self) -> Failed:
        """The end of its log as an error."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return Failed(
            "", [f"the platform ended with code {self.process.returncode}; its log:", *lines[-LOG_TAIL_LINES:]]
        )


@contextmanager
def _running(settings: Settings, env: dict[str, str]) -> Iterator[_Server]:
    """``nightshift up`` beside us, ready to serve; stopped at the end, however that comes."""
    from workers.embedded_redis import private_folder
    from workers.tied import tied

    begun = time.monotonic()
    log = private_folder(settings.data_dir) / LOG
    with log.open("ab") as output:
        process = subprocess.Popen(
            tied([sys.executable, "-m", "app.cli", "up"]),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the platform in order
        )
    server = _Server(f"http://{settings.host}:{settings.port}", process, log)
    try:
        with Line() as line:
            probe = Client(server.url, None)
            while not probe.ready():
                if process.poll() is not None:
                    raise server.ended()
                if time.monotonic() - begun > START_SECONDS:
                    raise Failed(f"the platform did not start within {START_SECONDS:g} s; see {log}")
                line.show(f"starting the platform, {time.monotonic() - begun:.0f} s")
                time.sleep(POLL_SECONDS)
        click.echo(f"{server.url} is ready after {time.monotonic() - begun:.1f} s; log in {log}", err=True)
        yield server
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _key(settings: Settings) -> Iterator[str]:
    """An API key for this demo alone."""
    from models.store import keys
    from models.tables.session import sessions, transaction

    maker = sessions(settings.database_url)
    with transaction(maker) as session:
        key_id, token = keys.create(session, "demo", "planner", actor="demo")
    try:
        yield token
    finally:
        with transaction(maker) as session:
            keys.revoke(session, key_id, actor="demo")


def _port(settings: Settings) -> int:
    from workers.boot import free_port, port_taken

    return free_port(settings.host) if port_taken(settings.host, settings.port) else settings.port


def _hints(command: str, url: str, token: str, run_id: str) -> str:
    header = f"-H 'Authorization: Bearer {token}'"
    run = f"{url}/v1/schedules/{run_id}"
    return "\n".join(
        [
            f"  curl {header} {run}",
            f"  curl {header} {run}/result",
            f"  curl {header} {url}/v1/schedules",
            f"  {command} generate --seed 2 --output factory.json",
            f"  curl {header} -H 'Content-Type: application/json' --data @factory.json {url}/v1/schedules",
            f"  curl {url}/openapi.json",
        ]
    )


def _hints_after(command: str) -> str:
    return "\n".join(
        [
            f"  {command} demo --keep    the same, left running, with curl lines to try",
            f"  {command} generate --jobs 100 --setups --output factory.json",
            f"  {command} solve factory.json --time-limit 5 --output plan.json",
            f"  {command} check factory.json plan.json",
        ]
    )


def _command() -> str:
    """How this command was called, for lines to copy."""
    return sys.argv[0] if Path(sys.argv[0]).name == "nightshift" and os.sep in sys.argv[0] else "nightshift"
