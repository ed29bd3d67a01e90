"""FJSP and JSP text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from models.shop.faults import InvalidProblem
from models.shop.formats import parse_text, to_fjs
from models.shop.parse import Bounds, load
from tests.build import at, job, machine, operation, problem
from tests.shop.faults import faults_in

FJSP = "2 3 1.5\n2 1 1 5 2 2 4 3 6\n1 1 3 10\n"
JSP = "2 2\n0 3 1 2\n1 4 0 1\n"


def test_fjsp_counts_machines_from_one_where_no_zero_occurs() -> None:
    made = parse_text(FJSP)
    assert [m.machine_id for m in made.machines] == ["M1", "M2", "M3"]
    assert [j.job_id for j in made.jobs] == ["J1", "J2"]
    assert [o.operation_id for o in made.operations] == ["1", "2", "1"]
    assert [o.options for o in made.operations] == [{0: 300}, {1: 240, 2: 360}, {2: 600}]
    assert [o.predecessors for o in made.operations] == [(), (0,), ()]
    assert made.objective == ({"makespan": 1000},)
    assert made.start == datetime(2026, 1, 1, tzinfo=UTC)


def test_fjsp_counts_machines_from_zero_where_a_zero_occurs() -> None:
    assert [o.options for o in parse_text("1 2 1\n1 2 0 5 1 6\n").operations] == [{0: 300, 1: 360}]


def test_jsp_is_told_apart_by_its_content() -> None:
    made = parse_text(JSP)
    assert [o.options for o in made.operations] == [{0: 180}, {1: 120}, {1: 240}, {0: 60}]
    assert [o.predecessors for o in made.operations] == [(), (0,), (), (2,)]


def test_jsp_may_count_machines_from_one() -> None:
    assert [o.options for o in parse_text("1 2\n2 7 1 3\n").operations] == [{1: 420}, {0: 180}]


def test_layout_does_not_matter() -> None:
    spaced = "# a shop\r\n\r\n  2\t3   1.5 \r\n\r\n2 1 1 5 2 2 4 3 6\r\n   \r\n1 1 3 10"
    assert parse_text(spaced) == parse_text(FJSP) == load(FJSP.encode()) == load(b"\xef\xbb\xbf" + spaced.encode())


def test_the_start_may_be_given() -> None:
    start = datetime(2027, 5, 1, 6, tzinfo=UTC)
    assert parse_text(JSP, start).start == start


def test_no_time_becomes_one_second() -> None:
    assert parse_text("1 1\n1 0\n").operations[0].options == {0: 1}


@pytest.mark.parametrize(
    ("text", "field", "rule", "value"),
    [
        ("# nothing", "line 1", "empty", ""),
        ("3", "line 1", "header", "'3'"),
        ("1 1 1 1\n1 1", "line 1", "header", "'1 1 1 1'"),
        ("1 1 x\n1 1 1 1", "line 1", "type", "'x'"),
        ("0 1", "line 1", "minimum", "0"),
        ("1 0\n1 1 1 1", "line 1", "minimum", "0"),
        ("2 1\n1 1", "line 2", "line_count", "2"),
        ("1 1\n1 1\n\n1 1", "line 4", "line_count", "1"),
        ("2 1", "line 1", "line_count", "2"),
        ("1 1\n\n1 1 1 2.5", "line 3", "type", "'2.5'"),
        ("1 1\n1 1 1 -2", "line 2", "type", "'-2'"),
        ("1 1 1\n2 1 1 5 1", "line 2", "routing", ""),
        ("1 1 1\n1 0 1", "line 2", "routing", ""),
        ("1 1 1\n1 1 1 5 9", "line 2", "routing", ""),
        ("1 2 1\n1 2 1 5 1 6", "line 2", "duplicate", "[1, 1]"),
        ("1 2 1\n1 1 3 5", "line 2", "unknown_machine", "3"),
        ("2 2\n0 1 1 1\n1 1 2 1", "line 3", "unknown_machine", "2"),
        ("1 1\n1 6000001", "line 2", "maximum", "6000001"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_line(text: str, field: str, rule: str, value: str) -> None:
    assert faults_in(text.encode()) == [(field, rule, value)]


@pytest.mark.parametrize(
    "bounds", [Bounds(max_jobs=1), Bounds(max_machines=2), Bounds(max_operations=2), Bounds(max_options=3)]
)
def test_text_keeps_the_bounds(bounds: Bounds) -> None:
    with pytest.raises(InvalidProblem) as raised:
        load(FJSP.encode(), bounds)
    assert raised.value.faults[0].rule == "too_many"


@pytest.mark.parametrize("text", [FJSP, JSP, "1 2 1\n1 2 0 5 1 6\n", "1 1\n1 0\n"])
def test_text_comes_back_from_a_problem(text: str) -> None:
    assert parse_text(to_fjs(parse_text(text))) == parse_text(text)


def test_the_text_of_a_problem() -> None:
    made = problem([job("A", operations=[operation("x", 1, ["M2"]), operation("y", 0.5, ["M2", "M1"])])], ["M1", "M2"])
    assert to_fjs(made) == "1 2 1.50\n2 1 2 60 2 1 30 2 30\n"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"machines": [machine("M1", calendar="day")], "calendars": {"day": {}}}, "calendars and closures"),
        ({"machines": [machine("M1", setup_matrix="paint")], "setup_matrices": {"paint": {}}}, "setup times"),
        ({"machines": [machine("M1", capacity=2)]}, "capacity above 1"),
        (
            {"jobs": [job("A", 1, ["M1"], skill="weld")], "operators": [{"operator_id": "O", "skills": {"weld": 1}}]},
            "skills",
        ),
        ({"jobs": [job("A", 1, ["M1"], end_before=at(9))]}, "windows"),
        ({"jobs": [job("A", 1, ["M1"], release_date=at(9))]}, "release dates"),
        ({"jobs": [job("A", 1, ["M1"], lcd_date=at(9), lcd_hard=True)]}, "hard due dates"),
        ({"jobs": [job("A", 1, ["M1"], max_lots=2)]}, "lots"),
        ({"jobs": [job("A", operations=[operation("x", 1, ["M1"], min_delay=1)])]}, "delays"),
        ({"fixed": [{"job_id": "J1", "machine_id": "M1", "start_time": at(0)}]}, "fixed work"),
        (
            {"jobs": [job("A", operations=[operation(x, 1, ["M1"], predecessors=[]) for x in "xy"])]},
            "predecessors other than a chain",
        ),
        ({"jobs": [job("A", 0.001, ["M1"])]}, "times that are no whole minutes"),
    ],
)
def test_what_the_text_cannot_say_is_refused(fields: dict[str, object], name: str) -> None:
    with pytest.raises(ValueError, match=f"FJSP text cannot state {name}"):
        to_fjs(problem(**fields))  # type: ignore[arg-type]
