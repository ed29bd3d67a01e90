"""The audit log, written in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.store.views import AuditEntry
from models.tables import AuditRow

SYSTEM: Final = "system"
"""The actor of what no person asked for."""


def record(session: Session, *, action: str, subject: str, actor: str, detail: Mapping[str, Any] | None = None) -> None:
    """Add one entry: ``actor`` (a key id, ``cli``, ``system``) did ``action`` to ``subject`` (a run's or key's id)."""
    row = {"action": action, "subject": subject, "actor": actor, "detail": dict(detail or {})}
    session.execute(insert(AuditRow).values(row))


def entries(session: Session, subject: str, limit: int = 100) -> list[AuditEntry]:
    """What was done to ``subject``, oldest first."""
    rows = session.scalars(select(AuditRow).where(AuditRow.subject == subject).order_by(AuditRow.id).limit(limit))
    return [AuditEntry(row.id, row.at, row.action, row.subject, row.actor, row.detail) for row in rows]
