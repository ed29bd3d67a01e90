"""When plants are replanned, and each replan: of a due time, or asked for by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Double, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import MARIADB, Base
from models.tables.clock import UtcDateTime, utcnow
from models.tables.runs import ID_LENGTH, NAME_LENGTH

CRON_LENGTH = 100


class ReplanSchedule(Base):
    """A plant is replanned whenever ``cron`` is due in ``time_zone``.

    ``next_due_at`` is the first due time that has no replan yet; None while it is switched off. ``missed`` says what
    happens with due times that nobody was there for: ``once`` runs the last of them, ``skip`` none. ``ready_by``: the
    local time ``HH:MM`` after a due time at which a plan has to be there. ``options`` are the replans' own.
    """

    __tablename__ = "replan_schedules"
    __table_args__ = (
        CheckConstraint("missed IN ('once', 'skip')", name="missed"),
        UniqueConstraint("plant", "name"),
        Index(None, "enabled", "next_due_at"),
        MARIADB,
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    plant: Mapped[str] = mapped_column(String(NAME_LENGTH))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    cron: Mapped[str] = mapped_column(String(CRON_LENGTH))
    time_zone: Mapped[str] = mapped_column(String(64))
    missed: Mapped[str] = mapped_column(String(8))
    ready_by: Mapped[str | None] = mapped_column(String(5))
    options: Mapped[dict[str, Any]]
    enabled: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    next_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Replan(Base):
    """One replan, on its way from due over solving to accepted, held, failed or skipped.

    The unique key over schedule and due time lets each due time happen once, however many look for what is due.
    ``attempt`` counts from 0 and fences: a step that is stored is the current attempt's. ``base_number`` is the plan in
    force that it started from, 0 where there was none. ``late``: it was not ready at ``ready_by_at``. ``before``: the
    metrics of the plan in force, carried on to now; ``comparison`` says what came of it.
    """

    __tablename__ = "replans"
    __table_args__ = (
        CheckConstraint("state IN ('due', 'solving', 'accepted', 'held', 'failed', 'skipped')", name="state"),
        UniqueConstraint("schedule_id", "due_at"),
        Index(None, "plant", "due_at", "id"),
        Index(None, "state", "heartbeat_at"),
        Index(None, "late", "ready_by_at"),
        MARIADB,
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    schedule_id: Mapped[str | None] = mapped_column(
        String(ID_LENGTH), ForeignKey("replan_schedules.id", ondelete="CASCADE")
    )
    plant: Mapped[str] = mapped_column(String(NAME_LENGTH))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ready_by_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    late: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    heartbeat_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    options: Mapped[dict[str, Any]]
    snapshot_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    base_number: Mapped[int] = mapped_column(default=0)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    comparison: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class ReplanTry(Base):
    """One run of a replan: with a price per moved operation, in hours (or counts) of the first objective level."""

    __tablename__ = "replan_tries"
    __table_args__ = (Index(None, "run_id"), MARIADB)

    replan_id: Mapped[str] = mapped_column(
        String(ID_LENGTH), ForeignKey("replans.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("runs.id"))
    price: Mapped[float] = mapped_column(Double)
