"""Every metric there is: those that processes keep, and those read when they are asked for."""

from __future__ import annotations

from typing import NamedTuple

from prometheus_client.metrics import MetricWrapperBase

from monitoring import metrics


class Listed(NamedTuple):
    """A metric as Prometheus knows it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


STANDING = metrics.Standing({"solve": 1}, {"queued": 1}, {"queued": 1.0}, 1.0)


def registered() -> list[Listed]:
    """By name."""
    kept = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    found = [
        Listed(
            next(iter(metric.describe())).name + ("_total" if metric._type == "counter" else ""),
            str(metric._type),
            tuple(metric._labelnames),
            metric._documentation,
        )
        for metric in kept
    ]
    for family in metrics.standing_families(STANDING):
        found.append(Listed(family.name, family.type, tuple(family.samples[0].labels), family.documentation))
    return sorted(found)
