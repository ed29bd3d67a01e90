"""Loads a plant's data into a snapshot: what ``nightshift ingest``, the task and every replan do."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.ingest import load as loading
from models.ingest.database import SourceAway
from models.ingest.load import Load
from models.ingest.mapping import PlantMapping, read_mapping
from models.ingest.rows import SourceRefused
from models.settings import settings
from models.shop.faults import InvalidProblem, shown
from models.shop.parse import Bounds
from models.store import audit, snapshots
from models.store.snapshots import SnapshotView
from models.tables.clock import utcnow
from models.tables.session import in_transaction, reading
from monitoring import metrics
from monitoring.logs import get
from tasks.base import RunTask, database
from workers.celery import app

log = get(__name__)

PLANT_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class NoMapping(Exception):
    """A plant whose data nobody has said how to read; the message says what to do."""


class NoSnapshot(Exception):
    """A plant that has no data to plan from; the message says what to run."""


class LoadStopped(Exception):
    """A load that exceeds limits; it is kept as ``snapshot``, and not planned from."""

    def __init__(self, snapshot: SnapshotView) -> None:
        super().__init__("the load is stopped: " + "; ".join(snapshot.stopped))
        self.snapshot = snapshot


class MadeUp(Exception):
    """Made-up data where only a plant's own may be planned from."""


@app.task(base=RunTask, name="nightshift.ingest")  # type: ignore[untyped-decorator]
def ingest(plant: str) -> None:
    """Takes a snapshot of a plant, as its mapping says; the log and the metrics tell where that fails."""
    try:
        take(mapping_of(plant))
    except (NoMapping, InvalidProblem, SourceAway, SourceRefused, LoadStopped, MadeUp) as error:
        log.error("ingest_failed", plant=plant, error=str(error))


def mapping_of(plant: str) -> PlantMapping:
    """The mapping of a plant, from the folder of mappings. Raises NoMapping, and InvalidProblem for a broken one."""
    if not PLANT_FILE.fullmatch(plant):
        raise NoMapping(f"a plant with a mapping is called by letters, digits, dots, hyphens (got {shown(plant)})")
    file = settings().plants_dir / f"{plant}.toml"
    if not file.is_file():
        raise NoMapping(
            f"plant {plant!r} has no mapping: write {file} (see docs/ingest.md), or try nightshift plant seed"
        )
    mapping = read_mapping(file)
    if mapping.plant != plant:
        raise NoMapping(f"{file} is the mapping of plant {mapping.plant!r}: call it {mapping.plant}.toml")
    return mapping


def take(mapping: PlantMapping, *, actor: str = audit.SYSTEM, force: bool = False) -> SnapshotView:
    """Loads a plant's data and stores them as a snapshot.

    ``force`` takes a load in spite of its limits. Raises SourceAway and SourceRefused where there is nothing to store,
    LoadStopped for a load that exceeds limits (stored as such), MadeUp for made-up data in production.
    """
    begun = time.perf_counter()
    try:
        view = _take(mapping, actor, force=force)
    except Exception as error:
        metrics.INGESTS.labels(_outcome(error)).inc()
        raise
    finally:
        metrics.INGEST_SECONDS.observe(time.perf_counter() - begun)
    metrics.INGESTS.labels("taken").inc()
    return view


def _take(mapping: PlantMapping, actor: str, *, force: bool) -> SnapshotView:
    with reading(database()) as session:
        before = snapshots.before(snapshots.latest(session, mapping.plant))
        now = clock(session)
    found = loading.load(mapping, now, bounds())
    check_origin(found.generated, mapping.plant)
    reasons = loading.stopped(found, mapping.limits, before)

    def store(session: Session) -> SnapshotView:
        view = snapshots.keep(session, mapping.plant, found, () if force else reasons)
        detail = {"plant": mapping.plant, "jobs": view.jobs, "refused": view.refused_total, "forced": force and reasons}
        action = f"snapshot.{'taken' if view.state == 'good' else 'stopped'}"
        audit.record(session, action=action, subject=view.id, actor=actor, detail=detail)
        return view

    view = in_transaction(database(), store)
    _count(found)
    log.info(
        "ingested", plant=view.plant, snapshot=view.id, state=view.state, jobs=view.jobs, refused=view.refused_total
    )
    if view.state == "stopped":
        raise LoadStopped(view)
    return view


def latest(session: Session, plant: str) -> SnapshotView:
    """The snapshot that a plant is planned from. Raises NoSnapshot, and MadeUp in production."""
    view = snapshots.latest(session, plant)
    if view is None:
        raise NoSnapshot(f"plant {plant!r} has no snapshot to plan from; run: nightshift ingest --plant {plant}")
    check_origin(view.generated, plant)
    return view


def check_origin(generated: bool, plant: str) -> None:
    """Raises MadeUp for made-up data where NIGHTSHIFT_ENV says production."""
    if generated and settings().production:
        raise MadeUp(
            f"the data of plant {plant!r} are made up; with NIGHTSHIFT_ENV=production only real data are taken"
        )


def bounds() -> Bounds:
    """How much a problem may hold, as the settings say."""
    found = settings()
    return Bounds(max_operations=found.max_operations, max_options=found.max_options, max_seconds=found.max_seconds)


def clock(session: Session) -> datetime:
    """The database's time, to the second."""
    now = session.scalar(select(utcnow()))
    return (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)


def _count(found: Load) -> None:
    metrics.INGEST_ROWS.labels("refused").inc(len(found.refused))
    metrics.INGEST_ROWS.labels("kept").inc(max(0, sum(found.rows.values()) - len(found.refused)))


def _outcome(error: Exception) -> str:
    if isinstance(error, LoadStopped):
        return "stopped"
    return "away" if isinstance(error, SourceAway) else "refused"
