"""What is lost between two steps, and what only has to wait: the sweep tells them apart."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest
import redis
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from models.inflight import Inflight
from models.shop.objective import LEVEL_UNIT
from models.store import plans, runs
from models.tables.session import reading
from tasks import away, base, board, finish
from tasks import sweep as sweeping
from tasks.sweep import sweep
from tests.tasks.conftest import Road, shop
from tests.tasks.test_races import QUICK, deadline, ends, walk


@pytest.fixture(autouse=True)
def _all_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "STALE_SECONDS", -1.0)


def checkpointed(run_id: str) -> float:
    """The first objective of the plan kept in the database."""
    with reading(base.database()) as session:
        kept = plans.document(session, run_id)
    assert kept is not None
    return float(json.loads(kept[1])["metrics"]["weighted_tardiness"])


def test_a_batch_that_waits_in_a_long_queue_is_not_overdue(road: Road) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    first, *waiting = road.take("solve")
    road.deliver([first])
    road.sent.extend(waiting)
    deadline(run_id, -100.0)
    for _ in range(3):
        sweep()
    assert road.sent == waiting
    road.deliver()
    assert (road.view(run_id).state, road.view(run_id).attempt) == ("finished", 1)
    assert not road.result(run_id)["fallback_used"]


def test_a_run_whose_improvers_wait_behind_others_ends_in_time(road: Road) -> None:
    run_id = walk(road, "improve")
    waiting = [*road.sent]
    assert [name for name, _ in waiting] == ["nightshift.improve"] * 2
    sweep()
    assert road.sent == waiting
    deadline(run_id, 30 - 3 - 0.1)  # what is left of it is the hard limit; its solving time ended three seconds ago
    sweep()
    assert road.sent == [*waiting, ("nightshift.finish", (run_id, 1))]
    road.deliver(road.take("finish"))
    assert road.view(run_id).state == "finished"
    road.deliver()
    assert ends(run_id) == ["run.finished"]


def test_a_merge_that_dies_before_it_sends_improvers_costs_only_the_time_left(road: Road) -> None:
    run_id = walk(road, "improve")
    road.take("improve")
    best = checkpointed(run_id)
    sweep()
    assert road.sent == [("nightshift.finish", (run_id, 1))]
    road.deliver()
    assert road.result(run_id)["metrics"]["weighted_tardiness"] == best


def test_an_improver_that_lives_on_ends_the_run_whose_other_one_died(road: Road) -> None:
    run_id = walk(road, "improve")
    alive, (_, dead) = road.take("improve")
    road.died(*dead[:3])
    road.deliver([alive])
    assert road.sent == [("nightshift.finish", (run_id, 1))]


def test_improvers_that_are_all_dead_are_not_waited_for(road: Road) -> None:
    run_id = walk(road, "improve")
    for _, args in road.take("improve"):
        road.died(*args[:3])
    sweep()
    assert road.sent == [("nightshift.finish", (run_id, 1))]


def test_an_improver_that_died_twice_is_not_tried_a_third_time(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = walk(road, "improve")
    _, (name, args) = road.take("improve")
    road.died(*args[:3], times=2)
    monkeypatch.setattr("tasks.improve.improve_plan", lambda *_: pytest.fail("tried again"))
    road.deliver([(name, args)])
    road.deliver()
    assert road.view(run_id).state == "finished"


def test_the_lost_end_of_an_empty_shop_is_sent_again(road: Road) -> None:
    document = shop(jobs=1)
    document["fixed"] = [
        {"job_id": "J0", "machine_id": "M0", "start_time": "2026-01-05T06:00:00+01:00", "remaining_time": 1}
    ]
    run_id = road.submit(document)
    road.deliver(road.take("plan"))
    if road.view(run_id).batches_total == 0:
        road.take()
    sweep()
    road.deliver()
    assert (road.view(run_id).state, road.view(run_id).attempt) == ("finished", 1)


def test_the_lost_end_of_a_first_plan_is_sent_again(road: Road) -> None:
    run_id = road.submit(first_plan=True)
    road.deliver(road.take("plan"))
    road.take("finish")
    sweep()
    assert road.sent == [("nightshift.finish", (run_id, 1))]
    road.deliver()
    assert road.view(run_id).state == "finished"


def test_a_finish_that_died_after_its_commit_drops_the_scratch_when_it_comes_again(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = walk(road, "finish")
    messages = road.take("finish")
    with monkeypatch.context() as patch:
        patch.setattr(finish, "forget", lambda *_: None)
        road.deliver(messages)
    assert base.inflight().known(run_id, 1)
    monkeypatch.setattr(base.RunTask, "again", True)
    road.deliver(messages)
    assert not base.inflight().known(run_id, 1)
    assert board.RedisBoard(run_id, 1).read() is None
    assert ends(run_id) == ["run.finished"]


def test_a_redis_that_came_back_older_costs_no_plan(road: Road) -> None:
    run_id = walk(road, "improve")
    road.take("improve")
    best = checkpointed(run_id)
    client, keys = redis_of(road), f"nightshift:run:{run_id}:1:*"
    # the state before anything was merged: the incumbent is that of the plan task, reports are gone
    worse = board.RedisBoard(run_id, 1).read()
    assert worse is not None
    client.delete(*client.keys(keys))
    value = (worse.value[0], worse.value[1] + LEVEL_UNIT, *worse.value[2:])
    reverse = tuple(reversed(worse.decisions))
    assert board.RedisBoard(run_id, 1).put(0, value, reverse)
    sweep()
    road.deliver()
    assert road.view(run_id).state == "finished"
    assert road.result(run_id)["metrics"]["weighted_tardiness"] == best


def test_messages_and_scratch_of_ended_runs_that_come_back_do_nothing(road: Road) -> None:
    run_id = road.submit(QUICK)
    seen: list[tuple[str, tuple[Any, ...]]] = []
    while road.sent:
        seen += road.sent
        road.deliver(road.take())
    before = (road.view(run_id), road.result(run_id))
    base.inflight().open(run_id, 1, 2)
    road.deliver(seen)
    sweep()
    assert road.sent == []
    assert road.result(run_id) == before[1] and road.view(run_id).version == before[0].version


def test_a_sweep_without_redis_takes_no_attempt(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))

    def gone(*_: object) -> None:
        raise redis.ConnectionError("away")

    monkeypatch.setattr(away, "PAUSES", (0.0,))
    with monkeypatch.context() as patch:
        patch.setattr(Inflight, "batch_states", gone)
        with pytest.raises(redis.ConnectionError):
            sweep()
    assert (road.view(run_id).state, road.view(run_id).attempt) == ("solving", 1)


def test_a_report_waits_for_redis(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    real, tries = Inflight.put_report, iter(range(10))

    def later(*args: Any) -> int:
        if next(tries) < 3:
            raise redis.ConnectionError("away")
        return real(*args)

    monkeypatch.setattr(away, "PAUSES", (0.01,) * 5)
    monkeypatch.setattr(Inflight, "put_report", later)
    road.deliver()
    view = road.view(run_id)
    assert (view.state, view.attempt) == ("finished", 1)


def redis_of(road: Road) -> redis.Redis:
    """The client behind the scratch."""
    return base.inflight()._client


def test_a_database_without_space_refuses_what_is_new_and_loses_nothing(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = base.database().kw["bind"]
    if engine.dialect.name != "sqlite":
        pytest.skip("a full disk is made by SQLite's own limit of pages")
    run_id = walk(road, "finish")
    event.listen(engine, "connect", _fill)
    engine.dispose()
    with pytest.raises(OperationalError, match="full"):
        for _ in range(50):
            road.submit(QUICK)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "finish", _no_space)
        with pytest.raises(OperationalError, match="full"):
            road.deliver(road.take("finish"))
    assert road.view(run_id).state == "improving"
    event.remove(engine, "connect", _fill)
    engine.dispose()
    sweep()
    road.deliver()
    assert ends(run_id) == ["run.finished"]
    with reading(base.database()) as session:
        assert runs.counts(session)["queued"] == 0


def _fill(connection: Any, _record: object) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}").close()


def _no_space(*_args: object, **_options: object) -> bool:
    raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
