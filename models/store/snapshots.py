"""Snapshots of a plant's data: kept once taken, never changed; the last good one is planned from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import func, insert, inspect, select
from sqlalchemy.orm import Session

from models.compression import pack, unpack
from models.ingest.load import Before, Load
from models.store import ids
from models.tables import SnapshotRow
from models.tables.clock import seconds_between, utcnow

SnapshotState = Literal["good", "stopped"]

REFUSED_KEPT: Final = 1000
"""Refused rows that are told one by one; the others are counted."""

_TOLD: Final = [column for column in inspect(SnapshotRow).columns if column.name != "body"]


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """A snapshot without its body; see ``models.tables.plants.SnapshotRow``. ``refused``: table, key and reason."""

    id: str
    plant: str
    state: SnapshotState
    created_at: datetime
    taken_at: datetime
    generated: bool
    tells_progress: bool
    jobs: int
    hours: float
    rows: Mapping[str, int]
    refused_total: int
    refused: Sequence[Mapping[str, str]]
    stopped: Sequence[str]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a snapshot holds: a problem document whose second zero is when it was taken, and the progress of work."""

    document: dict[str, Any]
    progress: list[dict[str, Any]]


def keep(session: Session, plant: str, load: Load, stopped: Sequence[str] = ()) -> SnapshotView:
    """Store a load; with reasons in ``stopped`` as one that must not be planned from."""
    body = {"document": load.document, "progress": list(load.progress)}
    refused = [{"table": row.table, "key": row.key, "reason": row.reason} for row in load.refused[:REFUSED_KEPT]]
    row = {
        "id": ids.run_id(),
        "plant": plant,
        "state": "stopped" if stopped else "good",
        "taken_at": load.taken_at,
        "generated": load.generated,
        "tells_progress": load.tells_progress,
        "jobs": load.jobs,
        "hours": load.hours,
        "rows": dict(load.rows),
        "refused_total": len(load.refused),
        "refused": refused,
        "stopped": list(stopped),
        "body": pack(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()),
    }
    session.execute(insert(SnapshotRow).values(row))
    kept = get(session, str(row["id"]))
    assert kept is not None
    return kept


def get(session: Session, snapshot_id: str) -> SnapshotView | None:
    """A snapshot; None for an unknown id."""
    found = session.execute(select(*_TOLD).where(SnapshotRow.id == snapshot_id)).one_or_none()
    return None if found is None else SnapshotView(**found._mapping)


def latest(session: Session, plant: str) -> SnapshotView | None:
    """The last good snapshot of a plant; None where it has none."""
    found = listed(session, plant, limit=1, state="good")
    return found[0] if found else None


def listed(session: Session, plant: str, *, limit: int = 50, state: SnapshotState | None = None) -> list[SnapshotView]:
    """Snapshots of a plant, newest first."""
    states = ("good", "stopped") if state is None else (state,)
    order = (SnapshotRow.created_at.desc(), SnapshotRow.id.desc())
    query = select(*_TOLD).where(SnapshotRow.plant == plant, SnapshotRow.state.in_(states)).order_by(*order)
    return [SnapshotView(**row._mapping) for row in session.execute(query.limit(limit))]


def ages(session: Session, limit: int = 60) -> dict[str, float]:
    """Seconds since each plant's last good snapshot was taken, of the ``limit`` plants with the latest."""
    newest = func.max(SnapshotRow.taken_at)
    query = (
        select(SnapshotRow.plant, seconds_between(newest, utcnow()))
        .where(SnapshotRow.state == "good")
        .group_by(SnapshotRow.plant)
        .order_by(newest.desc())
        .limit(limit)
    )
    return {plant: max(0.0, age) for plant, age in session.execute(query)}


def contents(session: Session, snapshot_id: str) -> Contents:
    """What a snapshot holds. Raises LookupError for an unknown id."""
    packed = session.scalar(select(SnapshotRow.body).where(SnapshotRow.id == snapshot_id))
    if packed is None:
        raise LookupError(f"no snapshot {snapshot_id}")
    body = json.loads(unpack(packed))
    return Contents(body["document"], body["progress"])


def before(view: SnapshotView | None) -> Before | None:
    """What limits compare a new load with."""
    return None if view is None else Before(view.jobs, view.hours)
