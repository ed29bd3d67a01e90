"""Requests that kill or block whoever works on them: each ends, and the others do not wait for it."""

from __future__ import annotations

import time

import pytest

from benchmarks.survival.place import Place
from benchmarks.survival.shops import faults, shop
from models.store import audit
from models.tables.session import reading, sessions
from tests.survival.conftest import MakePlace

pytestmark = pytest.mark.slow

INCLUDE = "tests.survival.misbehaving"


def poison(plant: str) -> dict[str, object]:
    return shop(1.0, jobs=6, batch_size=6, plant=plant)


def resumptions(place: Place, run_id: str) -> int:
    with reading(sessions(place.stack.database_url)) as session:
        return sum(entry.action == "run.resumed" for entry in audit.entries(session, subject=run_id))


def test_engines_that_raise_hang_or_kill_their_process(make_place: MakePlace) -> None:
    place = make_place(include=INCLUDE)
    place.stack.start()
    asked = {plant: place.stack.submit(poison(plant)) for plant in ("raises", "dies", "hangs", "fine")}
    begun = time.monotonic()
    for plant, run_id in asked.items():
        view = place.stack.ended(run_id)
        result = place.stack.result(run_id)
        print(f"{plant}: {view.state}, attempt {view.attempt}, {time.monotonic() - begun:.1f} s")
        assert (view.state, view.attempt) == ("finished", 1)
        assert faults(poison(plant), result) == []
        assert result["fallback_used"] == (plant in ("raises", "hangs"))
    tried = place.stack.result(asked["dies"])["quality"]["engines_tried"]
    assert tried == ["dispatch"]  # the third delivery asks no engine


def test_an_engine_that_never_lets_go_is_killed_at_the_hard_limit(make_place: MakePlace) -> None:
    place = make_place(include=INCLUDE, NIGHTSHIFT_HARD_LIMIT_SECONDS="2")
    place.stack.start()
    hogs, fine = place.stack.submit(poison("hogs")), place.stack.submit(poison("fine"))
    begun = time.monotonic()
    assert place.stack.ended(fine).state == "finished"
    print(f"fine: {time.monotonic() - begun:.1f} s")
    view = place.stack.ended(hogs)
    print(f"hogs: {view.state}, attempt {view.attempt}, {time.monotonic() - begun:.1f} s")
    result = place.stack.result(hogs)
    assert view.state == "finished"
    assert result["fallback_used"]
    assert faults(poison("hogs"), result) == []


@pytest.mark.parametrize(("step", "attempts"), [("plan", 3), ("merge", 2), ("finish", 2)])
def test_a_step_that_kills_its_worker_ends_in_a_stored_error(make_place: MakePlace, step: str, attempts: int) -> None:
    place = make_place(include=INCLUDE, NIGHTSHIFT_MAX_ATTEMPTS=str(attempts))
    place.stack.start()
    deadly, fine = place.stack.submit(poison(step)), place.stack.submit(poison("fine"))
    begun = time.monotonic()
    assert place.stack.ended(fine).state == "finished"
    print(f"fine: {time.monotonic() - begun:.1f} s")
    view = place.stack.ended(deadly, seconds=200.0)
    print(f"{step}: {view.state}, attempt {view.attempt}, {time.monotonic() - begun:.1f} s")
    assert (view.state, view.attempt) == ("failed", attempts)
    assert view.error is not None and f"its worker died {attempts} times" in view.error["detail"]
    assert resumptions(place, deadly) == attempts - 1
