"""What improvers do is recorded as steps, and more of them are simulated from those."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.parallel import Case, parallel
from benchmarks.recording import Event, RecordingBoard, Step, events_in, steps_of
from benchmarks.simulate import Record, seconds_to_quality, standing_share
from benchmarks.work import Outcome, Task
from models.shop.generate import factory
from workers.improve.incumbent import Incumbent


def step(end: float, *, put: bool, moved: bool = False, machine: int = 0) -> Step:
    return Step(end, 1.0, (machine,), blocked=False, offered=True, moved=moved, put=put)


def test_calls_are_read_as_steps() -> None:
    calls: list[tuple[str, int, list[int]]] = [
        ("read", 1, []), ("claim", 1, [3, 4]), ("read", 1, []), ("put", 1, []), ("release", 0, []),  # better
        ("read", 2, []), ("claim", 0, [5]),  # blocked
        ("read", 2, []), ("claim", 1, [6]), ("release", 0, []),  # nothing found
        ("read", 2, []), ("claim", 1, [7]), ("read", 3, []), ("release", 0, []),  # worth nothing any more
        ("read", 3, []), ("claim", 0, [8]), ("read", 3, []), ("put", 0, []), ("read", 4, []), ("put", 1, []),
        ("release", 0, []),  # in spite of a claim, and rebased
    ]  # fmt: skip
    events: list[Event] = [(float(at), 7, *call) for at, call in enumerate(calls)]
    found = steps_of([(0.5, 8, "read", 1, []), *events], begun=0.0)
    told = [(one.machines, one.blocked, one.offered, one.moved, one.put) for one in found]
    assert told == [
        ((3, 4), False, True, False, True),
        ((5,), True, False, False, False),
        ((6,), False, False, False, False),
        ((7,), False, True, True, False),
        ((8,), False, True, True, True),
    ]
    assert [one.seconds for one in found] == [5, 2, 3, 4, 6]
    assert [Step.of(json.loads(json.dumps(one.as_row()))) for one in found] == found


def test_a_board_notes_what_is_asked_of_it(tmp_path: Path) -> None:
    RecordingBoard.file = tmp_path / "board"
    board = RecordingBoard(Incumbent(1, (0, 5, 9), ()))
    board.read()
    assert board.claim([2, 1], "me", 1.0)
    assert not board.claim([1], "you", 1.0)
    assert board.put(1, (0, 4, 9), ())
    board.release([1, 2], "me")
    assert [event[2:] for event in events_in(tmp_path / "board")] == [
        ("read", 1, []),
        ("claim", 1, [1, 2]),
        ("claim", 0, [1]),
        ("put", 1, []),
        ("release", 0, []),
    ]


def test_one_worker_on_paper_takes_as_long_as_it_took() -> None:
    steps = [step(2.0 + at, put=at % 4 == 3, machine=at) for at in range(400)]
    record = Record(steps, begun=1.0, reached=steps[-1].end)
    assert len(record.patches) == 100
    alone = seconds_to_quality(record, 1, standing=0.3)
    assert alone == pytest.approx(401, rel=0.1)
    times = [seconds_to_quality(record, workers, standing=1.0) for workers in (1, 2, 4, 8)]
    assert times == sorted(times, reverse=True)
    assert times[1] == pytest.approx(201, rel=0.1), "patches that always stand: two are twice as fast"
    assert seconds_to_quality(record, 8, standing=0.0) > times[3], "patches that never stand after a move cost"


def test_workers_who_want_one_machine_gain_little() -> None:
    def record(spread: int) -> Record:
        steps = [step(2.0 + at, put=at % 4 == 3, machine=at % spread) for at in range(200)]
        return Record(steps, begun=1.0, reached=steps[-1].end)

    assert seconds_to_quality(record(1), 4, 0.5) >= seconds_to_quality(record(100), 4, 0.5) * 0.9


def test_how_often_patches_stand() -> None:
    steps = [step(1, put=True), step(2, put=False), step(3, put=True, moved=True)]
    steps += [step(4, put=False, moved=True) for _ in range(3)]
    assert standing_share(steps) == pytest.approx(0.5)
    assert standing_share([]) == 1.0


def test_a_case_says_when_two_had_what_one_had() -> None:
    one = Outcome(points=[(0.1, 9.0), (5.0, 7.0), (8.0, 7.0)], more={"steps": [step(5.0, put=True).as_row()]})
    case = Case(Task("a", "a", ""), one, Outcome(points=[(0.1, 9.0), (3.0, 6.5)]))
    assert (case.alone, case.together) == (5.0, 3.0)
    assert case.simulated[1] == pytest.approx(5.0)
    assert Case(Task("a", "a", ""), one, Outcome(points=[(0.1, 9.0)])).together == float("inf")


def test_two_workers_are_measured_against_one(tmp_path: Path) -> None:
    document = factory(30, 6, routings=True, setups=True) | {"objective": "total_flow_time"}
    (tmp_path / "plant.json").write_text(json.dumps(document))
    out = tmp_path / "out"
    done = CliRunner().invoke(parallel, [str(tmp_path), "--limit", "3", "--seeds", "1", "--out", str(out)])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (out / "parallel.jsonl").read_text().splitlines()]
    assert [row["task"]["workers"] for row in rows] == [1, 2]
    assert all(row["outcome"]["valid"] for row in rows)
    assert any(row["outcome"]["more"]["steps"] for row in rows), "the boards were recorded"
    assert "How more workers are simulated" in (out / "parallel.md").read_text()
