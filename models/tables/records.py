"""What is kept of every ended run to compare later ones with, and up to when a class of runs has its baseline."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Double, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import MARIADB, Base
from models.tables.clock import UtcDateTime, utcnow
from models.tables.runs import ID_LENGTH

CLASS_LENGTH = 400
"""A plant's name and four short words."""


class RunRecord(Base):
    """One ended run in numbers. It outlives the run, which retention may delete.

    ``seconds`` from being taken up to the end, ``step_seconds`` of all processes for one improvement step, ``makespan``
    in seconds, ``memory`` in bytes at its most in one process; ``objective`` is the first level's value in hours or
    items, ``gap`` its gap. None where there is no such number.
    """

    __tablename__ = "run_records"
    __table_args__ = (Index(None, "run_class", "recorded_at"), Index(None, "recorded_at"), MARIADB)

    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    run_class: Mapped[str] = mapped_column(String(CLASS_LENGTH))
    status: Mapped[str] = mapped_column(String(16))
    jobs: Mapped[int]
    operations: Mapped[int]
    seconds: Mapped[float] = mapped_column(Double)
    step_seconds: Mapped[float | None] = mapped_column(Double)
    objective_name: Mapped[str | None] = mapped_column(String(64))
    objective: Mapped[float | None] = mapped_column(Double)
    makespan: Mapped[float | None] = mapped_column(Double)
    gap: Mapped[float | None] = mapped_column(Double)
    memory: Mapped[int | None] = mapped_column(BigInteger)


class BaselineRow(Base):
    """Bounds of a class's baseline: runs from ``since`` on, and before ``frozen_at`` while it is regressed.

    Without the latter a lasting regression would become its own baseline, and its alert end by itself.
    """

    __tablename__ = "baselines"
    __table_args__ = (MARIADB,)

    run_class: Mapped[str] = mapped_column(String(CLASS_LENGTH), primary_key=True)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
