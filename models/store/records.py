"""Records of ended runs by class, and the bounds of each class's baseline. The caller has the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from models.store import audit
from models.tables.clock import utcnow
from models.tables.records import CLASS_LENGTH, BaselineRow, RunRecord

DAY_SECONDS: Final = 86_400.0


class RunClass(NamedTuple):
    """Runs that can be compared: of one plant, form of shop, size, engine asked for and time limit."""

    plant: str
    template: str
    size: str
    engine: str
    budget: str

    def __str__(self) -> str:
        """All five, between slashes: how a class is stored and named on the command line."""
        return "/".join(self)

    @classmethod
    def of(cls, text: str) -> RunClass:
        """The class that is written so. Only a plant's name may have slashes. Raises ValueError."""
        parts = text.rsplit("/", 4)
        if len(parts) != len(cls._fields):
            raise ValueError(f"a class is plant/template/size/engine/budget (got {text!r})")
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class Record:
    """One ended run in numbers; see ``models.tables.records.RunRecord``."""

    run_id: str
    run_class: RunClass
    status: str
    jobs: int
    operations: int
    seconds: float
    step_seconds: float | None = None
    objective_name: str | None = None
    objective: float | None = None
    makespan: float | None = None
    gap: float | None = None
    memory: int | None = None
    recorded_at: datetime | None = None


def keep(session: Session, record: Record) -> None:
    """Keeps the record of a run that has just ended."""
    row = {name: getattr(record, name) for name in Record.__slots__ if name not in ("run_class", "recorded_at")}
    session.execute(insert(RunRecord).values(row | {"run_class": str(record.run_class)[:CLASS_LENGTH]}))


def classes(session: Session, *, days: float, limit: int) -> list[RunClass]:
    """The classes with runs in the last ``days``, those with the latest first."""
    query = (
        select(RunRecord.run_class)
        .where(RunRecord.recorded_at >= utcnow(-days * DAY_SECONDS))
        .group_by(RunRecord.run_class)
        .order_by(func.max(RunRecord.recorded_at).desc(), RunRecord.run_class)
        .limit(limit)
    )
    return [RunClass.of(text) for text in session.scalars(query)]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The runs that a class's baseline may hold: from ``since`` on, and before ``frozen_at``; None where open."""

    since: datetime | None = None
    frozen_at: datetime | None = None


def bounds(session: Session, run_class: RunClass) -> Bounds:
    """The bounds of a class's baseline."""
    row = session.get(BaselineRow, str(run_class))
    return Bounds() if row is None else Bounds(row.since, row.frozen_at)


def last(
    session: Session,
    run_class: RunClass,
    *,
    days: float,
    limit: int,
    since: datetime | None = None,
    before: datetime | None = None,
) -> list[Record]:
    """The last finished runs of a class in ``days``, the latest first; recorded in [``since``, ``before``)."""
    query = (
        select(RunRecord)
        .where(
            RunRecord.run_class == str(run_class),
            RunRecord.status.not_in(("failed", "cancelled")),
            RunRecord.recorded_at >= utcnow(-days * DAY_SECONDS),
        )
        .order_by(RunRecord.recorded_at.desc(), RunRecord.run_id)
        .limit(limit)
    )
    if since is not None:
        query = query.where(RunRecord.recorded_at >= since)
    if before is not None:
        query = query.where(RunRecord.recorded_at < before)
    return [_record(row, run_class) for row in session.scalars(query)]


def freeze(session: Session, run_class: RunClass, moment: datetime | None) -> None:
    """Ends a class's baseline before ``moment``; None lets it move on with its runs."""
    _put(session, run_class, frozen_at=moment)


def accept(session: Session, run_class: RunClass, *, actor: str) -> None:
    """Starts a class's baseline anew: what runs from now on is the new normal."""
    _put(session, run_class, since=utcnow(), frozen_at=None)
    audit.record(session, action="baseline.accepted", subject="baseline", actor=actor, detail={"class": str(run_class)})


def _put(session: Session, run_class: RunClass, **values: object) -> None:
    statement = update(BaselineRow).where(BaselineRow.run_class == str(run_class)).values(values)
    if session.connection().execute(statement).rowcount == 0:
        session.execute(insert(BaselineRow).values({"run_class": str(run_class), **values}))


def _record(row: RunRecord, run_class: RunClass) -> Record:
    values = {name: getattr(row, name) for name in Record.__slots__ if name != "run_class"}
    return Record(run_class=run_class, **values)
