"""Replans: due times are claimed once, and every later step is one fenced UPDATE, as in ``models.store.runs``.

Functions take a session and leave the transaction to the caller. ``now`` is the database's clock unless it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, insert, inspect, select, update
from sqlalchemy.orm import Session

from models.replanning.due import missed, next_due, ready_by
from models.store import audit, ids
from models.store.views import OPEN_STATES
from models.tables import Replan, ReplanSchedule, ReplanTry, Run
from models.tables.clock import seconds_between, utcnow

ReplanState = Literal["due", "solving", "accepted", "held", "failed", "skipped"]
Missed = Literal["once", "skip"]

OPEN: Final = ("due", "solving")
"""States that a replan still has to leave."""

READY: Final = ("accepted", "held", "skipped")
"""States in which nothing is waited for: a plan is there, or none is wanted."""

ON_TIME: Final = timedelta(minutes=10)
"""A due time that is met so late is not missed."""

STALE_SECONDS: Final = 60.0
"""A replan that nobody has taken up, or whose worker has not been heard of for so long, is sent again."""

SOLVED_SECONDS: Final = 4.0
"""So long after it was last looked at, a replan whose run has ended is sent to be concluded."""


@dataclass(frozen=True, slots=True)
class ReplanView:
    """A replan as it stands; see ``models.tables.replans.Replan``. ``tries``: its runs, and the price a move had."""

    id: str
    schedule_id: str | None
    plant: str
    due_at: datetime
    ready_by_at: datetime | None
    late: bool
    state: ReplanState
    attempt: int
    created_at: datetime
    heartbeat_at: datetime
    finished_at: datetime | None
    asked_by: str
    options: Mapping[str, Any]
    snapshot_id: str | None
    base_number: int
    before: Mapping[str, Any] | None
    comparison: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    tries: tuple[tuple[str, float], ...] = ()


def now_of(session: Session) -> datetime:
    """The database's clock."""
    found: datetime | None = session.scalar(select(utcnow()))
    assert found is not None
    return found.astimezone(UTC)


def due_schedules(session: Session, now: datetime | None = None) -> list[str]:
    """Schedules with a due time that has come."""
    query = select(ReplanSchedule.id).where(*_come(now)).order_by(ReplanSchedule.next_due_at)
    return list(session.scalars(query))


def claim(session: Session, schedule_id: str, now: datetime | None = None) -> list[str]:
    """Make a replan of every due time of a schedule that has come; the answer is those to be done now, none or one.

    Of several due times that nobody was there for only the last is done (``once``), or none that is later than ON_TIME
    (``skip``); each of the others is kept as skipped. The schedule's row is locked meanwhile; where a database does not
    do that, the unique key lets one of two claims fail with SQLAlchemy's IntegrityError.
    """
    query = select(ReplanSchedule).where(ReplanSchedule.id == schedule_id, *_come(now)).with_for_update()
    schedule = session.scalars(query).one_or_none()
    if schedule is None or schedule.next_due_at is None:
        return []
    now = now or now_of(session)
    zone = ZoneInfo(schedule.time_zone)
    moments = missed(schedule.cron, zone, schedule.next_due_at, now)
    rows = [_claimed(schedule, moment, zone, now, last=moment == moments[-1]) for moment in moments]
    session.execute(insert(Replan), rows)
    change = update(ReplanSchedule).where(ReplanSchedule.id == schedule_id)
    session.execute(change.values(next_due_at=next_due(schedule.cron, zone, max(now, moments[-1]))))
    return [str(row["id"]) for row in rows if row["state"] == "due"]


def _claimed(
    schedule: ReplanSchedule, due_at: datetime, zone: ZoneInfo, now: datetime, *, last: bool
) -> dict[str, Any]:
    wanted = last and (schedule.missed == "once" or now - due_at <= ON_TIME)
    row = _row(schedule.plant, due_at, schedule.options, audit.SYSTEM)
    row |= {"schedule_id": schedule.id, "ready_by_at": ready_by(due_at, schedule.ready_by, zone)}
    if not wanted:
        why = "a later due time of the same schedule is done instead" if schedule.missed == "once" else "it was missed"
        row |= {"state": "skipped", "finished_at": now, "error": {"title": "Skipped", "detail": f"Skipped: {why}."}}
    return row


def _row(plant: str, due_at: datetime, options: Mapping[str, Any], actor: str) -> dict[str, Any]:
    return {
        "id": ids.run_id(),
        "schedule_id": None,
        "plant": plant,
        "due_at": due_at,
        "ready_by_at": None,
        "state": "due",
        "finished_at": None,
        "asked_by": actor,
        "options": dict(options),
        "error": None,
    }


def ask(session: Session, plant: str, options: Mapping[str, Any], actor: str) -> str:
    """Make a replan that is due now, by hand; the answer is its id."""
    row = _row(plant, now_of(session), options, actor)
    session.execute(insert(Replan).values(row))
    return str(row["id"])


def get(session: Session, replan_id: str) -> ReplanView | None:
    """A replan with its tries; None for an unknown id."""
    row = session.execute(select(*inspect(Replan).columns).where(Replan.id == replan_id)).one_or_none()
    return None if row is None else ReplanView(**row._mapping, tries=_tries(session, replan_id))


def listed(
    session: Session, *, plant: str | None = None, schedule_id: str | None = None, limit: int = 50
) -> list[ReplanView]:
    """Replans, those due last first."""
    query = select(*inspect(Replan).columns).order_by(Replan.due_at.desc(), Replan.id.desc()).limit(limit)
    if plant is not None:
        query = query.where(Replan.plant == plant)
    if schedule_id is not None:
        query = query.where(Replan.schedule_id == schedule_id)
    return [ReplanView(**row._mapping, tries=_tries(session, row.id)) for row in session.execute(query)]


def begin(session: Session, replan_id: str, attempt: int) -> int | None:
    """Take up a due replan, as the attempt after ``attempt``; None where it has moved on."""
    taken = _change(session, replan_id, Replan.state == "due", Replan.attempt == attempt, attempt=attempt + 1)
    return attempt + 1 if taken else None


def solving(
    session: Session,
    replan_id: str,
    attempt: int,
    *,
    run_id: str,
    price: float,
    snapshot_id: str,
    base_number: int,
    before: Mapping[str, Any] | None,
) -> bool:
    """Due to solving, with its first run. False where another attempt has taken it up meanwhile."""
    changes = {
        "state": "solving",
        "snapshot_id": snapshot_id,
        "base_number": base_number,
        "before": None if before is None else dict(before),
    }
    if not _change(session, replan_id, Replan.state == "due", Replan.attempt == attempt, **changes):
        return False
    _add_try(session, replan_id, 1, run_id, price)
    return True


def try_again(session: Session, replan_id: str, number: int, run_id: str, price: float) -> bool:
    """Give a solving replan another run, its ``number``-th. False where it has moved on.

    Of two at the same moment one fails with SQLAlchemy's IntegrityError.
    """
    if not _change(session, replan_id, Replan.state == "solving"):
        return False
    _add_try(session, replan_id, number, run_id, price)
    return True


def end(
    session: Session,
    replan_id: str,
    state: Literal["accepted", "held", "failed"],
    *,
    comparison: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> ReplanView | None:
    """End an open replan; None where it has ended already. It is late where it ends after its ``ready_by_at``."""
    changes = {
        "state": state,
        "finished_at": utcnow(),
        "comparison": None if comparison is None else dict(comparison),
        "error": None if error is None else dict(error),
    }
    if not _change(session, replan_id, Replan.state.in_(OPEN), **changes):
        return None
    detail = {"state": state, "title": None if error is None else error.get("title")}
    audit.record(session, action=f"replan.{state}", subject=replan_id, actor=audit.SYSTEM, detail=detail)
    return get(session, replan_id)


def to_send(session: Session) -> list[str]:
    """Open replans that somebody has to look after: not taken up for long, or with no run that still goes on.

    Whoever sends them notes it with ``touch``, so that they are not sent again at once.
    """
    age = seconds_between(Replan.heartbeat_at, utcnow())
    waiting = select(Replan.id).where(Replan.state == "due", age > STALE_SECONDS)
    going_on = (
        select(ReplanTry.replan_id)
        .join(Run, Run.id == ReplanTry.run_id)
        .where(ReplanTry.replan_id == Replan.id, Run.state.in_(OPEN_STATES))
    )
    solved = select(Replan.id).where(Replan.state == "solving", age > SOLVED_SECONDS, ~going_on.exists())
    return [*session.scalars(waiting), *session.scalars(solved)]


def touch(session: Session, replan_id: str) -> bool:
    """Note that an open replan was looked after."""
    return _change(session, replan_id, Replan.state.in_(OPEN))


def mark_late(session: Session, now: datetime | None = None) -> list[str]:
    """Replans that were not ready by their time, each told once."""
    moment = utcnow() if now is None else now
    missed_it = (
        Replan.late.is_(False),
        Replan.ready_by_at.is_not(None),
        Replan.ready_by_at < moment,
        Replan.state.not_in(READY) | (Replan.finished_at > Replan.ready_by_at),
        Replan.state != "skipped",
    )
    found = list(session.scalars(select(Replan.id).where(*missed_it)))
    late = []
    for replan_id in found:
        done = session.connection().execute(update(Replan).where(Replan.id == replan_id, *missed_it).values(late=True))
        late += [replan_id] if done.rowcount == 1 else []
    return late


def overdue(session: Session) -> float:
    """Seconds since the oldest due time that nobody has taken up yet; 0 where there is none."""
    schedule = select(seconds_between(func.min(ReplanSchedule.next_due_at), utcnow())).where(*_come(None))
    waiting = select(seconds_between(func.min(Replan.due_at), utcnow())).where(Replan.state == "due")
    return max(0.0, *(session.scalar(query) or 0.0 for query in (schedule, waiting)))


def _come(now: datetime | None) -> Sequence[ColumnElement[bool]]:
    moment: Any = utcnow() if now is None else now
    return ReplanSchedule.enabled.is_(True), ReplanSchedule.next_due_at <= moment


def _tries(session: Session, replan_id: str) -> tuple[tuple[str, float], ...]:
    query = select(ReplanTry.run_id, ReplanTry.price).where(ReplanTry.replan_id == replan_id).order_by(ReplanTry.number)
    return tuple((row.run_id, row.price) for row in session.execute(query))


def _add_try(session: Session, replan_id: str, number: int, run_id: str, price: float) -> None:
    row = {"replan_id": replan_id, "number": number, "run_id": run_id, "price": price}
    session.execute(insert(ReplanTry).values(row))


def _change(session: Session, replan_id: str, *conditions: ColumnElement[bool], **changes: Any) -> bool:
    """One fenced UPDATE that renews the heartbeat; a row count of 1 tells who won."""
    statement = update(Replan).where(Replan.id == replan_id, *conditions).values({"heartbeat_at": utcnow(), **changes})
    return session.connection().execute(statement).rowcount == 1
