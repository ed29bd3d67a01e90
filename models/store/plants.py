"""Plans in force: for each plant the last accepted plan, and all that were in force before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.tables import AcceptedPlan, Run, ScheduleRow, SnapshotRow


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """A plan that is, or was, in force. ``number`` counts a plant's from 1; ``rule`` is None where a person accepted.

    Problem and result are those of the run: ``runs.problem_body`` and ``runs.result``.
    """

    plant: str
    number: int
    run_id: str
    accepted_at: datetime
    accepted_by: str
    rule: str | None
    why: str | None


class NotAcceptable(Exception):
    """A plan that cannot be put in force: the message says why."""


class Overtaken(Exception):
    """Another plan was put in force meanwhile; ``current`` is its number."""

    def __init__(self, current: int) -> None:
        super().__init__(f"another plan was put in force meanwhile, number {current}")
        self.current = current


def in_force(session: Session, plant: str) -> PlanInForce | None:
    """The plan in force of a plant; None where none was ever accepted."""
    found = history(session, plant, limit=1)
    return found[0] if found else None


def history(session: Session, plant: str, *, limit: int = 50, before: int | None = None) -> list[PlanInForce]:
    """Plans that were put in force in a plant, newest first; with ``before`` only those of smaller numbers."""
    query = select(AcceptedPlan).where(AcceptedPlan.plant == plant).order_by(AcceptedPlan.number.desc()).limit(limit)
    if before is not None:
        query = query.where(AcceptedPlan.number < before)
    return [_view(row) for row in session.scalars(query)]


def accept(
    session: Session,
    run_id: str,
    *,
    plant: str | None = None,
    actor: str,
    rule: str | None = None,
    why: str | None = None,
    expected: int | None = None,
) -> PlanInForce:
    """Put the plan that a run ended with in force in its plant, which has to be ``plant`` where that is given.

    With ``expected``, the number of the plan in force that it is to replace (0: none), raises Overtaken where that is
    another one by now. Raises LookupError for an unknown run, NotAcceptable for one without plan or plant. Of two that
    are accepted at the same moment one transaction fails with SQLAlchemy's IntegrityError and may be repeated.
    """
    found = session.execute(select(Run.plant).where(Run.id == run_id)).one_or_none()
    if found is None:
        raise LookupError(f"there is no schedule {run_id!r}")
    of = found[0]
    if of is None:
        raise NotAcceptable("the problem of this schedule names no plant, so that its plan can be in force nowhere")
    if plant not in (None, of):
        raise NotAcceptable(f"this schedule is of plant {of!r}")
    if session.scalar(select(ScheduleRow.run_id).where(ScheduleRow.run_id == run_id)) is None:
        raise NotAcceptable("this schedule has no plan that could be put in force")
    last = in_force(session, of)
    current = 0 if last is None else last.number
    if expected is not None and expected != current:
        raise Overtaken(current)
    row = {"plant": of, "number": current + 1, "run_id": run_id, "accepted_by": actor, "rule": rule, "why": why}
    session.execute(insert(AcceptedPlan).values(row))
    accepted = in_force(session, of)
    assert accepted is not None
    return accepted


def names(session: Session) -> list[str]:
    """Plants that have a snapshot or a plan in force, by name."""
    found = {
        *session.scalars(select(AcceptedPlan.plant).distinct()),
        *session.scalars(select(SnapshotRow.plant).distinct()),
    }
    return sorted(found)


def _view(row: AcceptedPlan) -> PlanInForce:
    return PlanInForce(row.plant, row.number, row.run_id, row.accepted_at, row.accepted_by, row.rule, row.why)
