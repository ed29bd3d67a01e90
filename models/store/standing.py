"""How the runs that have not ended stand, all together, by the database's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.store.views import BUSY_STATES, OPEN_STATES
from models.tables import Run
from models.tables.clock import seconds_between, utcnow


@dataclass(frozen=True, slots=True)
class OpenRuns:
    """Open runs by state: how many, and the age of the oldest since it was accepted, in seconds (0 without any).

    ``heartbeat_age``: the greatest time since a busy run gave a sign of life; 0 where none is busy.
    """

    counts: Mapping[str, int]
    oldest: Mapping[str, float]
    heartbeat_age: float


def open_runs(session: Session) -> OpenRuns:
    """How the open runs stand. Walks their part of an index: ended runs, however many, cost nothing."""
    query = (
        select(
            Run.state,
            func.count(),
            seconds_between(func.min(Run.created_at), utcnow()),
            seconds_between(func.min(Run.heartbeat_at), utcnow()),
        )
        .where(Run.state.in_(OPEN_STATES))
        .group_by(Run.state)
    )
    counts: dict[str, int] = dict.fromkeys(OPEN_STATES, 0)
    oldest: dict[str, float] = dict.fromkeys(OPEN_STATES, 0.0)
    beats = []
    for state, count, age, heartbeat_age in session.execute(query):
        counts[state], oldest[state] = count, max(0.0, age)
        if state in BUSY_STATES:
            beats.append(max(0.0, heartbeat_age))
    return OpenRuns(counts, oldest, max(beats, default=0.0))
