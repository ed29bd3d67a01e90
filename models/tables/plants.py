"""What belongs to a plant: snapshots of its data, and the plans that were put in force there, one after the other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Double, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import MARIADB, Base, Blob
from models.tables.clock import UtcDateTime, utcnow
from models.tables.runs import ID_LENGTH, NAME_LENGTH


class SnapshotRow(Base):
    """One load of a plant's data.

    A ``stopped`` one exceeded limits, which ``stopped`` tells; it is kept to be looked at and never planned from.
    ``body`` is the problem document and the progress of work as zstd-compressed JSON. ``refused`` lists the first rows
    that were not taken, ``refused_total`` counts them all; ``rows`` counts what was read of each table.
    """

    __tablename__ = "snapshots"
    __table_args__ = (
        CheckConstraint("state IN ('good', 'stopped')", name="state"),
        Index(None, "plant", "state", "created_at", "id"),
        MARIADB,
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    plant: Mapped[str] = mapped_column(String(NAME_LENGTH))
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    generated: Mapped[bool]
    tells_progress: Mapped[bool]
    jobs: Mapped[int]
    hours: Mapped[float] = mapped_column(Double)
    rows: Mapped[dict[str, Any]]
    refused_total: Mapped[int]
    refused: Mapped[list[Any]] = mapped_column(JSON)
    stopped: Mapped[list[Any]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(Blob)


class AcceptedPlan(Base):
    """A plan that was put in force. A plant's plan in force is the one with its greatest ``number``; they count from 1.

    The primary key decides between two that are accepted at the same moment. ``rule`` names the rule that accepted it;
    None where a person did.
    """

    __tablename__ = "accepted_plans"
    __table_args__ = (Index(None, "run_id"), MARIADB)

    plant: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("runs.id"))
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    accepted_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    rule: Mapped[str | None] = mapped_column(String(64))
    why: Mapped[str | None] = mapped_column(String(1000))
