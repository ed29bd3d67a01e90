"""What there is to learn from: problems of plants' snapshots, and finished runs with their final plans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.compression import unpack
from models.store import snapshots
from models.tables import Problem, Run, ScheduleRow, SnapshotRow

MOST_SNAPSHOTS = 20
"""Of each plant, the newest."""


@dataclass(frozen=True, slots=True)
class Material:
    """A problem document, as bytes, and the result document of its final plan; a snapshot's has none.

    ``origin`` says where it comes from, such as ``snapshot 0190... of plant main``.
    """

    origin: str
    problem: bytes
    result: dict[str, Any] | None = None


def of_snapshots(session: Session, plant: str | None = None, most: int = MOST_SNAPSHOTS) -> Iterator[Material]:
    """The newest good snapshots of a plant, or of every plant, newest first."""
    plants = [plant] if plant is not None else session.scalars(select(SnapshotRow.plant).distinct()).all()
    for name in sorted(plants):
        for view in snapshots.listed(session, name, limit=most, state="good"):
            held = snapshots.contents(session, view.id)
            yield Material(f"snapshot {view.id} of plant {name}", json.dumps(held.document).encode())


def of_runs(session: Session, most: int, plant: str | None = None) -> Iterator[Material]:
    """The newest finished runs with a plan, at most so many, newest first."""
    for run_id in newest_finished(session, most, plant):
        packed = session.scalar(select(ScheduleRow.result).where(ScheduleRow.run_id == run_id))
        body = session.scalar(select(Problem.body).where(Problem.run_id == run_id))
        if packed is not None and body is not None:
            yield Material(f"run {run_id}", unpack(body), json.loads(unpack(packed)))


def newest_finished(session: Session, most: int, plant: str | None = None) -> list[str]:
    """Ids of the newest finished runs, at most so many."""
    query = select(Run.id).where(Run.state == "finished")
    if plant is not None:
        query = query.where(Run.plant == plant)
    return list(session.scalars(query.order_by(Run.created_at.desc(), Run.id.desc()).limit(most)))
