"""Replan schedules: made, changed, switched off and on, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, inspect, select, update
from sqlalchemy.orm import Session

from models.replanning.due import next_due
from models.store import ids
from models.store.replans import Missed, now_of
from models.tables import ReplanSchedule


@dataclass(frozen=True, slots=True)
class Timetable:
    """What a replan schedule says; see ``models.tables.replans.ReplanSchedule``. Checked by whoever makes it."""

    plant: str
    name: str
    cron: str
    time_zone: str
    missed: Missed = "once"
    ready_by: str | None = None
    enabled: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A stored replan schedule. Every change raises ``version``."""

    id: str
    plant: str
    name: str
    cron: str
    time_zone: str
    missed: Missed
    ready_by: str | None
    options: Mapping[str, Any]
    enabled: bool
    version: int
    created_at: datetime
    next_due_at: datetime | None


def add(session: Session, table: Timetable, now: datetime | None = None) -> ScheduleView:
    """Store a schedule; its first due time is the first one from now on.

    Raises NoCron, and SQLAlchemy's IntegrityError where the plant has a schedule of that name.
    """
    schedule_id = ids.run_id()
    row = _row(table, now or now_of(session))
    session.execute(insert(ReplanSchedule).values(id=schedule_id, **row))
    found = get(session, schedule_id)
    assert found is not None
    return found


def change(session: Session, schedule_id: str, version: int, table: Timetable) -> ScheduleView | None:
    """Replace what a schedule says; due times that have come and were not claimed yet are not made up for.

    None where it is no longer at ``version``. Raises NoCron.
    """
    row = _row(table, now_of(session)) | {"version": version + 1}
    fenced = update(ReplanSchedule).where(ReplanSchedule.id == schedule_id, ReplanSchedule.version == version)
    if session.connection().execute(fenced.values(row)).rowcount != 1:
        return None
    return get(session, schedule_id)


def remove(session: Session, schedule_id: str) -> bool:
    """Delete a schedule with its replans; the plans that they made stay. False for an unknown id."""
    done = session.connection().execute(delete(ReplanSchedule).where(ReplanSchedule.id == schedule_id))
    return done.rowcount == 1


def get(session: Session, schedule_id: str) -> ScheduleView | None:
    """A schedule; None for an unknown id."""
    row = session.execute(
        select(*inspect(ReplanSchedule).columns).where(ReplanSchedule.id == schedule_id)
    ).one_or_none()
    return None if row is None else ScheduleView(**row._mapping)


def listed(session: Session, plant: str | None = None) -> list[ScheduleView]:
    """All schedules, or a plant's, by plant and name."""
    query = select(*inspect(ReplanSchedule).columns).order_by(ReplanSchedule.plant, ReplanSchedule.name)
    if plant is not None:
        query = query.where(ReplanSchedule.plant == plant)
    return [ScheduleView(**row._mapping) for row in session.execute(query)]


def _row(table: Timetable, now: datetime) -> dict[str, Any]:
    due = next_due(table.cron, ZoneInfo(table.time_zone), now) if table.enabled else None
    return {
        "plant": table.plant,
        "name": table.name,
        "cron": table.cron,
        "time_zone": table.time_zone,
        "missed": table.missed,
        "ready_by": table.ready_by,
        "options": dict(table.options),
        "enabled": table.enabled,
        "next_due_at": due,
    }
