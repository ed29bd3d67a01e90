"""Nothing accepted is lost, and nothing ends twice, whatever is killed meanwhile.

NIGHTSHIFT_STORM_REQUESTS sets how many requests each storm has, NIGHTSHIFT_STORM_SEED what happens to them.
"""

from __future__ import annotations

import os

import pytest

from benchmarks.survival.storm import Storm
from tests.survival.conftest import MakePlace

pytestmark = pytest.mark.slow

REQUESTS = int(os.environ.get("NIGHTSHIFT_STORM_REQUESTS", "25"))
SEED = int(os.environ.get("NIGHTSHIFT_STORM_SEED", "20260105"))
RECOVERY_SECONDS = 30.0


@pytest.mark.parametrize("database", ["sqlite", pytest.param("mariadb", marks=pytest.mark.services)])
def test_every_accepted_request_ends_exactly_once(make_place: MakePlace, database: str) -> None:
    storm = Storm(make_place(database), REQUESTS, SEED)
    recovery = storm.run(patience=RECOVERY_SECONDS)
    assert recovery <= RECOVERY_SECONDS, storm.place.stack.logs()
    verdict = storm.judge()
    kills = f"{sum(storm.kills.values())} kills: {storm.kills}"
    print(f"{database}: {verdict.states}, {recovery:.1f} s after the last of {kills}")
    assert verdict.complaints == []
    assert sum(verdict.states.values()) == REQUESTS
