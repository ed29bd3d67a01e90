"""Whatever got lost, the sweep finds it: each case made by hand, then swept."""

from __future__ import annotations

import pytest

from models.tables.session import transaction
from tasks import base, steps
from tasks import sweep as sweeping
from tasks.recovery import stumbled
from tasks.sweep import sweep
from tests.tasks.conftest import Road, shop


@pytest.fixture(autouse=True)
def _all_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "STALE_SECONDS", -1.0)


def names(road: Road) -> list[str]:
    return [name.removeprefix("nightshift.") for name, _ in road.sent]


def wipe(run_id: str) -> None:
    base.inflight().drop(run_id)


def test_a_lost_plan_message_is_sent_again(road: Road) -> None:
    run_id = road.submit()
    road.take()
    sweep()
    assert road.sent == [("nightshift.plan", (run_id, 1))]
    road.deliver()
    assert road.view(run_id).state == "finished"


def test_a_wiped_redis_costs_no_attempt(road: Road) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    lost = road.take("solve")
    road.deliver(lost[:1])
    wipe(run_id)
    sweep()
    assert names(road) == ["solve"] * 3
    road.deliver()
    view = road.view(run_id)
    assert (view.state, view.attempt) == ("finished", 1)


def test_lost_batches_are_sent_again_when_no_queue_holds_them(road: Road) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    first, second, _lost = road.take("solve")
    road.deliver([first])
    road.sent.append(second)
    sweep()
    assert [args for _, args in road.sent] == [(run_id, 1, 1), (run_id, 1, 2)]
    road.deliver()
    assert road.view(run_id).state == "finished"


def test_a_run_that_waits_for_its_turn_is_left_alone(road: Road) -> None:
    run_id = road.submit()
    for _ in range(5):
        sweep()
    assert road.sent == [("nightshift.plan", (run_id, 1))]
    road.deliver(road.take("plan"))
    waiting = [*road.sent]
    for _ in range(5):
        sweep()
    assert road.sent == waiting
    road.deliver()
    assert (road.view(run_id).state, road.view(run_id).attempt) == ("finished", 1)


def test_lost_merge_and_finish_messages_are_sent_again(road: Road) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    road.deliver(road.take("solve"))
    road.take("merge")
    sweep()
    assert road.sent == [("nightshift.merge", (run_id, 1))]
    road.deliver(road.take("merge"))
    road.take("finish")
    sweep()
    assert road.sent == [("nightshift.merge", (run_id, 1))]
    road.deliver()
    assert road.view(run_id).state == "finished"


def test_a_lost_worker_costs_an_attempt_and_the_third_uses_dispatch(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = road.submit(shop(options={"engine": "cpsat", "time_limit_seconds": 2, "batch_size": 3}))
    for attempt in (1, 2):
        road.deliver(road.take("plan"))
        (_, args), *_ = road.take("solve")
        road.died(*args)
        sweep()
        assert road.sent == [("nightshift.plan", (run_id, attempt + 1))]
    road.deliver()
    view = road.view(run_id)
    assert (view.state, view.attempt) == ("finished", 3)
    assert road.result(run_id)["quality"]["engines_tried"] == ["dispatch"]


def test_a_worker_lost_three_times_ends_in_a_stored_error(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = road.submit()
    for _ in range(3):
        road.deliver(road.take("plan"))
        (_, args), *_ = road.take("solve")
        road.died(*args)
        sweep()
    view = road.view(run_id)
    assert view.state == "failed"
    assert view.error is not None and "a worker was lost" in view.error["detail"]
    assert road.sent == []


def test_a_planning_task_that_kills_its_worker_ends_in_a_stored_error(road: Road) -> None:
    run_id = road.submit()
    for attempt in (1, 2, 3):
        road.died(run_id, attempt, steps.PLAN, times=3)
        with pytest.raises(steps.KillsWorkers) as killed:
            road.deliver(road.take("plan"))
        stumbled(run_id, attempt, killed.value)
    assert road.view(run_id).state == "failed"


def test_two_sweeps_at_once_start_one_attempt(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    (_, args), *_ = road.take("solve")
    road.died(*args)
    view = road.view(run_id)
    monkeypatch.setattr(sweeping, "neglected", lambda *_, **__: [view])
    sweep()
    sweep()
    assert road.sent == [("nightshift.plan", (run_id, 2))]
    assert road.view(run_id).attempt == 2


def test_an_overdue_run_finishes_with_what_there_is(road: Road) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    road.deliver(road.take("solve")[:1])
    with transaction(base.database()) as session:
        from sqlalchemy import update

        from models.tables import Run
        from models.tables.clock import utcnow

        session.execute(update(Run).where(Run.id == run_id).values(deadline_at=utcnow(-5)))
    sweep()
    assert road.sent == [("nightshift.finish", (run_id, 1))]
    road.deliver()
    result = road.result(run_id)
    assert result["fallback_used"]
    assert any("no answer in time" in warning for warning in result["warnings"])
    assert len(result["scheduled_jobs"]) == 8
