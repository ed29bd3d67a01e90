"""Compares the recent runs of every class with its baseline, and keeps what was found where scrapes read it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, cast

import redis
from sqlalchemy.orm import Session, sessionmaker

from models.inflight import PREFIX, connect
from models.settings import settings
from models.store import records
from models.store.records import Record, RunClass
from models.tables.session import in_transaction, reading
from monitoring.logs import get
from monitoring.regression import (
    BASELINE_RUNS,
    LEAST_RECENT,
    MATTERS,
    RECENT_RUNS,
    Baseline,
    Comparison,
    compare,
    significant,
)
from tasks.base import RunTask, database
from workers.celery import app

log = get(__name__)

MOST_CLASSES: Final = 40
RECENT_DAYS: Final = 7.0
BASELINE_DAYS: Final = 90.0
KEPT_SECONDS: Final = 600

_KEY: Final = f"{PREFIX}baselines"

MEASURES: Final[Mapping[str, float]] = {
    "seconds": 0.05,
    "step_seconds": 0.0,
    "objective": 0.5,
    "makespan": 60.0,
    "gap": 0.02,
    "memory": 16 * 2**20,
}
"""What is compared, and the floor below which its differences do not matter, in its own unit. More is worse for all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A measure of a class against its baseline; ``regressed``: worse, by enough to matter, and that is no chance."""

    run_class: RunClass
    measure: str
    comparison: Comparison
    regressed: bool


@app.task(base=RunTask, name="nightshift.baselines")  # type: ignore[untyped-decorator]
def baselines() -> None:
    """Compares once and keeps the findings in Redis. Two at once do no harm."""
    found = examined(database())
    regressed = sorted({(str(row.run_class), row.measure) for row in found if row.regressed})
    before = sorted((str(row.run_class), row.measure) for row in kept() or () if row.regressed)
    if regressed != before:
        log.warning("regressions", now=regressed, before=before)
    keep(found)


def examined(maker: sessionmaker[Session]) -> list[Finding]:
    """What there is to say of every class with runs of late; freezes and releases baselines accordingly."""
    pairs = []
    starts = {}
    with reading(maker) as session:
        for run_class in records.classes(session, days=RECENT_DAYS, limit=MOST_CLASSES):
            limits = records.bounds(session, run_class)
            now = records.last(session, run_class, days=RECENT_DAYS, limit=RECENT_RUNS, since=limits.since)
            if len(now) < LEAST_RECENT or (start := now[-1].recorded_at) is None:
                continue
            starts[run_class] = (start, limits.frozen_at)
            earlier = min(start, limits.frozen_at or start)
            usual = records.last(
                session, run_class, days=BASELINE_DAYS, limit=BASELINE_RUNS, since=limits.since, before=earlier
            )
            pairs += [(run_class, *pair) for pair in _compared(now, usual)]
    speaks = significant([comparison.p for _, _, comparison in pairs])
    found = [
        Finding(run_class, measure, comparison, evidence and comparison.change >= MATTERS)
        for (run_class, measure, comparison), evidence in zip(pairs, speaks, strict=True)
    ]
    regressed = {row.run_class for row in found if row.regressed}
    for run_class, (start, frozen_at) in starts.items():
        wanted = (frozen_at or start) if run_class in regressed else None
        if wanted != frozen_at:
            in_transaction(maker, lambda session, c=run_class, w=wanted: records.freeze(session, c, w))  # type: ignore[misc]
    return found


def _compared(now: Sequence[Record], usual: Sequence[Record]) -> list[tuple[str, Comparison]]:
    rows = []
    for measure, floor in MEASURES.items():
        recent = [float(value) for row in now if (value := getattr(row, measure)) is not None]
        before = [float(value) for row in usual if (value := getattr(row, measure)) is not None]
        found = compare(recent, before, floor)
        if found is not None:
            rows.append((measure, found))
    return rows


def keep(found: Sequence[Finding]) -> None:
    """Keeps findings for KEPT_SECONDS."""
    rows = [{**asdict(row), "run_class": str(row.run_class)} for row in found]
    _redis().set(_KEY, json.dumps(rows), ex=KEPT_SECONDS)


def kept(client: redis.Redis | None = None) -> list[Finding] | None:
    """The findings kept last; None where there are none. Raises redis.RedisError."""
    text = cast("bytes | None", (client or _redis()).get(_KEY))
    if text is None:
        return None
    return [_finding(row) for row in json.loads(text)]


def forget() -> None:
    """Drops what a fork must not share."""
    _redis.cache_clear()


@cache
def _redis() -> redis.Redis:
    return connect(settings().redis_url)


def _finding(row: Mapping[str, Any]) -> Finding:
    comparison = row["comparison"]
    usual = Baseline(**comparison["baseline"])
    return Finding(
        RunClass.of(row["run_class"]), row["measure"], Comparison(**comparison | {"baseline": usual}), row["regressed"]
    )
