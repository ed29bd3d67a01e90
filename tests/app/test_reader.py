"""Large problems are read in another process, to the same end as small ones."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import Pipe

import pytest

from app.reader import Reader, ReaderLost, serve
from models.shop.faults import InvalidProblem
from models.shop.parse import Bounds, load
from tasks.checked import checked
from tests.app.conftest import Api
from tests.app.problems import broken, sound

BODY = json.dumps(sound()).encode()
WRONG = json.dumps(broken("jobs.0.priority", 9)).encode()


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader(seconds=20)
    yield reader
    reader.close()


def test_it_finds_what_the_parser_finds(reader: Reader) -> None:
    for _ in range(2):
        assert reader.read(BODY, Bounds()) == checked(load(BODY))
    with pytest.raises(InvalidProblem) as found:
        reader.read(WRONG, Bounds())
    with pytest.raises(InvalidProblem) as expected:
        load(WRONG)
    assert (found.value.faults, found.value.total) == (expected.value.faults, expected.value.total)
    with pytest.raises(InvalidProblem, match="operations"):
        reader.read(BODY, Bounds(max_operations=1))


def test_a_reader_that_was_lost_is_replaced(reader: Reader) -> None:
    reader.read(BODY, Bounds())
    assert reader.process is not None
    first = reader.process.pid
    os.kill(first, signal.SIGKILL)
    reader.process.wait(10)
    assert reader.read(BODY, Bounds()) == checked(load(BODY))
    assert reader.process.pid != first


def test_a_reader_that_does_not_answer_is_ended(reader: Reader) -> None:
    reader.read(BODY, Bounds())
    assert reader.process is not None
    process = reader.process
    os.kill(process.pid, signal.SIGSTOP)
    reader.seconds = 0.05
    with pytest.raises(ReaderLost, match=r"did not answer within 0.05 s"):
        reader.read(BODY, Bounds())
    assert process.returncode == -signal.SIGKILL


def test_an_idle_reader_ends() -> None:
    ours, theirs = Pipe()
    serving = threading.Thread(target=serve, args=(theirs, 0.01))
    serving.start()
    serving.join(10)
    assert not serving.is_alive()
    ours.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_large_problem_is_answered_like_a_small_one(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    small = json.loads(api.send(WRONG).data)
    monkeypatch.setattr("app.intake.LARGE_BODY", 1)
    large = json.loads(api.send(WRONG).data)
    assert large["errors"] == small["errors"]
    assert api.send(BODY).status_code == 202
    assert api.stored() == 1
