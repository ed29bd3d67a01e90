"""What runs were made from: the plan before, how it was changed, and the plan that the search begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from models.compression import pack, unpack
from models.tables import OriginRow, Run, ScheduleRow

AS_IS = "as it is"
"""The name of the scenario without changes that every group has, so that all had the same time."""

Kind = Literal["disruption", "edit", "scenario", "replan"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run comes from: ``parent_id`` is the run whose plan was changed, ``detail`` says how (JSON).

    ``pins`` in ``detail`` are what people pinned: rows of job_id, operation_id, lot, until (or None), by.
    ``applied``: an edit that takes its parent's place; a plan has at most one.
    """

    parent_id: str
    kind: Kind
    detail: Mapping[str, Any]
    group_id: str | None = None
    applied: bool = False


def keep(session: Session, run_id: str, origin: Origin, decisions: bytes | None) -> None:
    """Stores where a run of this transaction comes from, and the plan that it begins with (the writer's own form).

    Raises SQLAlchemy's IntegrityError for a second applied edit of one plan; the transaction has to be rolled back.
    """
    row = {
        "run_id": run_id,
        "parent_id": origin.parent_id,
        "kind": origin.kind,
        "group_id": origin.group_id,
        "edit_of": origin.parent_id if origin.applied else None,
        "detail": dict(origin.detail),
        "decisions": None if decisions is None else pack(decisions),
    }
    session.execute(insert(OriginRow).values(row))


def refine(session: Session, run_id: str, detail: Mapping[str, Any], decisions: bytes) -> None:
    """Says more of where a run comes from, once that was worked out, and which plan it begins with."""
    change = update(OriginRow).where(OriginRow.run_id == run_id)
    session.execute(change.values(detail=dict(detail), decisions=pack(decisions)))


def of(session: Session, run_id: str) -> Origin | None:
    """Where a run comes from; None where it was submitted as a problem of its own."""
    row = session.execute(_columns().where(OriginRow.run_id == run_id)).one_or_none()
    return None if row is None else _view(row)


def start(session: Session, run_id: str) -> bytes | None:
    """The plan that a run begins with; None where it begins with none."""
    packed = session.scalar(select(OriginRow.decisions).where(OriginRow.run_id == run_id))
    return None if packed is None else unpack(packed)


def group(session: Session, group_id: str) -> list[tuple[str, Origin]]:
    """The runs that were made together, in the order in which they were."""
    rows = session.execute(_columns().where(OriginRow.group_id == group_id).order_by(OriginRow.run_id))
    return [(row.run_id, _view(row)) for row in rows]


def edited(session: Session, run_id: str) -> str | None:
    """The applied edit that took a plan's place; None while none did.

    An edit that failed or was cancelled without a plan gives the place back, in this transaction: there is nothing to
    go on from in it.
    """
    found = session.scalar(select(OriginRow.run_id).where(OriginRow.edit_of == run_id))
    without = select(Run.id).where(
        Run.id == found, Run.state.in_(("failed", "cancelled")), ~exists().where(ScheduleRow.run_id == Run.id)
    )
    if found is None or session.scalar(without) is None:
        return found
    session.execute(update(OriginRow).where(OriginRow.run_id == found).values(edit_of=None))
    return None


def _columns() -> Any:
    return select(
        OriginRow.run_id,
        OriginRow.parent_id,
        OriginRow.kind,
        OriginRow.group_id,
        OriginRow.edit_of,
        OriginRow.detail,
    )


def _view(row: Any) -> Origin:
    return Origin(row.parent_id, cast("Kind", row.kind), row.detail, row.group_id, row.edit_of is not None)
