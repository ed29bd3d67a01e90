"""What ``nightshift train`` finds to learn on in the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.cli.errors import BadInput
from app.cli.material import gathered
from models.settings import settings
from models.shop.generate import factory
from models.shop.parse import parse
from models.store import runs
from models.tables.session import transaction
from tests.store.build import submitted
from workers import local

Maker = sessionmaker[Session]


def finished(maker: Maker, seed: int) -> None:
    """A finished run of a small plant, planned by dispatch rules."""
    document = factory(12, 4, seed)
    result = local.solve(parse(document), engine="dispatch", seconds=1.0)
    run_id = submitted(maker, body=json.dumps(document).encode())
    with transaction(maker) as session:
        runs.begin(session, run_id, 1, batches=1)
        assert runs.finish(session, run_id, 1, state="finished", result=json.dumps(result).encode())


@pytest.fixture
def store(session_factory: Maker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maker]:
    monkeypatch.setattr("app.cli.database.made_sessions", lambda: session_factory)
    yield session_factory
    settings.cache_clear()


def keeps(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setenv("NIGHTSHIFT_TRAINING_RUNS", str(count))
    settings.cache_clear()


def test_finished_runs_and_their_plans_are_learned_from(store: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(3):
        finished(store, seed)
    keeps(monkeypatch, 2)
    found = gathered(None, store=True, plant=None, tardy=True)
    assert found.described == "pieces of real problems (1 of finished runs), 1 with a final plan"
    assert found.judged_on == "pieces of the newest problem, which was not trained on"
    assert len(found.plans) == 1 and len(found.plans[0].placed) == 12
    keeps(monkeypatch, 3)
    assert len(gathered(None, store=True, plant=None, tardy=True).plans) == 2
    assert gathered(None, store=True, plant=None, tardy=False).plans == (), "their objective is another one"


def test_no_run_is_taken_unless_it_is_asked_for(store: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(store, 1)
    keeps(monkeypatch, 0)
    with pytest.raises(BadInput, match="no problem with an operation to learn on in the store; nightshift ingest"):
        gathered(None, store=True, plant=None, tardy=True)


def test_what_the_store_holds_and_files_go_together(
    store: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(store, 1)
    keeps(monkeypatch, 5)
    (tmp_path / "one.json").write_text(json.dumps(factory(5, 3, 1)))
    found = gathered(tmp_path, store=True, plant=None, tardy=True)
    assert found.described == "pieces of real problems (1 in files), 0 with a final plan"
