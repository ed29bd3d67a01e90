"""The floor beneath the platform's overhead: a Celery chord of tasks that do nothing, on the same Redis."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from celery import Celery, chord

from benchmarks.stack import BenchmarkFailed

QUEUE = "bench"
START_SECONDS = 60.0
WARM_UP = 5

app = Celery("bench", broker=os.environ.get("BENCH_REDIS_URL"), backend=os.environ.get("BENCH_REDIS_URL"))
app.conf.update(
    task_default_queue=QUEUE,
    accept_content=["json"],
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task  # type: ignore[untyped-decorator]
def nothing(*_: object) -> None:
    """Does nothing."""


def chord_seconds(redis_url: str, env: Mapping[str, str], width: int, count: int, processes: int) -> list[float]:
    """Seconds from sending a chord of ``width`` no-ops to its end, ``count`` times, one after the other."""
    app.conf.update(broker_url=redis_url, result_backend=redis_url)
    found = []
    with _worker({**env, "BENCH_REDIS_URL": redis_url}, processes):
        for number in range(count + WARM_UP):
            begun = time.perf_counter()
            chord(nothing.s() for _ in range(width))(nothing.s()).get(timeout=START_SECONDS)
            if number >= WARM_UP:
                found.append(time.perf_counter() - begun)
        gc.collect()  # results unsubscribe when they go, which needs the Redis that the caller stops
    return found


@contextmanager
def _worker(env: Mapping[str, str], processes: int) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "--app", "benchmarks.chord", "worker", "--queues", QUEUE]
    command += ["--hostname", "bench@%h", "--concurrency", str(processes), "--loglevel", "WARNING"]
    worker = subprocess.Popen(command, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START_SECONDS
        while not app.control.ping(timeout=0.5):
            if worker.poll() is not None or time.monotonic() > end:
                raise BenchmarkFailed("the worker of the no-op chord does not start")
        yield
    finally:
        worker.terminate()
        worker.wait(START_SECONDS)
