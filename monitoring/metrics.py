"""Prometheus metrics of web and workers; docs/metrics.md lists them.

Every process writes to the folder named by ``PROMETHEUS_MULTIPROC_DIR`` where it is set, so that counts of several
processes add up and survive the death of a worker's children; whoever serves ``render`` reads the whole folder. What
belongs to no process (queues, open runs) is read when it is asked for, by the one process that answers.

Times are in seconds, shares in parts of 1. Label values are bounded, see ``monitoring.labels``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from monitoring.labels import BoundedCounter, BoundedGauge, BoundedHistogram, bounded
from monitoring.shared import SharedFiles, fold

disable_created_metrics()  # type: ignore[no-untyped-call]

HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""From a poll (a few milliseconds) to a 10,000-job submission (over a second)."""

SOLVE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 900, 3600)
"""From a dispatch batch to the longest budget a request may ask for."""

TASK_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
"""Control tasks take milliseconds, solve tasks their budget."""

GAP_BUCKETS = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of 1; 0 is proved optimal."""

HTTP_REQUESTS = BoundedCounter(
    "nightshift_http_requests_total", "HTTP requests answered.", ["method", "route", "status"]
)
HTTP_SECONDS = BoundedHistogram(
    "nightshift_http_request_seconds", "Time to answer an HTTP request.", ["route"], buckets=HTTP_BUCKETS
)
SUBMISSIONS = BoundedCounter("nightshift_submissions_total", "Schedule requests accepted.", ["engine"])
RUNS = BoundedCounter("nightshift_runs_total", "Schedule requests ended, by final state.", ["state"])
RUN_SECONDS = BoundedHistogram(
    "nightshift_run_seconds", "Time from acceptance to the stored end of a request.", ["state"], buckets=SOLVE_BUCKETS
)
FIRST_PLAN_SECONDS = BoundedHistogram(
    "nightshift_first_plan_seconds",
    "Time from acceptance to the first checked plan that can be read.",
    buckets=SOLVE_BUCKETS,
)
BATCHES = BoundedCounter(
    "nightshift_batches_total",
    "Batches answered, by the engine that was asked and how it went (solved, handed_over, fallback).",
    ["engine", "outcome"],
)
FALLBACKS = BoundedCounter(
    "nightshift_fallbacks_total",
    "Times that dispatch stood in for an engine or for a refused plan, by reason.",
    ["reason"],
)
SOLVE_SECONDS = BoundedHistogram(
    "nightshift_solve_seconds", "Time an engine took for a batch.", ["engine"], buckets=SOLVE_BUCKETS
)
STEPS = BoundedCounter(
    "nightshift_improvement_steps_total",
    "Neighbourhoods solved while improving, by what came of them (better, sideways, none).",
    ["outcome"],
)
JOBS = BoundedCounter("nightshift_jobs_total", "Jobs of ended requests, scheduled or left out.", ["outcome"])
OBJECTIVE_SECONDS = BoundedGauge(
    "nightshift_objective_seconds",
    "First objective level of the latest ended request, where it is a time (weighted where its term is).",
    ["objective"],
    multiprocess_mode="mostrecent",
)
OBJECTIVE_ITEMS = BoundedGauge(
    "nightshift_objective_items",
    "First objective level of the latest ended request, where it counts jobs or changes (weighted where its term is).",
    ["objective"],
    multiprocess_mode="mostrecent",
)
GAP = BoundedHistogram(
    "nightshift_gap_ratio",
    "Gap between value and lower bound of the first objective level at the end of a request.",
    ["objective"],
    buckets=GAP_BUCKETS,
)
TASKS = BoundedCounter(
    "nightshift_tasks_total", "Celery tasks run, by outcome (done, retried, failed).", ["task", "outcome"]
)
TASK_SECONDS = BoundedHistogram("nightshift_task_seconds", "Time a Celery task ran.", ["task"], buckets=TASK_BUCKETS)
RESUMED = BoundedCounter("nightshift_resumptions_total", "Next attempts of requests whose work was lost or had failed.")
REFUSED_PLANS = BoundedCounter(
    "nightshift_refused_plans_total", "Plans that the validator refused before they were stored."
)


SWEPT = BoundedCounter(
    "nightshift_sweep_steps_total", "Stuck requests that the sweep saw to, by what it did.", ["step"]
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in queues and database at this moment. What could not be asked for stays empty, and is not told.

    ``queues``: messages waiting; ``open_runs``, ``oldest_runs``: by state, how many and the greatest age since
    acceptance in seconds; ``heartbeat_age``: the greatest among runs being solved, 0 where none is.
    """

    queues: Mapping[str, int] = field(default_factory=dict)
    open_runs: Mapping[str, int] = field(default_factory=dict)
    oldest_runs: Mapping[str, float] = field(default_factory=dict)
    heartbeat_age: float | None = None


class _Now(Collector):
    """What is read when it is asked for."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing

    def collect(self) -> Iterator[GaugeMetricFamily]:
        return (family for family in standing_families(self.standing) if family.samples)


def standing_families(now: Standing) -> Iterator[GaugeMetricFamily]:
    """What stands at this moment, as metrics."""
    beat = {} if now.heartbeat_age is None else {"": now.heartbeat_age}
    yield _family("nightshift_queue_depth", "Messages waiting in a queue.", "queue", now.queues)
    yield _family("nightshift_open_runs", "Requests that have not ended, by state.", "state", now.open_runs)
    yield _family(
        "nightshift_oldest_run_age_seconds",
        "Time since the oldest request of a state was accepted, 0 where there is none.",
        "state",
        now.oldest_runs,
    )
    yield _family(
        "nightshift_oldest_heartbeat_age_seconds",
        "Greatest time since a request being solved gave a sign of life, 0 where there is none.",
        None,
        beat,
    )
    yield _family("nightshift_build_info", "1, labelled with the version that runs.", "version", {_version(): 1})


def _family(name: str, text: str, label: str | None, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[] if label is None else [label])
    for value, number in values.items():
        family.add_metric([] if label is None else [bounded(label, value)], number)
    return family


@cache
def _version() -> str:
    try:
        return version("nightshift")
    except PackageNotFoundError:
        return "unknown"


def registry(standing: Standing | None = None) -> CollectorRegistry:
    """All metrics of this host's processes, and what stands at this moment where it is given."""
    found = CollectorRegistry()
    folder = _folder()
    found.register(REGISTRY if folder is None else SharedFiles(folder))
    if standing is not None:
        found.register(_Now(standing))
    return found


def render(standing: Standing | None = None) -> tuple[bytes, str]:
    """The metrics in Prometheus' text form, and its content type."""
    return generate_latest(registry(standing)), CONTENT_TYPE_LATEST


def serve(port: int) -> None:
    """Serves the metrics of this host's processes on ``port`` from a thread of its own."""
    start_http_server(port, registry=registry())


def tidy() -> None:
    """Folds what dead processes left, so that the number of files is bounded also where nobody scrapes."""
    folder = _folder()
    if folder is not None:
        fold(folder)


def _folder() -> Path | None:
    named = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(named) if named else None
