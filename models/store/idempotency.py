"""Idempotency keys: a request that is sent again finds the run that its first sending made.

The primary key over API key and idempotency key decides between requests that come at the same moment: the second one
waits for the first one's transaction and is then refused by the database.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.tables import IdempotencyKey


@dataclass(frozen=True, slots=True)
class Claim:
    """An API key's idempotency key, and the fingerprint (SHA-256, hexadecimal) of the request it came with."""

    key_id: str
    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a key was used for."""

    run_id: str
    fingerprint: str


def find(session: Session, key_id: str, name: str) -> Claimed | None:
    """What the API key ``key_id`` has used the idempotency key ``name`` for; None where it has not."""
    query = select(IdempotencyKey.run_id, IdempotencyKey.fingerprint).where(
        IdempotencyKey.key_id == key_id, IdempotencyKey.name == name
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Claimed(row.run_id, row.fingerprint)


def keep(session: Session, claim: Claim, run_id: str) -> None:
    """Binds the key to a run that this transaction has stored.

    Raises SQLAlchemy's IntegrityError where another request was first; the transaction then has to be rolled back.
    """
    row = {"key_id": claim.key_id, "name": claim.name, "fingerprint": claim.fingerprint, "run_id": run_id}
    session.execute(insert(IdempotencyKey).values(row))
