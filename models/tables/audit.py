"""The audit log: who did what to which run or key, and when by the database's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import MARIADB, Base, Counter
from models.tables.clock import UtcDateTime, utcnow
from models.tables.runs import ID_LENGTH, NAME_LENGTH


class AuditRow(Base):
    """One thing that was done; rows are only ever added."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "subject", "id"), MARIADB)

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(ID_LENGTH))
    actor: Mapped[str] = mapped_column(String(NAME_LENGTH))
    detail: Mapped[dict[str, Any]]
