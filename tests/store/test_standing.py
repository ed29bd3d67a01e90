from __future__ import annotations

from models.store.standing import OpenRuns, open_runs
from models.store.views import OPEN_STATES
from models.tables.session import transaction
from tests.store.build import Maker, end, let_pass, solving, submitted


def standing(maker: Maker) -> OpenRuns:
    with transaction(maker) as session:
        return open_runs(session)


def test_without_runs_all_is_nought(session_factory: Maker) -> None:
    nought = dict.fromkeys(OPEN_STATES, 0)
    assert standing(session_factory) == OpenRuns(nought, dict.fromkeys(OPEN_STATES, 0.0), 0.0)


def test_open_runs_are_counted_with_their_ages(session_factory: Maker) -> None:
    waiting, busy = submitted(session_factory), solving(session_factory)
    submitted(session_factory)
    end(session_factory, solving(session_factory))
    let_pass(session_factory, waiting, 500)
    let_pass(session_factory, busy, 60)
    found = standing(session_factory)
    assert found.counts == {"queued": 2, "solving": 1, "improving": 0}
    assert 60 <= found.heartbeat_age < 70
    assert 0 <= found.oldest["queued"] < 10
    assert found.oldest["improving"] == 0
