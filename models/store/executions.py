"""What plants tell of their work: events that are stored once, however often and in whatever order they come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import insert, select, tuple_
from sqlalchemy.orm import Session

from models.shop.executions import Event, Kind
from models.tables import ExecutionRow

FEW = 500
"""So many events are looked for in one statement."""


def known(session: Session, plant: str, event_ids: Collection[str]) -> dict[str, str]:
    """The fingerprints of those events of a plant that are stored already, by event id."""
    found: dict[str, str] = {}
    wanted = [*event_ids]
    for first in range(0, len(wanted), FEW):
        query = select(ExecutionRow.event_id, ExecutionRow.fingerprint).where(
            ExecutionRow.plant == plant, ExecutionRow.event_id.in_(wanted[first : first + FEW])
        )
        found.update((row.event_id, row.fingerprint) for row in session.execute(query))
    return found


def of_operations(session: Session, plant: str, operations: Collection[tuple[str, str]]) -> list[Event]:
    """All events of these operations (job id, operation id) of a plant."""
    wanted, found = [*operations], []
    for first in range(0, len(wanted), FEW):
        some = tuple_(ExecutionRow.job_id, ExecutionRow.operation_id).in_(wanted[first : first + FEW])
        rows = session.scalars(select(ExecutionRow).where(ExecutionRow.plant == plant, some))
        found += [_event(row) for row in rows]
    return found


def of_plant(session: Session, plant: str) -> list[Event]:
    """All events of a plant, in the order in which they came."""
    rows = session.scalars(select(ExecutionRow).where(ExecutionRow.plant == plant).order_by(ExecutionRow.id))
    return [_event(row) for row in rows]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is kept. ``number`` grows in the order in which events came."""

    number: int
    received_at: datetime
    event: Event


def listed(session: Session, plant: str, *, limit: int, before: int | None = None) -> list[StoredEvent]:
    """Events of a plant, those that came last first; with ``before`` only those of smaller numbers."""
    query = select(ExecutionRow).where(ExecutionRow.plant == plant).order_by(ExecutionRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ExecutionRow.id < before)
    return [StoredEvent(row.id, row.received_at, _event(row)) for row in session.scalars(query)]


def add(session: Session, plant: str, events: Sequence[Event]) -> None:
    """Stores new events.

    Raises SQLAlchemy's IntegrityError where another transaction stored one of them first; it may be repeated.
    """
    if not events:
        return
    rows = [
        {
            "plant": plant,
            "event_id": event.event_id,
            "job_id": event.job_id,
            "operation_id": event.operation_id,
            "lot": event.lot,
            "kind": event.kind,
            "at": event.at,
            "machine_id": event.machine_id,
            "operator_id": event.operator_id,
            "left_hours": event.left_hours,
            "reason": event.reason,
            "fingerprint": fingerprint(event),
        }
        for event in events
    ]
    session.execute(insert(ExecutionRow), rows)


def fingerprint(event: Event) -> str:
    """SHA-256, in hexadecimal, of what an event says: equal for the same event told again."""
    said = asdict(event) | {"at": event.at.timestamp()}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _event(row: ExecutionRow) -> Event:
    return Event(
        row.event_id,
        row.job_id,
        row.operation_id,
        cast("Kind", row.kind),
        row.at,
        row.lot,
        row.machine_id,
        row.operator_id,
        row.left_hours,
        row.reason,
    )
