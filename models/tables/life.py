"""The life of plans: which plan a run was made from and how, and what the plant tells of the work itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import MARIADB, Base, Blob, Counter
from models.tables.clock import UtcDateTime, utcnow
from models.tables.runs import ID_LENGTH, NAME_LENGTH

EVENT_ID_LENGTH = 200


class OriginRow(Base):
    """What a run was made from: the plan ``parent_id``, changed by a disruption, an edit or a scenario, or carried on.

    ``decisions``: the plan that its search begins with, zstd-compressed; NULL where it begins with none. ``edit_of`` is
    the parent of an applied edit and NULL for everything else: the unique key lets one edit of a plan win.
    """

    __tablename__ = "origins"
    __table_args__ = (
        CheckConstraint("kind IN ('disruption', 'edit', 'scenario', 'replan')", name="kind"),
        UniqueConstraint("edit_of"),
        Index(None, "parent_id", "kind"),
        Index(None, "group_id"),
        MARIADB,
    )

    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    parent_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    kind: Mapped[str] = mapped_column(String(16))
    group_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    edit_of: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    detail: Mapped[dict[str, Any]]
    decisions: Mapped[bytes | None] = mapped_column(Blob)


class ExecutionRow(Base):
    """One thing that the plant tells of an operation (or lot): rows are only ever added.

    ``event_id`` is the sender's; the unique key makes sending again harmless, and ``fingerprint`` tells the same event
    from another one under its id. ``left_hours``: what was left of the work at ``at``, where the plant says so.
    """

    __tablename__ = "executions"
    __table_args__ = (
        CheckConstraint("kind IN ('started', 'paused', 'finished', 'scrapped')", name="kind"),
        UniqueConstraint("plant", "event_id"),
        Index(None, "plant", "job_id", "operation_id"),
        MARIADB,
    )

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    plant: Mapped[str] = mapped_column(String(NAME_LENGTH))
    event_id: Mapped[str] = mapped_column(String(EVENT_ID_LENGTH))
    job_id: Mapped[str] = mapped_column(String(200))
    operation_id: Mapped[str] = mapped_column(String(200))
    lot: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    machine_id: Mapped[str | None] = mapped_column(String(200))
    operator_id: Mapped[str | None] = mapped_column(String(200))
    left_hours: Mapped[float | None] = mapped_column(Double)
    reason: Mapped[str | None] = mapped_column(String(1000))
    fingerprint: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
