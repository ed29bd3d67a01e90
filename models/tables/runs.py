"""A run and what belongs to it: the problem it was asked, the schedule it ended with, the batches it was solved in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Double, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import MARIADB, Base, Blob
from models.tables.clock import UtcDateTime, utcnow

ID_LENGTH = 36
NAME_LENGTH = 255


class Run(Base):
    """One request for a schedule on its way from queued over solving and improving to finished, failed or cancelled.

    Every write raises ``version``. ``attempt`` counts from 1 and is raised when the run is taken up again after its
    worker was lost. ``seconds`` is the solving budget asked for,
    ``first_plan`` says that the first checked plan is enough. ``batches_*`` speak of the current attempt. ``key_id``
    names the API key that asked; keys are revoked, never deleted.
    """

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'solving', 'improving', 'finished', 'failed', 'cancelled')", name="state"),
        Index(None, "state", "heartbeat_at"),
        Index(None, "created_at", "id"),
        Index(None, "state", "created_at", "id"),
        Index(None, "plant", "created_at", "id"),
        Index(None, "request_id", "created_at", "id"),
        Index(None, "key_id"),
        MARIADB,
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="queued")
    attempt: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    heartbeat_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deadline_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    plant: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    request_id: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    digest: Mapped[str] = mapped_column(String(64))
    engine: Mapped[str] = mapped_column(String(64))
    seconds: Mapped[float] = mapped_column(Double)
    first_plan: Mapped[bool] = mapped_column(default=False)
    jobs: Mapped[int]
    operations: Mapped[int]
    batches_total: Mapped[int] = mapped_column(default=0)
    batches_done: Mapped[int] = mapped_column(default=0)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    key_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))


class Problem(Base):
    """The request's body as it came, zstd-compressed."""

    __tablename__ = "problems"
    __table_args__ = (MARIADB,)

    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    body: Mapped[bytes] = mapped_column(Blob)


class ScheduleRow(Base):
    """The result document of a run, zstd-compressed; the primary key allows one for each run."""

    __tablename__ = "schedules"
    __table_args__ = (MARIADB,)

    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    result: Mapped[bytes] = mapped_column(Blob)


class PlanRow(Base):
    """The best checked plan of a run that goes on: its decisions, to go on from, and its result document, to be read.

    Both are zstd-compressed. The row goes when the run ends.
    """

    __tablename__ = "plans"
    __table_args__ = (MARIADB,)

    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int]
    version: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    decisions: Mapped[bytes] = mapped_column(Blob)
    result: Mapped[bytes] = mapped_column(Blob)


class BatchRow(Base):
    """How one batch of the attempt that finished was solved. ``handed_over`` says why dispatch took it over."""

    __tablename__ = "batches"
    __table_args__ = (MARIADB,)

    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    jobs: Mapped[int]
    engine: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    seconds: Mapped[float] = mapped_column(Double)
    deliveries: Mapped[int]
    handed_over: Mapped[str | None] = mapped_column(String(1000))
