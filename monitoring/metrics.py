"""Prometheus metrics of web and workers.

Every process writes to the folder named by ``PROMETHEUS_MULTIPROC_DIR`` where it is set, so that counts of several
processes add up and survive the death of a worker's children; whoever serves ``render`` reads the whole folder. Labels
take their values from short fixed lists: an unbounded label would grow without end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call]

HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""From a poll (a few milliseconds) to a 10,000-job submission (over a second)."""

SOLVE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 900, 3600)
"""From a dispatch batch to the longest budget a request may ask for."""

TASK_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
"""Control tasks take milliseconds, solve tasks their budget."""

GAP_BUCKETS = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of 1; 0 is proved optimal."""

HTTP_REQUESTS = Counter("nightshift_http_requests_total", "HTTP requests answered.", ["method", "route", "status"])
HTTP_SECONDS = Histogram(
    "nightshift_http_request_seconds", "Time to answer an HTTP request.", ["route"], buckets=HTTP_BUCKETS
)
SUBMISSIONS = Counter("nightshift_submissions_total", "Schedule requests accepted.", ["engine"])
RUNS = Counter("nightshift_runs_total", "Schedule requests ended, by final state.", ["state"])
RUN_SECONDS = Histogram(
    "nightshift_run_seconds", "Time from acceptance to the stored end of a request.", ["state"], buckets=SOLVE_BUCKETS
)
FIRST_PLAN_SECONDS = Histogram(
    "nightshift_first_plan_seconds",
    "Time from acceptance to the first checked plan that can be read.",
    buckets=SOLVE_BUCKETS,
)
BATCHES = Counter(
    "nightshift_batches_total",
    "Batches answered, by the engine that was asked and how it went (solved, handed_over, fallback).",
    ["engine", "outcome"],
)
SOLVE_SECONDS = Histogram(
    "nightshift_solve_seconds", "Time an engine took for a batch.", ["engine"], buckets=SOLVE_BUCKETS
)
STEPS = Counter(
    "nightshift_improvement_steps_total",
    "Neighbourhoods solved while improving, by what came of them (better, sideways, none).",
    ["outcome"],
)
JOBS = Counter("nightshift_jobs_total", "Jobs of ended requests, scheduled or left out.", ["outcome"])
OBJECTIVE = Gauge(
    "nightshift_objective_value",
    "First objective level of the latest finished plan (hours, or a count).",
    ["objective"],
    multiprocess_mode="mostrecent",
)
GAP = Histogram(
    "nightshift_gap_ratio",
    "Gap between value and lower bound of the first objective level at the end of a request.",
    ["objective"],
    buckets=GAP_BUCKETS,
)
TASKS = Counter("nightshift_tasks_total", "Celery tasks run, by outcome (done, retried, failed).", ["task", "outcome"])
TASK_SECONDS = Histogram("nightshift_task_seconds", "Time a Celery task ran.", ["task"], buckets=TASK_BUCKETS)
RESUMED = Counter(
    "nightshift_sweep_resumptions_total", "Requests that the sweep found stuck and sent on its way again."
)
REFUSED_PLANS = Counter("nightshift_refused_plans_total", "Plans that the validator refused before they were stored.")


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Observes the time the block takes, also when it raises."""
    begun = perf_counter()
    try:
        yield
    finally:
        histogram.observe(perf_counter() - begun)


class _Queues(Collector):
    """Queue depths, read at scrape time by the one process that serves them."""

    def __init__(self, depths: Mapping[str, int]) -> None:
        self.depths = depths

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("nightshift_queue_depth", "Messages waiting in a queue.", labels=["queue"])
        for queue, depth in self.depths.items():
            family.add_metric([queue], depth)
        yield family


def render(queue_depths: Mapping[str, int] | None = None) -> tuple[bytes, str]:
    """The metrics in Prometheus' text form, and its content type. ``queue_depths``: messages waiting, by queue."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    if queue_depths is not None:
        registry.register(_Queues(queue_depths))
    return generate_latest(registry), CONTENT_TYPE_LATEST
