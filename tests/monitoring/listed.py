"""Every metric there is: those that processes keep, and those read when they are asked for."""

from __future__ import annotations

from typing import NamedTuple

from prometheus_client.metrics import MetricWrapperBase

from monitoring import metrics
from monitoring.labels import VALUES
from monitoring.standing import GAUGES, Standing


class Listed(NamedTuple):
    """A metric as Prometheus knows it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


def everything() -> Standing:
    """Every gauge, told once."""
    standing = Standing()
    for name, described in GAUGES.items():
        if name != "nightshift_build_info":
            standing.tell(name, 1.0, *(min(VALUES.get(label, {"known"})) for label in described.labels))
    return standing


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
    for family in everything().collect():
        found.append(Listed(family.name, family.type, tuple(family.samples[0].labels), family.documentation))
    return sorted(found)
