"""The incumbent's board: the same rules in this process and in Redis, and plans that survive the wire."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator

import pytest

from models.shop.schedule import Decision
from tasks import board as boards
from tasks.board import RedisBoard, from_bytes, to_bytes
from workers.improve.incumbent import Board, LocalBoard

PLAN = (Decision(0, 1), Decision(2, 3, operator=4), Decision(5, 6, lot=2, share=400_000))
HUGE = 10**24
"""Sums of squared seconds outgrow 64 bits."""


@pytest.fixture(params=["local", "redis"])
def board(request: pytest.FixtureRequest) -> Iterator[Board]:
    if request.param == "local":
        yield LocalBoard()
    else:
        request.getfixturevalue("own_redis")
        run_id = secrets.token_hex(8)
        yield RedisBoard(run_id, 1)
        boards.incumbents().drop(run_id, 1)


@pytest.fixture
def own_redis(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from models.settings import settings

    monkeypatch.setenv("REDIS_URL", redis_url)
    settings.cache_clear()
    boards.incumbents.cache_clear()
    yield
    settings.cache_clear()
    boards.incumbents.cache_clear()


def test_an_empty_board_has_no_incumbent(board: Board) -> None:
    assert board.read() is None


def test_a_plan_is_put_in_the_place_of_the_version_that_was_seen(board: Board) -> None:
    assert board.put(0, (0, 5, HUGE), PLAN)
    assert not board.put(0, (0, 4, HUGE), PLAN)
    assert board.put(1, (0, 3, HUGE), PLAN[:1])
    now = board.read()
    assert now is not None
    assert (now.version, now.value, now.levels, now.decisions) == (2, (0, 3, HUGE), (0, 3), PLAN[:1])


def test_of_many_that_put_at_once_one_wins(board: Board) -> None:
    won: list[int] = []

    def put(number: int) -> None:
        if board.put(0, (number,), PLAN):
            won.append(number)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    now = board.read()
    assert now is not None and now.value == (won[0],)


def test_claims_are_all_or_nothing_and_given_back(board: Board) -> None:
    assert board.claim([1, 2], "a", 60)
    assert board.claim([2, 3], "a", 60)
    assert not board.claim([3, 4], "b", 60)
    assert board.claim([4], "b", 60)
    board.release([1, 2, 3, 4], "a")
    assert not board.claim([4], "a", 60)
    assert board.claim([1, 2, 3], "b", 60)


def test_a_claim_expires(board: Board) -> None:
    assert board.claim([1], "a", 0.05)
    time.sleep(0.1)
    assert board.claim([1], "b", 60)


def test_only_a_better_plan_is_taken_when_offered(own_redis: None) -> None:
    board = RedisBoard(secrets.token_hex(8), 1)
    assert board.offer((5,), PLAN).version == 1
    assert board.offer((6,), PLAN[:1]).decisions == PLAN
    assert board.offer((4,), PLAN[:1]).version == 2


def test_decisions_survive_the_wire() -> None:
    assert from_bytes(to_bytes(PLAN)) == PLAN
