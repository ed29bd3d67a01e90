from __future__ import annotations

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from models.store import idempotency
from models.store.idempotency import Claim, Claimed
from models.tables import Run
from models.tables.session import reading, transaction
from tests.store.build import Maker, submitted


def test_a_key_leads_to_its_run_and_is_taken_once(session_factory: Maker) -> None:
    first, second = submitted(session_factory), submitted(session_factory)
    claim = Claim("key1", "again", "f" * 64)
    with transaction(session_factory) as session:
        assert idempotency.find(session, "key1", "again") is None
        idempotency.keep(session, claim, first)
    with pytest.raises(IntegrityError), transaction(session_factory) as session:
        idempotency.keep(session, claim, second)
    with reading(session_factory) as session:
        assert idempotency.find(session, "key1", "again") == Claimed(first, "f" * 64)


def test_keys_of_others_and_other_spellings_are_other_keys(session_factory: Maker) -> None:
    run_id = submitted(session_factory)
    with transaction(session_factory) as session:
        for key_id, name in (("key1", "again"), ("key1", "Again"), ("key2", "again")):
            idempotency.keep(session, Claim(key_id, name, "f" * 64), run_id)
        assert idempotency.find(session, "key2", "Again") is None


def test_a_key_goes_with_its_run(session_factory: Maker) -> None:
    run_id = submitted(session_factory)
    with transaction(session_factory) as session:
        idempotency.keep(session, Claim("key1", "again", "f" * 64), run_id)
        session.execute(delete(Run).where(Run.id == run_id))
        assert idempotency.find(session, "key1", "again") is None
