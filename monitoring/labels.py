"""What values a label may take. Every series costs memory in all processes and in Prometheus, so there are few.

A value that is not in a label's list counts as OTHER. Labels whose values are known only at run time (routes, tasks)
have no list; of them the first MOST_VALUES are told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from models.shop.problem import TERMS
from models.shop.reading.options import ENGINES
from models.store.views import STATES

OTHER: Final = "other"
MOST_VALUES: Final = 60

COMBINED: Final = "combined"
"""Stands for an objective level that adds up several terms."""

VALUES: Final[Mapping[str, frozenset[str]]] = {
    "method": frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}),
    "status": frozenset(str(code) for code in (*range(200, 209), *range(301, 309), *range(400, 432), *range(500, 506))),
    "engine": frozenset(ENGINES),
    "state": frozenset(STATES),
    "objective": frozenset({*TERMS, COMBINED}),
    "outcome": frozenset(
        {
            *("solved", "handed_over", "fallback"),  # batches
            *("better", "sideways", "none"),  # improvement steps
            *("scheduled", "left_out"),  # jobs
            *("done", "retried", "failed"),  # tasks
        }
    ),
    "reason": frozenset({"unsupported", "failed", "hung", "last_attempt", "unanswered", "refused"}),
}

_seen: dict[str, set[str]] = {}


def bounded(name: str, value: object) -> str:
    """``value`` as a value of the label ``name``, or OTHER."""
    text = str(value)
    if name in VALUES:
        return text if text in VALUES[name] else OTHER
    seen = _seen.setdefault(name, set())
    if text not in seen and len(seen) < MOST_VALUES:
        seen.add(text)
    return text if text in seen else OTHER


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
