"""A Redis that is full takes no more messages: what is accepted meanwhile waits, and ends once there is room."""

from __future__ import annotations

import time

import pytest

from benchmarks.survival.shops import faults, shop
from tests.survival.conftest import MakePlace

pytestmark = pytest.mark.slow

FULL_SECONDS = 4.0


def test_a_full_redis_delays_but_loses_nothing(make_place: MakePlace) -> None:
    place = make_place()
    place.stack.start("web", "control", "plan", "solve", "beat")
    in_flight = place.client.submit(shop(3.0))
    place.stack.until(lambda: place.busy(in_flight))
    place.redis.client().config_set("maxmemory", "1")
    accepted = [place.client.submit(shop(0.5, jobs=6)) for _ in range(2)]
    full_until = time.monotonic() + FULL_SECONDS
    while time.monotonic() < full_until:
        place.stack.start_again()
        time.sleep(0.2)
    assert [place.stack.view(run_id).state for run_id in accepted] == ["queued", "queued"]

    place.redis.client().config_set("maxmemory", "0")
    begun = time.monotonic()
    while not all(place.stack.view(run_id).ended for run_id in (in_flight, *accepted)):
        assert time.monotonic() < begun + 60.0, place.stack.logs()
        place.stack.start_again()
        time.sleep(0.2)
    print(f"all done {time.monotonic() - begun:.1f} s after there was room")
    for run_id in (in_flight, *accepted):
        assert (place.stack.view(run_id).state, place.stack.view(run_id).attempt) == ("finished", 1)
    assert faults(shop(3.0), place.stack.result(in_flight)) == []
