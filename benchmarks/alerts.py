"""``nightshift bench alerts``: every part is killed in turn; its alert has to come, no other, and go again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from benchmarks.report import Report
from benchmarks.stack import BenchmarkFailed
from benchmarks.survival.client import AWAY
from benchmarks.survival.place import Place, made
from benchmarks.survival.servers import mariadb_installed
from benchmarks.survival.shops import shop
from benchmarks.watching import Watch, watching
from monitoring import servers
from workers.boot import signals_as_exit

ALERTS: Final = {
    "web": "NightshiftWebDown",
    "control": "NightshiftNoWorker",
    "plan": "NightshiftNoWorker",
    "solve": "NightshiftNoWorker",
    "beat": "NightshiftBeatSilent",
    "redis": "NightshiftRedisDown",
    "database": "NightshiftDatabaseDown",
}
"""Part -> the alert that its death has to raise."""

SCRAPE_SECONDS = 2
HASTE = 5
"""Alerts hold a fifth of their time: a cause fires after six or twelve seconds, and still before its symptoms."""

PACE_SECONDS = 2.0
CALM_SECONDS = 4.0
LINGER_SECONDS = 15.0
"""So long a part stays dead after its alert, and is watched after its return, for what else may come."""

PATIENCE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Death:
    """What was told of the death of a part: seconds to its alert and to its end, and what else was told."""

    part: str
    raised: float
    resolved: float
    others: frozenset[str]


@click.command(short_help="Kill each part in turn: its alert comes, no other, and goes.")
@click.option("--part", "parts", multiple=True, type=click.Choice([*ALERTS]), help="All where not given.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for alerts.json and .md.")
def alerts(parts: tuple[str, ...], out: Path | None) -> None:
    """Kill web, workers, beat, Redis and MariaDB in turn under a light load, watched by Prometheus and Alertmanager.

    All servers are the benchmark's own. Scrapes are 2 s apart, and alerts hold a fifth of their time before they fire.
    The database is MariaDB where it is installed, else SQLite, which cannot be killed.
    """
    database = "mariadb" if mariadb_installed() else "sqlite"
    chosen = [part for part in parts or ALERTS if part != "database" or database == "mariadb"]
    report = Report("alerts")
    try:
        with signals_as_exit(), _watched(database) as (place, watch):
            for part in chosen:
                _report(report, rehearse(place, watch, part))
    except servers.NotInstalled as missing:
        raise BenchmarkFailed(str(missing)) from None
    report.write(out)


def rehearse(place: Place, watch: Watch, part: str) -> Death:
    """Kills a part and starts it again. Raises BenchmarkFailed where its alert does not come, or stays."""
    wanted = ALERTS[part]
    watch.until(lambda: not watch.firing(), PATIENCE_SECONDS, f"alerts do not end before {part} is killed")
    time.sleep(CALM_SECONDS)
    before = len(watch.told)

    def told(status: str) -> bool:
        return any(alert.name == wanted and alert.status == status for alert in watch.told[before:])

    click.echo(f"  {part} is killed", err=True)
    killed = time.monotonic()
    _kill(place, part)
    watch.until(lambda: told("firing"), PATIENCE_SECONDS, f"{wanted} is not told after {part} was killed")
    raised = time.monotonic() - killed
    time.sleep(LINGER_SECONDS)
    back = time.monotonic()
    _start(place, part)
    watch.until(lambda: told("resolved"), PATIENCE_SECONDS, f"{wanted} does not end after {part} is back")
    resolved = time.monotonic() - back
    time.sleep(LINGER_SECONDS)
    fired = {alert.name for alert in watch.told[before:] if alert.status == "firing"}
    return Death(part, raised, resolved, frozenset(fired - {wanted}))


def _report(report: Report, death: Death) -> None:
    wanted = ALERTS[death.part]
    report.add("G4", f"{death.part} killed: {wanted} told after", death.raised, "s")
    report.add("G4", f"{death.part} back: its end told after", death.resolved, "s")
    report.add("G4", f"{death.part} killed: other alerts told", len(death.others), "", 0)
    for name in sorted(death.others):
        click.echo(f"  not wanted: {name}", err=True)


@contextmanager
def _watched(database: str) -> Iterator[tuple[Place, Watch]]:
    """A Nightshift under load and what watches it."""
    folder = TemporaryDirectory(prefix="nightshift-alerts-", ignore_cleanup_errors=True)
    with folder as name:
        home, metrics, observed = Path(name), Path(name) / "metrics", Path(name) / "watch"
        metrics.mkdir()
        observed.mkdir()
        with made(home, database, settings={"PROMETHEUS_MULTIPROC_DIR": str(metrics)}) as place:
            place.stack.start("web", "control", "plan", "solve", "beat")
            place.client.insist("GET", "/v1/schedules")
            web = f"{place.client.host}:{place.client.port}"
            with watching(observed, web, scrape_seconds=SCRAPE_SECONDS, haste=HASTE) as watch, _load(place):
                watch.until(lambda: watch.value("min(nightshift_workers)"), PATIENCE_SECONDS, "no worker is seen")
                yield place, watch


@contextmanager
def _load(place: Place) -> Iterator[None]:
    """A small request every two seconds; those that find nobody are not sent again."""
    over = threading.Event()

    def submit() -> None:
        while not over.wait(PACE_SECONDS):
            try:
                place.client.ask("POST", "/v1/schedules", shop(0.5))
            except AWAY:
                continue

    thread = threading.Thread(target=submit)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _kill(place: Place, part: str) -> None:
    if part == "redis":
        place.redis.kill()
    elif part == "database":
        assert place.mariadb is not None
        place.mariadb.kill()
    else:
        place.stack.kill(part)


def _start(place: Place, part: str) -> None:
    if part == "redis":
        place.redis.start()
    elif part == "database":
        assert place.mariadb is not None
        place.mariadb.start()
    else:
        place.stack.start(part)
