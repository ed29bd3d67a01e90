"""API keys: only the hash of the secret is kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import MARIADB, Base
from models.tables.clock import UtcDateTime, utcnow
from models.tables.runs import ID_LENGTH, NAME_LENGTH


class ApiKey(Base):
    """Who may ask. ``secret_hash`` is the SHA-256 of a 256-bit random secret, in hex."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'planner', 'admin')", name="role"), MARIADB)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    role: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
