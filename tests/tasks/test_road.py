"""One request from its submission to its stored result, step by step, each step also twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.shop.generate import factory
from models.shop.objective import LEVEL_UNIT
from models.shop.parse import load, parse
from models.shop.result_reader import read_result
from models.shop.validator import validate
from models.store import audit, plans, runs
from models.tables.session import reading, transaction
from tasks import base, board, commands
from tasks.commands import cancel
from tests.tasks.conftest import Road, shop
from tests.workers.engines import MISBEHAVING
from workers import conclude, engine


def test_a_request_ends_in_one_checked_result(road: Road) -> None:
    run_id = road.submit()
    assert road.view(run_id).state == "queued"
    assert road.sent == [("nightshift.plan", (run_id, 1))]

    road.deliver(road.take())
    assert road.view(run_id).state == "solving"
    assert [args for _, args in road.sent] == [(run_id, 1, number) for number in range(3)]

    road.deliver(road.take("solve"))
    assert road.sent == [("nightshift.merge", (run_id, 1))]

    road.deliver(road.take("merge"))
    assert road.sent == [("nightshift.finish", (run_id, 1))]

    road.deliver()
    view = road.view(run_id)
    assert (view.state, view.attempt, view.batches_done) == ("finished", 1, 3)
    result = road.result(run_id)
    problem = parse(shop())
    schedule, metrics = read_result(problem, result)
    verdict = validate(problem, schedule, metrics)
    assert verdict.valid, verdict.violations
    assert result["schedule_id"] == run_id
    assert len(result["scheduled_jobs"]) == 8
    assert result["metrics"]["completion_rate"] == 1
    assert result["quality"]["input_sha256"] == view.digest
    assert [level["objective"] for level in result["quality"]["levels"]] == ["weighted_tardiness", "makespan"]
    assert not result["fallback_used"]


def test_what_happened_is_in_the_audit_log(road: Road) -> None:
    run_id = road.submit()
    road.deliver()
    with reading(base.database()) as session:
        actions = [entry.action for entry in audit.entries(session, subject=run_id)]
    assert sorted(actions) == ["run.finished", "run.submitted"]


def test_every_task_delivered_twice_changes_nothing(road: Road) -> None:
    run_id = road.submit()
    for name in ("plan", "solve", "merge", "finish"):
        messages = road.take(name)
        road.deliver(messages)
        road.deliver(messages)
    first = road.result(run_id)
    version = road.view(run_id).version
    road.deliver()
    assert road.result(run_id) == first
    assert road.view(run_id).version == version


def test_messages_of_an_earlier_attempt_are_dead(road: Road) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    old = road.take("solve")
    view = road.view(run_id)
    with transaction(base.database()) as session:
        assert runs.resume(session, run_id, view.attempt, view.version) == 2
    road.deliver([*old, ("nightshift.finish", (run_id, 1)), ("nightshift.plan", (run_id, 1))])
    assert road.sent == []
    assert road.view(run_id).state == "queued"
    road.deliver([("nightshift.plan", (run_id, 2))])
    road.deliver()
    assert road.view(run_id).state == "finished"


def test_a_request_is_accepted_while_the_broker_is_away(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise commands.kombu.exceptions.OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(commands.app, "send_task", away)
        run_id = road.submit()
    assert road.view(run_id).state == "queued"
    assert road.sent == []


def test_a_failing_engine_is_told_in_the_result(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engine.ENGINES, "cpsat", MISBEHAVING["raises"])  # type: ignore[arg-type]
    run_id = road.submit(shop(options={"engine": "cpsat", "time_limit_seconds": 2, "batch_size": 3}))
    road.deliver()
    result = road.result(run_id)
    assert result["fallback_used"]
    assert any("ValueError: no such luck" in warning for warning in result["warnings"])
    assert result["quality"]["engines_tried"] == ["dispatch", "cpsat"]
    assert result["metrics"]["completion_rate"] == 1


def test_the_third_delivery_of_a_batch_uses_dispatch_alone(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engine.ENGINES, "cpsat", MISBEHAVING["dies"])  # type: ignore[arg-type]
    run_id = road.submit(shop(options={"engine": "cpsat", "time_limit_seconds": 2, "batch_size": 3}))
    road.deliver(road.take("plan"))
    for number in range(3):
        road.died(run_id, 1, number, times=2)
    road.deliver()
    assert road.view(run_id).state == "finished"
    assert road.result(run_id)["quality"]["engines_tried"] == ["dispatch"]


def test_cancelling_a_queued_request_keeps_a_plan(road: Road) -> None:
    run_id = road.submit()
    view = cancel(run_id)
    assert view is not None and view.cancel_requested
    road.deliver()
    assert road.view(run_id).state == "cancelled"
    result = road.result(run_id)
    assert result["status"] == "cancelled"
    assert len(result["scheduled_jobs"]) == 8


def test_cancelling_between_batches_keeps_what_was_solved(road: Road) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    first, *_ = road.take("solve")
    road.deliver([first])
    cancel(run_id)
    road.deliver()
    result = road.result(run_id)
    assert result["status"] == "cancelled"
    assert len(result["scheduled_jobs"]) == 8
    assert road.view(run_id).state == "cancelled"


def test_cancelling_what_has_ended_or_never_was_changes_nothing(road: Road) -> None:
    run_id = road.submit()
    road.deliver()
    view = cancel(run_id)
    assert view is not None and view.state == "finished"
    assert road.sent == []
    assert cancel("01890000-0000-7000-8000-000000000000") is None


def test_a_plan_the_validator_refuses_never_leaves(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = iter([False, True])
    real = conclude.validate

    class Refused:
        valid = False
        violations = (conclude.Violation("overlap", "made up for this test"),)

    run_id = road.submit()
    for name in ("plan", "solve", "merge"):
        road.deliver(road.take(name))
    monkeypatch.setattr(conclude, "validate", lambda *a: real(*a) if next(verdicts) else Refused())
    road.deliver()
    result = road.result(run_id)
    assert result["fallback_used"]
    assert any("validator refused" in warning for warning in result["warnings"])


def test_a_plan_that_is_refused_for_good_ends_in_a_stored_error(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused:
        valid = False
        violations = (conclude.Violation("overlap", "made up for this test"),)

    monkeypatch.setattr(conclude, "validate", lambda *_: Refused())
    run_id = road.submit()
    for attempt in (1, 2, 3):
        road.deliver(road.take("plan"))
        road.deliver(road.take("solve"))
        road.deliver(road.take("merge"))
        (_, args), *_ = road.take("finish")
        with pytest.raises(conclude.PlanRefused) as refused:
            road.deliver([("nightshift.finish", args)])
        from tasks.recovery import stumbled

        stumbled(run_id, attempt, refused.value)
    view = road.view(run_id)
    assert view.state == "failed"
    assert view.error is not None
    assert view.error["attempts"] == 3
    assert "overlap" in view.error["detail"]


def test_an_empty_shop_is_finished_at_once(road: Road) -> None:
    document = shop(jobs=1)
    document["fixed"] = [
        {"job_id": "J0", "machine_id": "M0", "start_time": "2026-01-05T06:00:00+01:00", "remaining_time": 1}
    ]
    run_id = road.submit(document)
    road.deliver()
    (row,) = road.result(run_id)["scheduled_jobs"]
    assert row["end_time"] == "2026-01-05T07:00:00+01:00"


def test_the_stored_body_is_the_request_as_it_came(road: Road) -> None:
    run_id = road.submit()
    with reading(base.database()) as session:
        body = runs.problem_body(session, run_id)
    assert json.loads(body) == shop()
    assert load(body).jobs[0].job_id == "J0"


def searching(**changes: Any) -> dict[str, Any]:
    """A job shop that CP-SAT does not prove optimal in its time."""
    document = factory(jobs=60, machines=12, seed=3, routings=True)
    options = {"engine": "cpsat", "time_limit_seconds": 2, "batch_size": 30}
    return document | {"options": options} | changes


def test_the_plan_can_be_read_from_the_start_and_only_gets_better(road: Road) -> None:
    run_id = road.submit(searching())
    seen = []
    for name, state in (("plan", "solving"), ("solve", "solving"), ("merge", "improving"), ("improve", "improving")):
        road.deliver(road.take(name))
        assert road.view(run_id).state == state
        with reading(base.database()) as session:
            kept = plans.document(session, run_id)
        assert kept is not None
        document = json.loads(kept[1])
        schedule, metrics = read_result(parse(searching()), document)
        assert validate(parse(searching()), schedule, metrics).valid
        seen.append(document["metrics"]["weighted_tardiness"])
    road.deliver()
    assert road.view(run_id).state == "finished"
    seen.append(road.result(run_id)["metrics"]["weighted_tardiness"])
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < seen[0]
    with reading(base.database()) as session:
        assert plans.document(session, run_id) is None


def test_improvers_lost_with_redis_cost_only_the_time_left(road: Road) -> None:
    run_id = road.submit(searching())
    for name in ("plan", "solve", "merge"):
        road.deliver(road.take(name))
    with reading(base.database()) as session:
        kept = plans.document(session, run_id)
    assert kept is not None
    board.incumbents().drop(run_id, 1)
    base.inflight().drop(run_id)
    road.deliver()
    assert road.view(run_id).state == "finished"
    value = road.result(run_id)["metrics"]["weighted_tardiness"]
    assert value == json.loads(kept[1])["metrics"]["weighted_tardiness"]


def test_the_next_attempt_goes_on_from_the_last_plan(road: Road) -> None:
    run_id = road.submit(searching())
    for name in ("plan", "solve", "merge"):
        road.deliver(road.take(name))
    view = road.view(run_id)
    road.take()
    with reading(base.database()) as session:
        kept = plans.document(session, run_id)
    assert kept is not None
    with transaction(base.database()) as session:
        runs.resume(session, run_id, view.attempt, view.version)
    road.deliver([("nightshift.plan", (run_id, 2))])
    first = board.RedisBoard(run_id, 2).read()
    assert first is not None
    assert first.value[1] == round(json.loads(kept[1])["metrics"]["weighted_tardiness"] * LEVEL_UNIT)


def test_a_request_for_the_first_plan_only_ends_with_it(road: Road) -> None:
    run_id = road.submit(searching(), first_plan=True)
    road.deliver(road.take("plan"))
    assert road.sent == [("nightshift.finish", (run_id, 1))]
    road.deliver()
    result = road.result(run_id)
    assert road.view(run_id).state == "finished"
    assert result["metrics"]["completion_rate"] == 1
    assert result["quality"]["engine"] == "dispatch"
    assert not result["fallback_used"]
