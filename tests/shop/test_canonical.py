"""One text and one hash for one meaning."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from benchmarks.mutations import sources
from models.shop.canonical import canonical_bytes, digest, to_document
from models.shop.formats import parse_text
from models.shop.parse import load, parse
from models.shop.problem import Problem
from tests.build import at, document, job, machine, operation, problem
from tests.shop.faults import changed
from tests.strategies import problems

SPAN = {"from": at(1), "to": at(2)}
FULL: dict[str, Any] = document(
    [
        job(
            "Ä",
            operations=[
                operation("x", 1.0001, {"M2": 2, "M1": 0.3}, skill={"skill": "weld", "level": 2}, min_delay=0.25),
                operation("y", 2, machine_types=[1], predecessors=["x"], interruptible=False, max_lots=4, min_lot=0),
                operation("z", 2, machine_types=[1], predecessors=[], start_after=at(-1), end_before=at(99)),
            ],
            family_id="red",
            priority=2,
            weight=1.125,
            release_date=at(-3),
            lcd_date=at(30),
            lcd_hard=True,
            quantity=7,
        ),
        job("B", 1, ["M1"], is_important=True),
    ],
    [
        machine("M1", machine_type=1, efficiency=0.7, calendar="day", closed=[SPAN | {"reason": "belt"}]),
        machine("M2", machine_type=1, department="", setup_matrix="paint", initial_family="red"),
        machine("M3", capacity=4),
    ],
    request_id="r",
    plant="north",
    time_zone="Europe/Berlin",
    calendars={
        "day": {
            "weekly": [{"days": ["sun", "mon"], "from": "22:00", "to": "06:00:30", "shift": "night"}],
            "breaks": [{"days": ["mon"], "from": "23:00", "to": "24:00"}],
            "holidays": ["2026-01-06"],
            "extra": [SPAN],
            "closed": [SPAN],
        },
        "never": {"weekly": []},
    },
    operators=[
        {"operator_id": "O1", "skills": {"weld": 3}, "absent": [SPAN], "capacity": 2, "overtime_eligible": True}
    ],
    setup_matrices={
        "paint": {"default": 0.1, "changes": [{"from_family": "b", "to_family": "a", "setup_time": 0.0003}]}
    },
    fixed=[
        {"job_id": "B", "machine_id": "M1", "start_time": at(-2), "end_time": at(-1), "completed": True},
        {"job_id": "Ä", "operation_id": "y", "machine_id": "M2", "start_time": at(5), "lot": 2, "share": 10}
        | {"operator_id": "O1", "remaining_time": 0.7},
    ],
    reference=[
        {"job_id": "B", "machine_id": "M2", "start_time": at(4)},
        {"job_id": "Ä", "operation_id": "x", "machine_id": "scrapped", "start_time": at(4)},
    ],
    objective=[{"makespan": 1, "changes": 0.125}, "tardy_jobs"],
    options={"engine": "cpsat", "time_limit_seconds": 2.5, "relax": ["skill", "calendar:day"]},
)


def silent(made: Problem) -> Problem:
    return replace(made, warnings=())


@pytest.mark.parametrize("made", [problem(), parse(FULL), parse_text("1 2\n1 3 2 0\n")])
def test_a_problem_comes_back_from_its_document(made: Problem) -> None:
    assert parse(to_document(made)) == made
    assert load(canonical_bytes(made)) == made
    assert canonical_bytes(load(canonical_bytes(made))) == canonical_bytes(made)


@settings(max_examples=40, deadline=None)
@given(problems())
def test_any_problem_comes_back_from_its_document(stated: dict[str, Any]) -> None:
    made = parse(stated)
    assert silent(parse(to_document(made))) == silent(made)


def test_canonical_bytes_are_compact_sorted_utf_8() -> None:
    data = canonical_bytes(parse(FULL))
    assert "Ä".encode() in data
    document = json.loads(data)
    assert data == json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request_id", "another"),
        ("schedule_start", "2026-01-05T01:00:00+01:00"),
        ("jobs.1.priority", 3),
        ("jobs.1.interruptible", None),
        (
            "jobs.0.operations.0.machines",
            [{"machine_id": "M1", "processing_time": 0.3}, {"machine_id": "M2", "processing_time": 2}],
        ),
        ("machines.2.efficiency", 1),
        ("fixed.0.share", 1_000_000),
    ],
)
def test_one_meaning_has_one_digest(path: str, value: object) -> None:
    assert digest(parse(changed(FULL, path, value))) == digest(parse(FULL))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("plant", "south"),
        ("schedule_start", "2026-01-05T00:00:01Z"),
        ("jobs.1.job_id", "J"),
        ("jobs.1.priority", 1),
        ("jobs.0.operations.2.predecessors", ["y"]),
        ("calendars.never.weekly", None),
        ("options.seed", 1),
    ],
)
def test_another_meaning_has_another_digest(path: str, value: object) -> None:
    stated = changed(FULL, path, value)
    if path == "jobs.1.job_id":
        stated["fixed"][0]["job_id"] = stated["reference"][0]["job_id"] = value
    assert digest(parse(stated)) != digest(parse(FULL))


def test_a_digest_is_a_sha_256_in_hexadecimal() -> None:
    assert len(digest(problem())) == 64
    assert int(digest(problem()), 16) > 0


def test_a_machine_that_is_gone_stays_gone() -> None:
    machines = [*FULL["machines"], machine("gone"), machine("gone'")]
    made = parse(changed(FULL, "machines", machines))
    assert to_document(made)["reference"][1]["machine_id"] == "gone''"
    assert parse(to_document(made)) == made


def test_the_bytes_are_those_of_the_document() -> None:
    for source in sources():
        problem = parse(source)
        text = json.dumps(to_document(problem), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert canonical_bytes(problem) == text.encode()
