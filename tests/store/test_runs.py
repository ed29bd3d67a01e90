from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.compression import DamagedPayload
from models.store import audit, listing, runs
from models.store.listing import RunFilter
from models.store.neglect import neglected
from models.store.views import RunSummary, State
from models.tables import BatchRow, Problem, Run, ScheduleRow
from models.tables.session import reading, transaction
from tests.store.build import BATCHES, BODY, RESULT, Maker, end, let_pass, seen, solving, submitted


def actions(session: Session, subject: str) -> list[str]:
    return [entry.action for entry in audit.entries(session, subject)]


def test_a_submitted_run_is_queued_with_its_problem_and_an_audit_entry(session_factory: Maker) -> None:
    body = json.dumps({"jobs": [{"job_id": f"J{i}"} for i in range(2000)]}).encode()
    run_id = submitted(session_factory, body=body)
    view = seen(session_factory, run_id)
    assert (view.state, view.attempt, view.version, view.cancel_requested) == ("queued", 1, 1, False)
    assert (view.plant, view.request_id, view.jobs, view.operations) == ("main", "r-1", 5, 12)
    assert (view.engine, view.seconds, view.digest, view.key_id) == ("auto", 10.0, "ab" * 32, "key1")
    assert view.error is None and view.started_at is None and view.deadline_at is None and view.seconds_left is None
    assert abs(view.created_at - datetime.now(UTC)) < timedelta(seconds=30)
    assert 0 <= view.age < 30 and 0 <= view.heartbeat_age < 30
    with reading(session_factory) as session:
        assert runs.problem_body(session, run_id) == body
        stored = session.scalar(select(func.length(Problem.body)).where(Problem.run_id == run_id))
        assert stored is not None and stored < len(body) / 5
        (entry,) = audit.entries(session, run_id)
        assert (entry.action, entry.actor, entry.detail["jobs"]) == ("run.submitted", "key1", 5)


def test_names_too_long_for_their_column_are_refused_on_both_databases(session_factory: Maker) -> None:
    summary = RunSummary("p" * 256, None, 1, 1, "auto", 1.0)
    with pytest.raises(ValueError, match="plant must be at most 255"), transaction(session_factory) as session:
        runs.submit(session, body=BODY, digest="d", summary=summary, key_id=None)
    with reading(session_factory) as session:
        assert listing.page(session, limit=9) == []


def test_an_unknown_run_is_none_and_its_body_a_key_error(session_factory: Maker) -> None:
    with transaction(session_factory) as session:
        assert runs.get(session, "nobody") is None
        assert runs.result(session, "nobody") is None
        assert runs.request_cancel(session, "nobody") is None
        assert runs.resume(session, "nobody", 1, 1) is None
        assert not runs.begin(session, "nobody", 1, batches=1)
        with pytest.raises(KeyError):
            runs.problem_body(session, "nobody")


def test_ids_are_compared_byte_by_byte(session_factory: Maker) -> None:
    run_id = submitted(session_factory, plant="Main")
    with reading(session_factory) as session:
        assert runs.get(session, run_id.upper()) is None
        assert listing.page(session, RunFilter(plant="main"), limit=9) == []


def test_a_changed_payload_is_told_from_a_good_one(session_factory: Maker) -> None:
    run_id = submitted(session_factory)
    with transaction(session_factory) as session:
        session.execute(delete(Problem))
        session.execute(insert(Problem).values(run_id=run_id, body=b"not zstd"))
    with reading(session_factory) as session, pytest.raises(DamagedPayload):
        runs.problem_body(session, run_id)


def test_every_transition_raises_the_version_and_only_the_right_one_passes(session_factory: Maker) -> None:
    run_id = submitted(session_factory)
    with transaction(session_factory) as session:
        assert not runs.beat(session, run_id, 1)
        assert not runs.begin(session, run_id, 2, batches=3)
        assert runs.begin(session, run_id, 1, batches=3)
        assert not runs.begin(session, run_id, 1, batches=3)
        assert runs.beat(session, run_id, 1, batches_done=2)
        assert runs.touch(session, run_id, 1)
        assert not runs.touch(session, run_id, 2)
    view = seen(session_factory, run_id)
    assert (view.state, view.version, view.batches_total, view.batches_done) == ("solving", 4, 3, 2)
    assert view.started_at is not None and view.started_at >= view.created_at


def test_a_heartbeat_makes_a_stale_run_fresh_again(session_factory: Maker) -> None:
    run_id, other = solving(session_factory), solving(session_factory)
    let_pass(session_factory, run_id, 100)
    with transaction(session_factory) as session:
        (found,) = neglected(session, older_than=60, improved_until=0)
        assert found.id == run_id and 100 <= found.heartbeat_age < 130
        assert [view.id for view in neglected(session, older_than=-1, improved_until=0, limit=1)] == [run_id]
        assert {view.id for view in neglected(session, older_than=-1, improved_until=0)} == {run_id, other}
        runs.beat(session, run_id, 1)
        assert neglected(session, older_than=60, improved_until=0) == []


def test_queued_runs_go_stale_and_ended_ones_do_not(session_factory: Maker) -> None:
    queued, ended = submitted(session_factory), solving(session_factory)
    assert end(session_factory, ended)
    let_pass(session_factory, queued, 50.5)
    let_pass(session_factory, ended, 50.5)
    with reading(session_factory) as session:
        assert [view.id for view in neglected(session, older_than=50, improved_until=0)] == [queued]


def test_a_run_past_its_time_is_looked_at_though_it_beats(session_factory: Maker) -> None:
    late, improving, fresh = (solving(session_factory) for _ in range(3))
    with transaction(session_factory) as session:
        runs.start_deadline(session, late, 1, -1)
        runs.start_deadline(session, improving, 1, 20)
        runs.start_improving(session, improving, 1)
        runs.start_deadline(session, fresh, 1, 20)
    with reading(session_factory) as session:
        assert [view.id for view in neglected(session, older_than=60, improved_until=15)] == [late]
        assert {view.id for view in neglected(session, older_than=60, improved_until=25)} == {late, improving}


def test_the_deadline_is_set_once_for_each_attempt(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    with transaction(session_factory) as session:
        runs.start_deadline(session, run_id, 1, 12.5)
        first = runs.get(session, run_id)
        runs.start_deadline(session, run_id, 1, 500)
        second = runs.get(session, run_id)
        runs.start_deadline(session, run_id, 2, 500)
    assert first and second and first.seconds_left and first.deadline_at == second.deadline_at
    assert 0 < first.seconds_left <= 12.5
    with transaction(session_factory) as session:
        assert runs.resume(session, run_id, 1, second.version) == 2
    assert seen(session_factory, run_id).deadline_at is None


def test_a_passed_deadline_counts_down_below_zero(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    with transaction(session_factory) as session:
        runs.start_deadline(session, run_id, 1, -5)
    left = seen(session_factory, run_id).seconds_left
    assert left is not None and -35 < left < -4.9


def test_finishing_stores_result_batches_and_audit_together(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    assert end(session_factory, run_id)
    view = seen(session_factory, run_id)
    assert view.ended and (view.state, view.batches_done) == ("finished", 2) and view.finished_at is not None
    with reading(session_factory) as session:
        assert runs.result(session, run_id) == RESULT
        assert runs.batches(session, run_id) == list(BATCHES)
        assert actions(session, run_id) == ["run.submitted", "run.finished"]


def test_a_finish_that_is_rolled_back_leaves_nothing(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    with pytest.raises(RuntimeError), transaction(session_factory) as session:
        assert runs.finish(session, run_id, 1, state="finished", result=RESULT, batches=BATCHES)
        raise RuntimeError("the worker is killed before the commit")
    assert seen(session_factory, run_id).state == "solving"
    with reading(session_factory) as session:
        assert runs.result(session, run_id) is None and runs.batches(session, run_id) == []
        assert actions(session, run_id) == ["run.submitted"]


def test_a_finished_run_needs_a_result_and_a_solving_state(session_factory: Maker) -> None:
    run_id = submitted(session_factory)
    assert not end(session_factory, run_id)
    with pytest.raises(ValueError, match="needs its result"), transaction(session_factory) as session:
        runs.finish(session, run_id, 1, state="finished", result=None)
    assert seen(session_factory, run_id).state == "queued"


def test_a_queued_run_can_be_cancelled_without_a_result(session_factory: Maker) -> None:
    run_id = submitted(session_factory)
    with transaction(session_factory) as session:
        view = runs.request_cancel(session, run_id, actor="key9")
        assert view is not None and view.cancel_requested and view.state == "queued" and view.version == 2
        again = runs.request_cancel(session, run_id)
        assert again is not None and again.version == 2
        assert runs.finish(session, run_id, 1, state="cancelled", result=None)
    with transaction(session_factory) as session:
        ended = runs.request_cancel(session, run_id)
        assert ended is not None and (ended.state, ended.version) == ("cancelled", 3)
        assert runs.result(session, run_id) is None
        assert actions(session, run_id) == ["run.submitted", "run.cancel_requested", "run.cancelled"]
        assert audit.entries(session, run_id)[1].actor == "key9"


def test_asking_to_cancel_is_no_sign_of_life(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    let_pass(session_factory, run_id, 100)
    with transaction(session_factory) as session:
        runs.request_cancel(session, run_id)
        assert [view.id for view in neglected(session, older_than=60, improved_until=0)] == [run_id]


def test_an_ended_run_does_not_change_again(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    assert end(session_factory, run_id, state="cancelled")
    before = seen(session_factory, run_id)
    assert not end(session_factory, run_id)
    with transaction(session_factory) as session:
        assert not runs.fail(session, run_id, 1, {"title": "Too late"})
        assert runs.resume(session, run_id, 1, before.version) is None
        assert not runs.beat(session, run_id, 1) and not runs.touch(session, run_id, 1)
        runs.start_deadline(session, run_id, 1, 5)
        runs.request_cancel(session, run_id)
    after = seen(session_factory, run_id)
    assert (after.state, after.version, after.error, after.deadline_at) == ("cancelled", before.version, None, None)


def test_a_failed_run_keeps_its_error(session_factory: Maker) -> None:
    run_id = submitted(session_factory)
    error = {"type": "about:blank", "title": "No plan — für alle", "attempts": 3, "nested": {"a": [1, None]}}
    with transaction(session_factory) as session:
        assert not runs.fail(session, run_id, 2, error)
        assert runs.fail(session, run_id, 1, error)
        assert actions(session, run_id) == ["run.submitted", "run.failed"]
    view = seen(session_factory, run_id)
    assert (view.state, view.error) == ("failed", error)


def test_a_zombie_attempt_writes_nothing(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    with transaction(session_factory) as session:
        assert runs.resume(session, run_id, 1, 2) == 2
        assert runs.begin(session, run_id, 2, batches=2)
    assert not end(session_factory, run_id, attempt=1)
    with transaction(session_factory) as session:
        assert not runs.beat(session, run_id, 1)
        assert not runs.fail(session, run_id, 1, {"title": "Zombie"})
        assert runs.result(session, run_id) is None
    assert end(session_factory, run_id, attempt=2)
    view = seen(session_factory, run_id)
    assert (view.state, view.attempt) == ("finished", 2)


def test_resuming_wants_the_version_that_was_read(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    read = seen(session_factory, run_id)
    with transaction(session_factory) as session:
        assert runs.beat(session, run_id, 1)
        assert runs.resume(session, run_id, 1, read.version) is None
        assert runs.resume(session, run_id, 1, read.version + 1) == 2
        assert runs.resume(session, run_id, 1, read.version + 1) is None
    view = seen(session_factory, run_id)
    assert (view.state, view.attempt, view.batches_total) == ("queued", 2, 0)
    assert view.started_at == read.started_at
    with reading(session_factory) as session:
        assert actions(session, run_id) == ["run.submitted", "run.resumed"]


def test_the_tables_themselves_allow_one_schedule_and_no_batch_twice(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    assert end(session_factory, run_id)
    second = (insert(ScheduleRow).values(run_id=run_id, attempt=2, result=b"x"),)
    batch = {"run_id": run_id, "attempt": 1, "number": 0, "jobs": 1, "engine": "e", "status": "s", "seconds": 0}
    for statement in (*second, insert(BatchRow).values(**batch, deliveries=1)):
        with pytest.raises(IntegrityError), transaction(session_factory) as session:
            session.execute(statement)


def test_the_database_refuses_unknown_states_and_orphans(session_factory: Maker) -> None:
    run_id = submitted(session_factory)
    for statement in (
        update(Run).where(Run.id == run_id).values(state="dreaming"),
        insert(Problem).values(run_id="nobody", body=b"x"),
    ):
        with pytest.raises(IntegrityError), transaction(session_factory) as session:
            session.execute(statement)


def test_lists_and_counts_by_state(session_factory: Maker) -> None:
    queued, busy, ended = submitted(session_factory), solving(session_factory), solving(session_factory)
    assert end(session_factory, ended)
    with reading(session_factory) as session:
        assert runs.counts(session) == {
            "queued": 1,
            "solving": 1,
            "improving": 0,
            "finished": 1,
            "failed": 0,
            "cancelled": 0,
        }
        pairs: tuple[tuple[State, str], ...] = (("queued", queued), ("solving", busy), ("finished", ended))
        for state, run_id in pairs:
            assert [view.id for view in listing.page(session, RunFilter(frozenset({state})), limit=9)] == [run_id]
