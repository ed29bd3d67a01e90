"""Idempotency keys of submissions, kept as long as the run they made."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import MARIADB, Base
from models.tables.runs import ID_LENGTH

IDEMPOTENCY_KEY_LENGTH = 200


class IdempotencyKey(Base):
    """That an API key has used an idempotency key, and for which request."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "run_id"), MARIADB)

    key_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    name: Mapped[str] = mapped_column(String(IDEMPOTENCY_KEY_LENGTH), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("runs.id", ondelete="CASCADE"))
