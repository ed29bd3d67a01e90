"""Old runs go, with all that belongs to them; what is needed stays."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session, sessionmaker

from models.store import audit, material, origins, replans, retention, snapshots
from models.store import ids as made_ids
from models.store.origins import Origin
from models.tables import Base, Replan, ReplanTry, Run, SnapshotRow
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
    assert retention.prune(session_factory, 90, actor="cli").runs == 1
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
    assert retention.prune(session_factory, 90).runs == 1
    assert ids(session_factory) == {kept}
    assert gone not in ids(session_factory)


def test_a_plan_stays_until_the_runs_made_from_it_have_ended(session_factory: Maker) -> None:
    parent, child = ended(session_factory, 100), solving(session_factory)
    with transaction(session_factory) as session:
        origins.keep(session, child, Origin(parent, "disruption", {}), None)
    assert retention.prune(session_factory, 90).runs == 0
    assert end(session_factory, child)
    assert retention.prune(session_factory, 90).runs == 1
    assert ids(session_factory) == {child}


def test_the_newest_finished_runs_stay_where_policies_are_trained_on_them(
    session_factory: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest, older, old = (ended(session_factory, days) for days in (300, 200, 100))
    monkeypatch.setattr(retention, "settings", lambda: SimpleNamespace(training_runs=2))
    assert retention.prune(session_factory, 90).runs == 1
    assert ids(session_factory) == {older, old}
    with transaction(session_factory) as session:
        assert [one.origin for one in material.of_runs(session, 5)] == [f"run {old}", f"run {older}"]
        assert [one.result for one in material.of_runs(session, 1)] == [{"status": "feasible"}]
        assert list(material.of_runs(session, 5, "another plant")) == []
    monkeypatch.setattr(retention, "settings", lambda: SimpleNamespace(training_runs=0))
    assert retention.prune(session_factory, 90).runs == 2
    assert oldest not in ids(session_factory)


def test_many_go_in_slices_and_time_is_kept(session_factory: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SLICE", 2)
    for _ in range(5):
        ended(session_factory, 100)
    assert retention.prune(session_factory, 90, seconds=0.0).runs == 0
    assert retention.prune(session_factory, 90).runs == 5
    assert retention.prune(session_factory, 90).runs == 0


def snapshot(maker: Maker, days: float, state: str = "good", plant: str = "main") -> str:
    """A snapshot stored ``days`` ago."""
    snapshot_id = made_ids.run_id()
    empty = {"rows": {}, "refused": [], "refused_total": 0, "stopped": [], "body": b"", "jobs": 1, "hours": 1.0}
    moments = {"taken_at": utcnow(-days * 86_400), "created_at": utcnow(-days * 86_400)}
    row = {"id": snapshot_id, "plant": plant, "state": state, "generated": False, "tells_progress": True}
    with transaction(maker) as session:
        session.execute(insert(SnapshotRow).values(row | empty | moments))
    return snapshot_id


def replanned(maker: Maker, snapshot_id: str, state: str, run_id: str | None = None) -> None:
    """A replan from a snapshot, with its run."""
    with transaction(maker) as session:
        replan_id = replans.ask(session, "main", {}, "cli")
        session.execute(update(Replan).where(Replan.id == replan_id).values(snapshot_id=snapshot_id, state=state))
        if run_id is not None:
            session.execute(insert(ReplanTry).values(replan_id=replan_id, number=1, run_id=run_id, price=0.0))


def test_old_runs_of_ended_replans_go_unless_their_plan_was_accepted(session_factory: Maker) -> None:
    won, lost, tried, young = (ended(session_factory, days) for days in (100, 100, 100, 80))
    for state, run_id in (("accepted", won), ("held", lost), ("solving", tried), ("held", young)):
        replanned(session_factory, snapshot(session_factory, 100), state, run_id)
    with transaction(session_factory) as session:
        accepted = {"plant": "main", "number": 1, "run_id": won, "accepted_by": "cli"}
        session.execute(insert(Base.metadata.tables["accepted_plans"]).values(accepted))
    assert retention.prune(session_factory, 90).runs == 1
    assert ids(session_factory) == {won, tried, young}


def test_old_snapshots_go_unless_a_plan_in_force_or_a_replan_needs_them(session_factory: Maker) -> None:
    forced, before, open_one, gone = (snapshot(session_factory, days) for days in (150, 140, 130, 120))
    stopped = snapshot(session_factory, 100, "stopped")
    last, lonely = snapshot(session_factory, 95), snapshot(session_factory, 200, plant="b")
    young = snapshot(session_factory, 1, "stopped")
    first, second = ended(session_factory, 140), ended(session_factory, 150)
    replanned(session_factory, before, "accepted", first)
    replanned(session_factory, forced, "accepted", second)
    replanned(session_factory, open_one, "solving")
    replanned(session_factory, gone, "held")
    with transaction(session_factory) as session:
        rows = [
            {"plant": "main", "number": number, "run_id": run_id, "accepted_by": "cli"}
            for number, run_id in enumerate((first, second), start=1)
        ]
        session.execute(insert(Base.metadata.tables["accepted_plans"]), rows)
    assert retention.prune(session_factory, 90).snapshots == 3
    with transaction(session_factory) as session:
        left = set(session.scalars(select(SnapshotRow.id)))
        latest = snapshots.latest(session, "main")
    assert left == {forced, open_one, last, lonely, young}
    assert {before, gone, stopped}.isdisjoint(left)
    assert latest is not None and latest.id == last
