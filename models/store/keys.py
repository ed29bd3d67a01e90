"""API keys: made once, shown once, kept as a hash, revoked but never deleted."""

from __future__ import annotations

import hashlib
import re
import secrets
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Row, Select, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from models.store import audit
from models.store.views import ROLES, KeyView, Role
from models.tables import ApiKey
from models.tables.clock import utcnow
from models.tables.runs import NAME_LENGTH
from models.tables.session import in_transaction, reading

LAST_USED_SECONDS: Final = 60
"""``last_used_at`` is written at most this often, so that polling does not mean writing."""

_TOKEN: Final = re.compile(r"nsk_([0-9a-f]{12})_([0-9a-f]{64})", re.ASCII)
_NO_HASH: Final = "0" * 64


def create(session: Session, name: str, role: str = "planner", *, actor: str = "cli") -> tuple[str, str]:
    """A new key: its id and its token ``nsk_<id>_<secret>``, which can never be read again.

    The secret is 256 random bits, so its plain SHA-256 is enough to keep. Raises ValueError for an unknown role or a
    name that is empty or longer than NAME_LENGTH.
    """
    if role not in ROLES:
        raise ValueError(f"role must be one of {', '.join(ROLES)} (got {role!r})")
    if not name.strip() or len(name) > NAME_LENGTH:
        raise ValueError(f"name must have 1 to {NAME_LENGTH} characters (got {len(name)})")
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    session.execute(insert(ApiKey).values(id=key_id, name=name, role=role, secret_hash=_hash(secret)))
    audit.record(session, action="key.created", subject=key_id, actor=actor, detail={"name": name, "role": role})
    return key_id, f"nsk_{key_id}_{secret}"


def verify(session: Session, token: str) -> KeyView | None:
    """The key that ``token`` opens; None for a malformed, unknown, wrong or revoked one.

    Writes ``last_used_at`` where it is more than LAST_USED_SECONDS old, so it wants a writing transaction; requests use
    ``authenticate``, which takes one only then.
    """
    key, due = _check(session, token)
    if key is not None and due:
        _touch(session, key.id)
    return key


def authenticate(maker: sessionmaker[Session], token: str) -> KeyView | None:
    """``verify`` in transactions of its own: reading, and only once a minute for each key writing."""
    with reading(maker) as session:
        key, due = _check(session, token)
    if key is not None and due:
        in_transaction(maker, lambda session: _touch(session, key.id))
    return key


def revoke(session: Session, key_id: str, *, actor: str = "cli") -> bool:
    """Take the key out of use. False where it is unknown or already revoked."""
    statement = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).values(revoked_at=utcnow())
    if session.connection().execute(statement).rowcount != 1:
        return False
    audit.record(session, action="key.revoked", subject=key_id, actor=actor)
    return True


def list_keys(session: Session, *, revoked: bool = True) -> list[KeyView]:
    """All keys, the oldest first; ``revoked=False`` leaves out those taken out of use."""
    query = select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)
    if not revoked:
        query = query.where(ApiKey.revoked_at.is_(None))
    return [_view(row) for row in session.scalars(query)]


def _check(session: Session, token: str) -> tuple[KeyView | None, bool]:
    """The key that the token opens, and whether its use is due to be noted."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None, False
    row = session.execute(_look_up(), {"id": match[1]}).one_or_none()
    # Unknown keys are compared too, so that the time taken does not tell which ids exist.
    right = secrets.compare_digest(_NO_HASH if row is None else row.secret_hash, _hash(match[2]))
    return (_view(row), bool(row.due)) if row is not None and right and row.revoked_at is None else (None, False)


@cache
def _look_up() -> Select[Any]:
    """Made once: building a statement takes longer than running it."""
    return select(*ApiKey.__table__.columns, _unused_lately().label("due")).where(ApiKey.id == bindparam("id"))


def _touch(session: Session, key_id: str) -> None:
    statement = update(ApiKey).where(ApiKey.id == key_id, _unused_lately()).values(last_used_at=utcnow())
    session.connection().execute(statement)


def _unused_lately() -> ColumnElement[bool]:
    return or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < utcnow(-LAST_USED_SECONDS))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _view(row: ApiKey | Row[Any]) -> KeyView:
    role = cast(Role, row.role)
    return KeyView(row.id, row.name, role, row.created_at, row.last_used_at, row.revoked_at)
