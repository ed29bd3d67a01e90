"""What values a label may take. Every series costs memory in all processes and in Prometheus, so there are few.

A value that is not in a label's list counts as OTHER. Labels whose values the code makes up at run time (routes, tasks)
have no list; of them the first MOST_VALUES are told apart. So are names that people give (HOST_WIDE), but there the
bound holds for all processes of a host together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from models.shop.problem import TERMS
from models.shop.reading.options import ENGINES
from monitoring.names import admitted

OTHER: Final = "other"
MOST_VALUES: Final = 60

COMBINED: Final = "combined"
"""Stands for an objective level that adds up several terms."""

NO_PLANT: Final = "none"
"""Stands for the plant of a problem that names none."""

HOST_WIDE: Final = frozenset({"plant", "policy"})

STATES: Final = ("queued", "solving", "improving", "finished", "failed", "cancelled")
"""As ``models.store.views`` has them, which engines may not import."""

SIZES: Final[Mapping[str, int]] = {"to_30": 30, "to_170": 170, "to_500": 500, "to_2000": 2000, "to_10000": 10_000}
"""Jobs of a problem, at most; 170 make one batch."""

BUDGETS: Final[Mapping[str, float]] = {"to_2": 2, "to_10": 10, "to_60": 60, "to_600": 600}
"""Seconds of a time limit, at most."""

MORE: Final = "more"
TEMPLATES: Final = tuple(
    f"{form}{setups}{operators}"
    for form in ("single", "routed")
    for setups in ("", "_setups")
    for operators in ("", "_operators")
)
PROCESSES: Final = ("web", "control", "plan", "solve", "beat")

VALUES: Final[Mapping[str, frozenset[str]]] = {
    "method": frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}),
    "status": frozenset(str(code) for code in (*range(200, 209), *range(301, 309), *range(400, 432), *range(500, 506))),
    "engine": frozenset({*ENGINES, "steady", "ppo"}),
    "state": frozenset(STATES),
    "size": frozenset({*SIZES, MORE}),
    "budget": frozenset({*BUDGETS, MORE}),
    "template": frozenset(TEMPLATES),
    "measure": frozenset({"seconds", "step_seconds", "objective", "makespan", "gap", "memory"}),
    "process": frozenset(PROCESSES),
    "queue": frozenset({"control", "plan", "solve"}),
    "folder": frozenset({"data", "metrics"}),
    "operation": frozenset({"select", "insert", "update", "delete"}),
    "cache": frozenset({"explanation", "key", "problem", "read_model"}),
    "result": frozenset({"hit", "miss"}),
    "level": frozenset({"warning", "error", "critical"}),
    "source": frozenset({"database", "redis", "metric_files", "baselines", "health"}),
    "check": frozenset(
        {
            *("engine", "policy", "parameters", "database", "redis", "disk"),
            *("memory", "queues", "beat", "workers", "clock", "metrics"),
        }
    ),
    "objective": frozenset({*TERMS, COMBINED}),
    "outcome": frozenset(
        {
            *("solved", "handed_over", "fallback"),  # batches
            *("better", "sideways", "none"),  # improvement steps
            *("scheduled", "left_out"),  # jobs
            *("done", "retried", "failed"),  # tasks
            *("accepted", "held", "skipped"),  # replans
            *("taken", "stopped", "away"),  # loads of plant data
            *("kept", "refused"),  # rows of plant data
        }
    ),
    "reason": frozenset(
        {
            *("unsupported", "failed", "hung", "last_attempt", "unanswered", "refused"),  # fallbacks
            *("conflict", "away", "integrity", "refused"),  # database errors
        }
    ),
}

_seen: dict[str, set[str]] = {}


def bounded(name: str, value: object) -> str:
    """``value`` as a value of the label ``name``, or OTHER."""
    text = str(value)
    if name in VALUES:
        return text if text in VALUES[name] else OTHER
    if name in HOST_WIDE:
        return text if admitted(name, text) else OTHER
    seen = _seen.setdefault(name, set())
    if text not in seen and len(seen) < MOST_VALUES:
        seen.add(text)
    return text if text in seen else OTHER


def step_of(steps: Mapping[str, float], amount: float) -> str:
    """The first of ``steps`` (SIZES, BUDGETS) that ``amount`` does not exceed, or MORE."""
    return next((name for name, most in steps.items() if amount <= most), MORE)


def _bounded(metric: MetricWrapperBase, values: tuple[object, ...]) -> list[object]:
    """``values`` in the order of the metric's labels; a wrong number of them is for the metric to refuse."""
    told = [bounded(name, value) for name, value in zip(metric._labelnames, values, strict=False)]
    return [*told, *values[len(told) :]]


class BoundedCounter(Counter):
    """A counter whose labels are bounded, whoever sets them."""

    def labels(self, *values: Any, **named: Any) -> Self:
        """The series of these values."""
        return super().labels(*_bounded(self, values), **{name: bounded(name, value) for name, value in named.items()})


class BoundedGauge(Gauge):
    """A gauge whose labels are bounded, whoever sets them."""

    def labels(self, *values: Any, **named: Any) -> Self:
        """The series of these values."""
        return super().labels(*_bounded(self, values), **{name: bounded(name, value) for name, value in named.items()})


class BoundedHistogram(Histogram):
    """A histogram whose labels are bounded, whoever sets them."""

    def labels(self, *values: Any, **named: Any) -> Self:
        """The series of these values."""
        return super().labels(*_bounded(self, values), **{name: bounded(name, value) for name, value in named.items()})
