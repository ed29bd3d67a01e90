"""``nightshift bench survival``: requests under a storm of kills (bar S1)."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.report import Report
from benchmarks.survival.place import made
from benchmarks.survival.servers import mariadb_installed
from benchmarks.survival.storm import Storm
from workers.boot import signals_as_exit

DATABASES = ("sqlite", "mariadb")
RECOVERY_SECONDS = 30.0
PATIENCE_SECONDS = 120.0
"""So long it is watched whether a recovery that missed its bar comes at all."""

SHOWN = 5


@click.command(short_help="Requests while everything is killed at random (S1).")
@click.option("--requests", default=200, show_default=True, type=click.IntRange(1, 10_000), help="Requests sent.")
@click.option("--seed", default=7, show_default=True, type=int, help="What is asked, and what is killed when.")
@click.option("--database", "databases", multiple=True, type=click.Choice(DATABASES), help="Both where not given.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for survival.json and .md.")
def survival(requests: int, seed: int, databases: tuple[str, ...], out: Path | None) -> None:
    """Send requests while web, workers, their children, beat, Redis and MariaDB are killed at random.

    Redis and database are servers of the benchmark's own, whatever REDIS_URL and DATABASE_URL say: Redis comes back
    with its file, empty, or is wiped as it runs; MariaDB comes back with its data.
    """
    if not databases and not mariadb_installed():
        click.echo("no MariaDB on this machine: SQLite alone", err=True)
        databases = ("sqlite",)
    report = Report("survival")
    with signals_as_exit():
        for database in databases or DATABASES:
            _storm(report, database, requests, seed)
    report.write(out)


def _storm(report: Report, database: str, requests: int, seed: int) -> None:
    click.echo(f"S1: a storm over {requests} requests on {database}", err=True)

    def tell(done: int) -> None:
        if done % 20 == 0 or done == requests:
            click.echo(f"  {done} of {requests} requests in, {sum(storm.kills.values())} kills", err=True)

    folder = TemporaryDirectory(prefix="nightshift-storm-", ignore_cleanup_errors=True)
    with folder as home, made(Path(home), database) as place:
        storm = Storm(place, requests, seed, tell)
        recovery = storm.run(PATIENCE_SECONDS)
        verdict = storm.judge()
        if verdict.complaints or math.isinf(recovery):
            click.echo(place.stack.logs(), err=True)
    for complaint in verdict.complaints[:SHOWN]:
        click.echo(f"  {complaint}", err=True)
    for name, times in sorted(storm.kills.items()):
        click.echo(f"  killed {times} times: {name}", err=True)
    on, asked = f"on {database}", len(storm.asked)
    report.add("S1", f"requests answered 202 {on}", asked, "")
    report.add("S1", "kills meanwhile", sum(storm.kills.values()), "")
    for state, count in sorted(verdict.states.items()):
        report.add("S1", f"of the requests: {state}", count, "")
    report.add("S1", "requests lost", len(verdict.lost), "", 0, samples=asked)
    report.add("S1", "requests stored or ended twice", len(verdict.doubled), "", 0, samples=asked)
    report.add("S1", "results that the validator refuses", len(verdict.refused), "", 0, samples=asked)
    report.add("S1", "from the last kill to the last end", recovery, "s", RECOVERY_SECONDS)
