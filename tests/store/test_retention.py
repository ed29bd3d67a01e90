"""Old runs go, with all that belongs to them; what is needed stays."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session, sessionmaker

from models.store import audit, retention
from models.tables import Base, Run
from models.tables.clock import utcnow
from models.tables.session import transaction
from tests.store.build import end, seen, solving, submitted

Maker = sessionmaker[Session]


def aged(maker: Maker, run_id: str, days: float) -> str:
    """As if the run had been accepted ``days`` ago."""
    with transaction(maker) as session:
        session.execute(update(Run).where(Run.id == run_id).values(created_at=utcnow(-days * 86_400)))
    return run_id


def ended(maker: Maker, days: float) -> str:
    run_id = solving(maker)
    assert end(maker, run_id)
    return aged(maker, run_id, days)


def ids(maker: Maker) -> set[str]:
    with transaction(maker) as session:
        return set(session.scalars(select(Run.id)))


def test_old_runs_go_and_young_and_open_ones_stay(session_factory: Maker) -> None:
    old, young = ended(session_factory, 91), ended(session_factory, 89)
    queued = aged(session_factory, submitted(session_factory), 1000)
    assert retention.prune(session_factory, 90, actor="cli") == 1
    assert ids(session_factory) == {young, queued}
    with transaction(session_factory) as session:
        for table in Base.metadata.sorted_tables:
            if "run_id" in table.c:
                left = select(func.count()).select_from(table).where(table.c.run_id == old)
                assert session.scalar(left) == 0, table.name
        entry = audit.entries(session, "retention")[0]
        assert (entry.action, entry.actor, entry.detail) == ("runs.pruned", "cli", {"runs": 1, "days": 90})
        assert audit.entries(session, old), "what was done to it is still told"
    assert seen(session_factory, young).ended


def test_the_run_of_an_accepted_plan_stays(session_factory: Maker) -> None:
    kept, gone = ended(session_factory, 100), ended(session_factory, 100)
    with transaction(session_factory) as session:
        accepted = {"plant": "main", "number": 1, "run_id": kept, "accepted_by": "cli"}
        session.execute(insert(Base.metadata.tables["accepted_plans"]).values(accepted))
    assert retention.prune(session_factory, 90) == 1
    assert ids(session_factory) == {kept}
    assert gone not in ids(session_factory)


def test_many_go_in_slices_and_time_is_kept(session_factory: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SLICE", 2)
    for _ in range(5):
        ended(session_factory, 100)
    assert retention.prune(session_factory, 90, seconds=0.0) == 0
    assert retention.prune(session_factory, 90) == 5
    assert retention.prune(session_factory, 90) == 0
