"""Bar T5: how long each process takes to start, and the memory it then holds."""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click
import psutil

from benchmarks.report import Report
from benchmarks.stack import BenchmarkFailed, environment, prepare_database
from models.settings import Settings
from workers.boot import environment as process_environment
from workers.boot import processes
from workers.embedded_redis import EmbeddedRedis

START_SECONDS = 60.0
LOOK_SECONDS = 0.01
SETTLE_SECONDS = 1.0
MIB = 2**20
BARS: dict[str, tuple[float | None, float]] = {
    "web": (1.0, 120.0),
    "beat": (1.0, 120.0),
    "control": (None, 350.0),
    "plan": (None, 350.0),
    "solve": (None, 350.0),
}
"""Process -> the most seconds to start and the most MiB, both of T5."""


def starts(report: Report) -> None:
    """Starts each process by itself, twice, and reports the second start: the first one warms the disk's cache."""
    click.echo("T5: each process by itself", err=True)
    with environment() as (settings, env), ExitStack() as stack:
        settings.metrics_dir.mkdir(parents=True)
        if settings.redis_socket is not None:
            stack.enter_context(EmbeddedRedis(settings.redis_socket, settings.data_dir / "redis"))
        prepare_database(settings)
        env = process_environment(settings, env)
        for name, command in processes().items():
            for measured in (False, True):
                _one(name, command, settings, env, report if measured else None)


def _one(name: str, command: str, settings: Settings, env: dict[str, str], report: Report | None) -> None:
    log = settings.data_dir / f"{name}.log"
    with log.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(f"exec {command}", shell=True, env=env, stdout=output, stderr=output)
        try:
            ready = (
                _serves(settings) if name == "web" else _says(log, b"beat: Starting" if name == "beat" else b" ready.")
            )
            while not ready():
                if process.poll() is not None or time.perf_counter() - begun > START_SECONDS:
                    raise BenchmarkFailed(f"{name} does not start:\n{log.read_text(errors='replace')[-2000:]}")
                time.sleep(LOOK_SECONDS)
            wall = time.perf_counter() - begun
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            cpu = sum(sum(member.cpu_times()[:2]) for member in family)
            if report is not None:
                time.sleep(SETTLE_SECONDS)
                _tell(report, name, wall, cpu, family)
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _tell(report: Report, name: str, wall: float, cpu: float, family: list[psutil.Process]) -> None:
    most_seconds, most_memory = BARS[name]
    report.add("T5", f"{name}: from its start until it works", wall, "s", most_seconds)
    report.add("T5", f"{name}: processor time for it, children included", cpu, "s")
    largest = max(member.memory_info().rss for member in family) / MIB
    report.add("T5", f"{name}: resident memory of its largest process", largest, "MiB", most_memory)
    shared = sum(member.memory_full_info().pss for member in family) / MIB
    report.add("T5", f"{name}: memory of its {len(family)} processes, shared pages counted once", shared, "MiB")


def _serves(settings: Settings) -> Callable[[], bool]:
    def asked() -> bool:
        connection = http.client.HTTPConnection(settings.host, settings.port, timeout=5)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    return asked


def _says(log: Path, words: bytes) -> Callable[[], bool]:
    return lambda: words in log.read_bytes()
