"""Two at once, or one too late: old attempts, zombies, duplicates, cancels. One end, and only one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from models.store import audit, plans, runs
from models.tables import Run
from models.tables.clock import utcnow
from models.tables.session import reading, transaction
from tasks import base, commands, steps, watch
from tasks import finish as finishing
from tasks import merge as merging
from tasks import plan as planning
from tasks import solve as solving
from tasks.finish import finish
from tasks.solve import solve
from tests.tasks.conftest import Road
from tests.tasks.test_road import searching

QUICK = searching(options={"engine": "cpsat", "time_limit_seconds": 1, "batch_size": 30})
STEPS = ("plan", "solve", "merge", "improve", "finish")


def deadline(run_id: str, seconds: float) -> None:
    """Moves the run's deadline to that many seconds from now."""
    with transaction(base.database()) as session:
        session.execute(update(Run).where(Run.id == run_id).values(deadline_at=utcnow(seconds)))


def walk(road: Road, until: str) -> str:
    """A run whose next message is ``until``."""
    run_id = road.submit(QUICK)
    for name in STEPS[: STEPS.index(until)]:
        if name == "merge":
            deadline(run_id, 31.0)  # time to improve is left, though here one batch was solved after the other
        road.deliver(road.take(name))
    return run_id


def move_on(road: Road, run_id: str) -> None:
    """Another worker takes the run to its second attempt; heartbeats may come between."""
    while (view := road.view(run_id)).attempt == 1:
        with transaction(base.database()) as session:
            runs.resume(session, run_id, 1, view.version)


def ends(run_id: str) -> list[str]:
    with reading(base.database()) as session:
        actions = [entry.action for entry in audit.entries(session, subject=run_id)]
    return [action for action in actions if action in ("run.finished", "run.cancelled", "run.failed")]


def meanwhile(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Callable[[], object]) -> None:
    """Does ``act`` once, at the beginning of the first call of that function."""
    real = getattr(module, name)
    acts = [act]

    def call(*args: Any, **options: Any) -> Any:
        if acts:
            acts.pop()()
        return real(*args, **options)

    monkeypatch.setattr(module, name, call)


@pytest.mark.parametrize("step", STEPS)
def test_a_message_of_an_old_attempt_changes_nothing(road: Road, step: str) -> None:
    run_id = walk(road, step)
    old = road.take(step)
    assert old
    move_on(road, run_id)
    before = road.view(run_id)
    road.deliver(old)
    assert road.sent == []
    assert road.view(run_id).version == before.version
    road.deliver([("nightshift.plan", (run_id, 2))])
    road.deliver()
    assert (road.view(run_id).state, road.view(run_id).attempt) == ("finished", 2)
    assert ends(run_id) == ["run.finished"]


@pytest.mark.parametrize(
    ("step", "module", "name"),
    [
        ("plan", planning, "work"),
        ("solve", solving, "solve_batch"),
        ("merge", merging, "aggregate"),
        ("finish", finishing, "conclude"),
    ],
)
def test_a_zombie_that_wakes_in_mid_step_leaves_no_trace(
    road: Road, monkeypatch: pytest.MonkeyPatch, step: str, module: Any, name: str
) -> None:
    run_id = walk(road, step)
    messages = road.take(step)
    meanwhile(monkeypatch, module, name, lambda: move_on(road, run_id))
    road.deliver(messages[:1])
    view = road.view(run_id)
    assert (view.state, view.attempt) == ("queued", 2)
    assert road.sent == []
    assert base.inflight().reports(run_id, 2) == {}
    assert ends(run_id) == []


def test_a_checkpoint_of_an_old_attempt_is_refused(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = walk(road, "improve")
    with reading(base.database()) as session:
        before = plans.last(session, run_id)
    assert before is not None
    move_on(road, run_id)
    with transaction(base.database()) as session:
        assert not plans.keep(session, run_id, 1, 99, decisions=b"[]", result=b"{}")
        assert plans.last(session, run_id) == before


def test_a_cancel_during_finish_changes_nothing(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = walk(road, "finish")
    meanwhile(monkeypatch, finishing, "conclude", lambda: commands.cancel(run_id))
    road.deliver()
    assert ends(run_id) == ["run.finished"]
    assert road.result(run_id)["status"] != "cancelled"


def test_a_cancel_during_merge_ends_the_run_as_cancelled(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = walk(road, "merge")
    meanwhile(monkeypatch, merging, "aggregate", lambda: commands.cancel(run_id))
    road.deliver()
    assert ends(run_id) == ["run.cancelled"]
    assert road.result(run_id)["status"] == "cancelled"


def test_a_cancel_while_it_is_planned_ends_the_run_as_cancelled(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = road.submit()
    meanwhile(monkeypatch, planning, "work", lambda: commands.cancel(run_id))
    road.deliver()
    assert ends(run_id) == ["run.cancelled"]
    assert len(road.result(run_id)["scheduled_jobs"]) == 8


def test_a_second_finish_is_dropped_while_the_first_is_at_it(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = walk(road, "finish")
    concluded: list[int] = []
    meanwhile(monkeypatch, finishing, "conclude", lambda: (concluded.append(1), finish(run_id, 1)))
    road.deliver()
    assert concluded == [1]
    assert ends(run_id) == ["run.finished"]


def test_of_two_finishes_that_cannot_see_each_other_one_stores(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "DEAD_SECONDS", 0.0)
    run_id = walk(road, "finish")
    meanwhile(monkeypatch, finishing, "conclude", lambda: finish(run_id, 1))
    road.deliver()
    assert ends(run_id) == ["run.finished"]
    assert road.result(run_id)["metrics"]["completion_rate"] == 1


def test_a_duplicate_of_a_batch_being_solved_is_dropped(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    (_, args), *_ = road.take("solve")
    calls: list[int] = []
    meanwhile(monkeypatch, solving, "solve_batch", lambda: (calls.append(1), solve(*args)))
    solve(*args)
    assert calls == [1]
    assert base.inflight().batch_states(run_id, 1)[0].deliveries == 1


def test_a_batch_whose_worker_died_after_its_report_is_not_solved_again(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    messages = road.take("solve")
    with monkeypatch.context() as patch:
        patch.setattr(solving, "_go_on", lambda *_: None)
        road.deliver(messages)
    assert road.sent == []
    monkeypatch.setattr(solving, "solve_batch", lambda *_: pytest.fail("solved again"))
    road.deliver(messages[:1])
    assert road.sent == [("nightshift.merge", (run_id, 1))]


def test_many_duplicates_of_a_plan_message_harm_nobody(road: Road) -> None:
    run_id = road.submit()
    duplicates = road.take("plan") * 6
    road.deliver(duplicates)
    assert [args[2] for _, args in road.sent] == [0, 1, 2]
    road.deliver()
    road.deliver(duplicates)
    assert (road.view(run_id).state, road.view(run_id).attempt) == ("finished", 1)


@pytest.mark.parametrize("number", [steps.PLAN, steps.MERGE, steps.FINISH, 0])
def test_what_kills_its_worker_is_not_begun_a_fourth_time(road: Road, number: int) -> None:
    run_id = road.submit()
    road.died(run_id, 1, number, times=3)
    with pytest.raises(steps.KillsWorkers, match="died 3 times"):
        steps.count(run_id, 1, number, again=True)


def test_too_little_memory_does_not_end_the_worker(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = road.submit()

    def full(_run_id: str) -> None:
        raise MemoryError

    monkeypatch.setattr(planning, "work", full)
    with pytest.raises(RuntimeError, match="memory"):
        road.deliver(road.take("plan"))
    assert road.view(run_id).state == "queued"


def test_a_failed_task_ends_its_attempt_though_others_beat(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks import recovery

    run_id = road.submit()
    road.deliver(road.take("plan"))

    def beat() -> None:
        with transaction(base.database()) as session:
            runs.beat(session, run_id, 1)

    meanwhile(monkeypatch, recovery, "restart", beat)
    recovery.stumbled(run_id, 1, ValueError("broken"))
    assert road.view(run_id).attempt == 2


def test_clocks_of_workers_do_not_matter(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    real = time.time
    run_id = road.submit(QUICK)
    for hours, name in enumerate(STEPS):
        monkeypatch.setattr(time, "time", lambda hours=hours: real() + 3600 * (hours - 2))
        road.deliver(road.take(name))
    assert road.view(run_id).state == "finished"
    assert road.result(run_id)["quality"]["engine"] != "dispatch"
