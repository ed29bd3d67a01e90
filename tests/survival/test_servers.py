"""Redis and MariaDB killed with work in flight: the same workers go on, and what was accepted ends once."""

from __future__ import annotations

import time

import pytest

from benchmarks.survival.place import Place
from benchmarks.survival.shops import faults, shop
from benchmarks.survival.stack import WORKERS
from models.store import audit
from models.tables.session import reading, sessions
from tests.survival.conftest import MakePlace

pytestmark = pytest.mark.slow

SOON_SECONDS = 10.0


def actions(place: Place, run_id: str) -> list[str]:
    with reading(sessions(place.stack.database_url)) as session:
        return sorted(entry.action for entry in audit.entries(session, subject=run_id))


@pytest.mark.parametrize(("seconds", "empty"), [(1.0, False), (6.0, False), (1.0, True)])
def test_redis_killed_in_mid_solve(make_place: MakePlace, seconds: float, empty: bool) -> None:
    place = make_place()
    place.stack.start()
    in_flight = place.stack.submit(shop(4.0))
    place.stack.until(lambda: place.busy(in_flight))
    workers = {name: [child.pid for child in place.stack.children(name)] for name in WORKERS}

    place.redis.kill()
    time.sleep(seconds)
    place.redis.start(empty=empty)
    back = time.monotonic()
    new = place.stack.submit(shop(0.5, jobs=6))
    place.stack.ended(new)
    print(f"down {seconds:g} s, empty {empty}: new work done after {time.monotonic() - back:.1f} s")
    assert time.monotonic() - back < SOON_SECONDS + 0.5
    view = place.stack.ended(in_flight)
    print(f"work in flight done after {time.monotonic() - back:.1f} s, attempt {view.attempt}")

    assert (view.state, place.stack.view(new).state) == ("finished", "finished")
    assert view.attempt == 1
    assert actions(place, in_flight) == ["run.finished", "run.submitted"]
    assert faults(shop(4.0), place.stack.result(in_flight)) == []
    for name, pids in workers.items():
        assert set(pids) <= {child.pid for child in place.stack.children(name)}, name
        assert place.stack.running[name].poll() is None


def test_mariadb_killed_in_mid_solve(make_place: MakePlace) -> None:
    place = make_place("mariadb")
    assert place.mariadb is not None
    place.stack.start()
    in_flight = place.stack.submit(shop(3.0))
    place.stack.until(lambda: place.busy(in_flight))
    place.mariadb.kill()
    time.sleep(2.0)
    place.mariadb.start()
    back = time.monotonic()
    new = place.stack.submit(shop(0.5, jobs=6))
    views = [place.stack.ended(run_id) for run_id in (new, in_flight)]
    print(f"all done {time.monotonic() - back:.1f} s after MariaDB was back")
    assert [(view.state, view.attempt) for view in views] == [("finished", 1)] * 2
    assert actions(place, in_flight) == ["run.finished", "run.submitted"]
    assert faults(shop(3.0), place.stack.result(in_flight)) == []


def test_without_beat_all_goes_on_but_what_was_lost(make_place: MakePlace) -> None:
    place = make_place()
    place.redis.kill()
    lost = place.stack.submit(shop(0.5, jobs=6))
    place.redis.start()
    place.stack.start(*WORKERS)
    new = place.stack.submit(shop(0.5, jobs=6))
    place.stack.ended(new)
    assert place.stack.view(lost).state == "queued"
    place.stack.start("beat")
    begun = time.monotonic()
    assert place.stack.ended(lost).state == "finished"
    print(f"a lost message was found {time.monotonic() - begun:.1f} s after beat started")
