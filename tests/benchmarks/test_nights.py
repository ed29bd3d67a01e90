"""Nights over each change of the clock, two beats, random kills: each due time happens exactly once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.nights import simulate


@pytest.mark.parametrize("month", [3, 10])
def test_each_due_time_happens_exactly_once(month: int, session_factory: sessionmaker[Session]) -> None:
    found = simulate(session_factory, nights=30, down=0.1, start=datetime(2026, month, 12, tzinfo=UTC))
    assert found.kills > 5
    assert found.states["skipped"] > 0
    assert found.exact, found
