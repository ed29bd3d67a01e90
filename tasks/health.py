"""Looks at health every few seconds: keeps its score, and holds new solves while it is critical."""

from __future__ import annotations

from functools import cache

import redis

from models.holding import Holding
from models.inflight import connect
from models.settings import settings
from monitoring.health.checks import probes
from monitoring.health.probe import Probe
from monitoring.health.report import examine
from monitoring.logs import get
from tasks.base import RunTask
from workers.celery import app

log = get(__name__)


@cache
def holding() -> Holding:
    """The hold, on this process's Redis."""
    return Holding(connect(settings().redis_url))


@cache
def _probes() -> tuple[Probe, ...]:
    return probes(settings())


@app.task(base=RunTask, name="nightshift.health")  # type: ignore[untyped-decorator]
def health() -> None:
    """Examines once. Two at once do no harm; where nobody examines any more, a hold ends by itself."""
    report = examine(_probes())
    kept = holding()
    before = kept.reasons()
    kept.hold(report.holding)
    kept.note(report.score)
    if report.holding != before:
        details = {name: report.findings[name].detail for name in report.holding}
        log.warning("solves_held" if report.holding else "solves_released", reasons=details, before=before)


def held() -> tuple[str, ...]:
    """Why new solves are held now; empty where they are not, and where Redis does not say."""
    try:
        return holding().reasons()
    except redis.RedisError as error:
        log.warning("hold_unknown", error=type(error).__name__)
        return ()


def forget() -> None:
    """Drops what a fork must not share."""
    holding.cache_clear()
    _probes.cache_clear()
