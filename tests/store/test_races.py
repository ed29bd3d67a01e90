"""Two at once: whatever the order, exactly one wins and what it wrote is whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.store import audit, keys, runs
from models.tables.session import in_transaction, reading, sessions, transaction
from tests.store.build import BATCHES, RESULT, Maker, seen, solving, submitted

ROUNDS = 4

Work = Callable[[Session], object]


def together(maker: Maker, *works: Work) -> list[object]:
    """What each of ``works`` answers, all started at the same moment in transactions of their own."""
    barrier = Barrier(len(works))

    def one(work: Work) -> object:
        barrier.wait(10)
        return in_transaction(maker, work)

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(30) for future in [pool.submit(one, work) for work in works]]


def finishing(run_id: str, result: bytes = RESULT) -> Work:
    return lambda session: runs.finish(session, run_id, 1, state="finished", result=result, batches=BATCHES)


def resuming(run_id: str, version: int) -> Work:
    return lambda session: runs.resume(session, run_id, 1, version)


def cancelling(run_id: str) -> Work:
    return lambda session: runs.request_cancel(session, run_id)


def test_of_those_that_finish_a_run_one_wins(session_factory: Maker) -> None:
    for _ in range(ROUNDS):
        run_id = solving(session_factory)
        bodies = [b'{"by": 0}', b'{"by": 1}', b'{"by": 2}']
        won = together(session_factory, *(finishing(run_id, body) for body in bodies))
        assert won.count(True) == 1 and won.count(False) == 2
        with reading(session_factory) as session:
            assert runs.result(session, run_id) == bodies[won.index(True)]
            assert len(runs.batches(session, run_id)) == len(BATCHES)
            assert [entry.action for entry in audit.entries(session, run_id)].count("run.finished") == 1


def test_a_cancel_beside_a_finish_leaves_a_finished_run(session_factory: Maker) -> None:
    for _ in range(ROUNDS):
        run_id = solving(session_factory)
        view, won = together(session_factory, cancelling(run_id), finishing(run_id))
        assert won is True and isinstance(view, runs.RunView)
        after = seen(session_factory, run_id)
        assert after.state == "finished"
        assert after.cancel_requested == (not view.ended)


def test_of_sweeps_that_resume_a_run_one_wins(session_factory: Maker) -> None:
    for _ in range(ROUNDS):
        run_id = solving(session_factory)
        version = seen(session_factory, run_id).version
        resumed = together(session_factory, *[resuming(run_id, version)] * 3)
        assert sorted(map(str, resumed)) == ["2", "None", "None"]
        assert seen(session_factory, run_id).attempt == 2


def test_of_a_finish_and_a_resume_one_wins(session_factory: Maker) -> None:
    for _ in range(ROUNDS):
        run_id = solving(session_factory)
        version = seen(session_factory, run_id).version
        finished, resumed = together(session_factory, finishing(run_id), resuming(run_id, version))
        assert finished is not (resumed == 2)
        assert seen(session_factory, run_id).state == ("finished" if finished else "queued")


def test_writers_wait_for_each_other_instead_of_failing(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    version = seen(session_factory, run_id).version

    def read_then_write(session: Session) -> object:
        runs.get(session, run_id)
        return runs.beat(session, run_id, 1)

    assert together(session_factory, *[read_then_write] * 6) == [True] * 6
    assert seen(session_factory, run_id).version == version + 6


def test_readers_do_not_wait_for_a_writer(session_factory: Maker) -> None:
    run_id = solving(session_factory)
    with transaction(session_factory) as writer:
        assert runs.beat(writer, run_id, 1, batches_done=1)
        with reading(session_factory) as reader:
            view = runs.get(reader, run_id)
    assert view is not None and view.batches_done == 0


def test_a_deadlock_is_tried_again(session_factory: Maker) -> None:
    """Each takes the other's row second; on MariaDB one is chosen as the victim, on SQLite they wait their turn."""
    one, two = solving(session_factory), solving(session_factory)
    barrier = Barrier(2)
    runs_of_work = []

    def crossing(first: str, second: str) -> Work:
        def work(session: Session) -> object:
            runs_of_work.append(first)
            done = runs.beat(session, first, 1)
            if session.get_bind().dialect.name == "mariadb" and len(runs_of_work) <= 2:
                barrier.wait(10)
            return done and runs.beat(session, second, 1)

        return work

    assert together(session_factory, crossing(one, two), crossing(two, one)) == [True, True]
    expected = 3 if session_factory.kw["bind"].dialect.name == "mariadb" else 2
    assert len(runs_of_work) == expected
    assert seen(session_factory, one).version == seen(session_factory, two).version == 4


def test_other_database_errors_are_not_tried_again(session_factory: Maker) -> None:
    calls = []

    def broken(session: Session) -> None:
        calls.append(1)
        raise OperationalError("SELECT 1", {}, Exception("no such table: dreams"))

    with pytest.raises(OperationalError):
        in_transaction(session_factory, broken)
    assert len(calls) == 1


def test_a_key_used_by_many_at_once_is_noted_once(session_factory: Maker) -> None:
    with transaction(session_factory) as session:
        _, token = keys.create(session, "many")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: keys.authenticate(session_factory, token), range(8)))
    assert all(key is not None for key in found)


def test_a_forked_child_has_connections_of_its_own(database_url: str) -> None:
    maker = sessions(database_url)
    assert sessions(database_url) is maker
    run_id = submitted(maker)
    child = os.fork()
    if child == 0:
        try:
            own = sessions(database_url)
            with transaction(own) as session:
                fine = own is not maker and runs.begin(session, run_id, 1, batches=1)
            os._exit(0 if fine else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert seen(maker, run_id).state == "solving"
    maker.kw["bind"].dispose()
