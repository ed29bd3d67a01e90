from __future__ import annotations

import pytest
from sqlalchemy import select, update

from models.store import audit, keys
from models.tables import ApiKey
from models.tables.clock import utcnow
from models.tables.session import reading, transaction
from tests.store.build import Maker


def created(maker: Maker, name: str = "line planner", role: str = "planner") -> tuple[str, str]:
    with transaction(maker) as session:
        return keys.create(session, name, role)


def test_a_key_opens_with_its_token_alone(session_factory: Maker) -> None:
    key_id, token = created(session_factory)
    other_id, other = created(session_factory)
    assert token.startswith(f"nsk_{key_id}_") and len(token.rpartition("_")[2]) == 64
    with transaction(session_factory) as session:
        view = keys.verify(session, token)
        assert view is not None and (view.id, view.name, view.role) == (key_id, "line planner", "planner")
        wrong = ("", "nsk_", token[:-1], token + "0", token.upper(), token + "\n", f"x{token}", "nsk_" + "0" * 77)
        swapped = f"nsk_{key_id}_{other.rpartition('_')[2]}"
        unknown = f"nsk_{'0' * 12}_{token.rpartition('_')[2]}"
        assert [keys.verify(session, text) for text in (*wrong, swapped, unknown, "nsk_é_ü")] == [None] * 11
    assert other_id != key_id


def test_the_secret_is_not_stored(session_factory: Maker) -> None:
    key_id, token = created(session_factory)
    secret = token.rpartition("_")[2]
    with reading(session_factory) as session:
        row = session.scalars(select(ApiKey).where(ApiKey.id == key_id)).one()
        told = [str(entry) for entry in audit.entries(session, key_id)]
    assert not any(secret in str(value) for value in vars(row).values())
    assert told and secret not in "".join(told)


def test_a_revoked_key_opens_nothing(session_factory: Maker) -> None:
    key_id, token = created(session_factory)
    with transaction(session_factory) as session:
        assert keys.verify(session, token) is not None
        assert keys.revoke(session, key_id)
        assert not keys.revoke(session, key_id)
        assert not keys.revoke(session, "nobody")
        assert keys.verify(session, token) is None
    assert keys.authenticate(session_factory, token) is None
    with reading(session_factory) as session:
        (view,) = keys.list_keys(session)
        assert view.revoked_at is not None and keys.list_keys(session, revoked=False) == []
        assert [entry.action for entry in audit.entries(session, key_id)] == ["key.created", "key.revoked"]


@pytest.mark.parametrize("through", ["verify", "authenticate"])
def test_use_is_noted_at_most_once_a_minute(session_factory: Maker, through: str) -> None:
    key_id, token = created(session_factory)

    def use() -> object:
        if through == "authenticate":
            assert keys.authenticate(session_factory, token) is not None
        else:
            with transaction(session_factory) as session:
                assert keys.verify(session, token) is not None
        with reading(session_factory) as session:
            return session.scalar(select(ApiKey.last_used_at).where(ApiKey.id == key_id))

    first = use()
    assert first is not None and use() == first
    with transaction(session_factory) as session:
        session.execute(update(ApiKey).values(last_used_at=utcnow(-61)))
    assert use() >= first  # type: ignore[operator]


def test_roles_cover_those_below_them(session_factory: Maker) -> None:
    for role in ("viewer", "planner", "admin"):
        created(session_factory, role, role)
    with reading(session_factory) as session:
        viewer, planner, admin = keys.list_keys(session)
    assert [planner.may(role) for role in ("viewer", "planner", "admin")] == [True, True, False]
    assert [viewer.may(role) for role in ("viewer", "planner", "admin")] == [True, False, False]
    assert admin.may("admin")


@pytest.mark.parametrize(("name", "role"), [("x", "owner"), ("", "viewer"), ("  ", "viewer"), ("n" * 256, "viewer")])
def test_bad_names_and_roles_are_refused(session_factory: Maker, name: str, role: str) -> None:
    with pytest.raises(ValueError, match="must"):
        created(session_factory, name, role)
