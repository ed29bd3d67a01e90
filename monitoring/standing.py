"""What belongs to no process and is read when Prometheus asks: queues, open runs, workers, health, disks, baselines.

What could not be read is not told: a missing series says more than a wrong one. ``nightshift_source_up`` says which
source it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final, NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from monitoring.labels import bounded


class Described(NamedTuple):
    """What a metric means, and its labels."""

    text: str
    labels: tuple[str, ...] = ()


CLASS: Final = ("plant", "template", "size", "engine", "budget")
"""Labels that together name a class of runs that can be compared."""

GAUGES: Final[Mapping[str, Described]] = {
    "nightshift_build_info": Described("1, labelled with the version that runs.", ("version",)),
    "nightshift_queue_depth": Described("Messages waiting in a queue.", ("queue",)),
    "nightshift_queue_oldest_age_seconds": Described(
        "Time since the oldest waiting message of a queue was sent, 0 where it is empty.", ("queue",)
    ),
    "nightshift_open_runs": Described("Requests that have not ended, by state.", ("state",)),
    "nightshift_oldest_run_age_seconds": Described(
        "Time since the oldest request of a state was accepted, 0 where there is none.", ("state",)
    ),
    "nightshift_oldest_heartbeat_age_seconds": Described(
        "Greatest time since a request being solved gave a sign of life, 0 where there is none."
    ),
    "nightshift_workers": Described(
        "Workers that take messages of a queue and gave a sign of life in the last 15 s.", ("queue",)
    ),
    "nightshift_worker_processes": Described(
        "Processes of these workers that run tasks: what can be done side by side.", ("queue",)
    ),
    "nightshift_process_resident_bytes": Described("Resident memory of the largest process of a kind.", ("process",)),
    "nightshift_process_total_bytes": Described(
        "Resident memory of all processes of a kind together, pages they share counted once each.", ("process",)
    ),
    "nightshift_beat_age_seconds": Described("Time since beat last sent anything."),
    "nightshift_host_cpu_used_ratio": Described("Share of the web host's processor time in use since the last scrape."),
    "nightshift_host_memory_used_ratio": Described("Share of the web host's memory that is not available."),
    "nightshift_disk_used_ratio": Described("Share of the disk in use under a folder.", ("folder",)),
    "nightshift_disk_free_bytes": Described("Space left on the disk under a folder.", ("folder",)),
    "nightshift_certificate_expiry_seconds": Described(
        "Time until the certificate in `NIGHTSHIFT_TLS_CERTIFICATE` ends; missing where none is named."
    ),
    "nightshift_redis_used_bytes": Described("Memory that Redis uses."),
    "nightshift_redis_limit_bytes": Described("Memory that Redis may use; missing where it has no limit."),
    "nightshift_policy_info": Described("1, labelled with the policy in force.", ("policy", "version")),
    "nightshift_replan_overdue_seconds": Described(
        "Time since the oldest due replan should have begun, 0 where none is due."
    ),
    "nightshift_snapshot_age_seconds": Described("Time since the plant data that is planned on was read.", ("plant",)),
    "nightshift_baseline_median": Described(
        "Median of a measure over the baseline window of a class, in the measure's unit.", ("measure", *CLASS)
    ),
    "nightshift_baseline_spread": Described(
        "Median absolute deviation over the same window, scaled to a standard deviation.", ("measure", *CLASS)
    ),
    "nightshift_baseline_runs": Described("Runs in the baseline window of a class.", ("measure", *CLASS)),
    "nightshift_baseline_change_ratio": Described(
        "Median of the recent runs of a class over its baseline; above 1 is worse, for every measure.",
        ("measure", *CLASS),
    ),
    "nightshift_regression": Described(
        "1 where the recent runs of a class are worse than its baseline and that is no chance (p < 0.01), else 0.",
        ("measure", *CLASS),
    ),
    "nightshift_health_score": Described("Health from 0 to 100, as in `/health`."),
    "nightshift_check_level": Described("What a health check found: 0 healthy, 1 warning, 2 critical.", ("check",)),
    "nightshift_check_seconds": Described("Time a health check took.", ("check",)),
    "nightshift_check_age_seconds": Described("Time since a health check was last done.", ("check",)),
    "nightshift_solves_held": Described("1 while new solves are held because health is critical, else 0."),
    "nightshift_source_up": Described(
        "1 where a scrape could read a source, 0 where its series are missing.", ("source",)
    ),
    "nightshift_metric_files": Described("Files through which processes share metrics."),
}


class Standing(Collector):
    """What stands at this moment, as far as it was told."""

    def __init__(self) -> None:
        self.told: dict[str, list[tuple[tuple[str, ...], float]]] = {"nightshift_build_info": [((_version(),), 1.0)]}

    def tell(self, name: str, value: float, *labels: str) -> None:
        """Tells a value of the gauge ``name``. Raises KeyError for a name or a number of labels that GAUGES lacks."""
        if len(labels) != len(GAUGES[name].labels):
            raise KeyError(f"{name} has labels {GAUGES[name].labels}, not {labels}")
        self.told.setdefault(name, []).append((labels, value))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family for each gauge that was told."""
        for name, rows in self.told.items():
            described = GAUGES[name]
            family = GaugeMetricFamily(name, described.text, labels=described.labels)
            for labels, value in rows:
                family.add_metric(
                    [bounded(of, label) for of, label in zip(described.labels, labels, strict=True)], value
                )
            yield family


@cache
def _version() -> str:
    try:
        return version("nightshift")
    except PackageNotFoundError:
        return "unknown"
