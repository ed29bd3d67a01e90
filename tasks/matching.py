"""Whether what plants tell is of work that the plan in force has, found without reading the whole plan at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sqlalchemy.orm import Session

from models.compression import parts
from models.shop.executions import Event, by_work, superseded
from models.shop.parts_of_json import rows
from models.store import executions, plants, runs
from models.store.executions import StoredEvent
from models.tables.session import reading
from tasks.base import database

Work = tuple[str, str, int]
Unmatched = Literal["no_plan", "unknown_job", "unknown_operation", "unknown_lot"]
State = Literal["applied", "superseded", "unmatched"]

PART_BYTES = 1 << 20


def unmatched(session: Session, plant: str, works: Collection[Work]) -> dict[Work, Unmatched]:
    """Of pieces of work (job, operation, lot) those that the plan in force of a plant does not have, and why.

    Of a job that the plan leaves out every operation is taken to be one.
    """
    force = plants.in_force(session, plant)
    packed = None if force is None else runs.packed_result(session, force.run_id)
    if packed is None:
        return dict.fromkeys(works, "no_plan")
    missing = set(works)
    jobs = {job for job, _, _ in works}
    seen_jobs: set[str] = set()
    seen_operations: set[tuple[str, str]] = set()
    for row in rows(parts(packed, PART_BYTES), "scheduled_jobs") if works else ():
        if row["job_id"] in jobs:
            seen_jobs.add(row["job_id"])
            seen_operations.add((row["job_id"], row["operation_id"]))
            missing.discard((row["job_id"], row["operation_id"], row["lot"]))
    if missing:
        left_out = {row["job_id"] for row in rows(parts(packed, PART_BYTES), "unscheduled_jobs")}
        missing = {work for work in missing if work[0] not in left_out}
    found: dict[Work, Unmatched] = {}
    for job, operation, lot in missing:
        known = "unknown_operation" if job in seen_jobs else "unknown_job"
        found[job, operation, lot] = "unknown_lot" if (job, operation) in seen_operations else known  # type: ignore[assignment]
    return found


def page(plant: str, *, limit: int, before: int | None) -> list[tuple[StoredEvent, State, Unmatched | None]]:
    """Events of a plant, those that came last first, each with its state and why it matches nothing."""
    with reading(database()) as session:
        found = executions.listed(session, plant, limit=limit, before=before)
        reasons = unmatched(session, plant, {one.event.work for one in found})
        operations = {(one.event.job_id, one.event.operation_id) for one in found}
        told = executions.of_operations(session, plant, operations)
    over = {event_id for events in by_work(told).values() for event_id in superseded(events)}
    return [(one, _state(one.event, reasons, over), reasons.get(one.event.work)) for one in found]


def _state(event: Event, reasons: Collection[Work], over: Collection[str]) -> State:
    if event.work in reasons:
        return "unmatched"
    return "superseded" if event.event_id in over else "applied"
