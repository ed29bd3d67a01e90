"""``nightshift bench metrics``: how long a scrape takes where many processes have written metric files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.report import Report, median
from monitoring import exposition
from monitoring.shared import KINDS

WRITERS = 34
"""Processes; with a file of each kind they make 102."""

SETTLE_SECONDS = 0.5

WRITE = """
import os, sys
from monitoring import metrics
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        for route in ("/v1/schedules", "/v1/schedules/<run_id>", "/livez", "/readyz", "/metrics", "unmatched"):
            metrics.HTTP_SECONDS.labels(route).observe(0.1)
            for status in (200, 202, 404):
                metrics.HTTP_REQUESTS.labels("GET", route, status).inc()
        for task in ("plan", "solve", "merge", "improve", "finish", "sweep"):
            metrics.TASK_SECONDS.labels(task).observe(0.1)
            for outcome in ("done", "retried", "failed"):
                metrics.TASKS.labels(task, outcome).inc()
        for engine in ("dispatch", "cpsat"):
            metrics.SOLVE_SECONDS.labels(engine).observe(1)
        metrics.OBJECTIVE_SECONDS.labels("makespan").set(1)
        print("written", flush=True)
        sys.stdin.read()
        os._exit(0)
sys.stdin.read()
"""


@click.command(short_help="A scrape of 100 metric files.")
@click.option("--repeats", default=25, show_default=True, type=click.IntRange(1, 10_000), help="Scrapes.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for metrics.json and .md.")
def scrape(repeats: int, out: Path | None) -> None:
    """Scrape the files of 34 living processes, then what is left of them once they are dead."""
    report = Report("metrics")
    with TemporaryDirectory(prefix="nightshift-bench-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        writers = subprocess.Popen(
            [sys.executable, "-c", WRITE, str(WRITERS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            assert writers.stdout is not None, "it was asked for"
            for _ in range(WRITERS):
                writers.stdout.readline()
            count = len(list(Path(folder).glob("*.db")))
            report.add("", f"scrape of {count} files of living processes, median", _scraped(repeats), "ms", 50)
        finally:
            os.killpg(writers.pid, signal.SIGKILL)
            writers.wait()
            writers.communicate()  # ends when the last of them has closed its output
            time.sleep(SETTLE_SECONDS)
        begun = time.perf_counter()
        exposition.tidy()
        report.add("", "folding them once their processes are dead", (time.perf_counter() - begun) * 1000, "ms")
        report.add("", "files left", len(list(Path(folder).glob("*.db"))), "", KINDS)
        report.add("", "scrape of those, median", _scraped(repeats), "ms", 50)
    report.write(out)


def _scraped(repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        exposition.render()
        times.append((time.perf_counter() - begun) * 1000)
    return median(times)
