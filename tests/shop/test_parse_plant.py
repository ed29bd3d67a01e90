"""Machines, operators, calendars and setup matrices."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from models.shop.problem import Span, Window
from tests.build import HOUR, at, document, machine, problem
from tests.shop.faults import faults

DAY_SHIFT = {"days": ["mon"], "from": "06:00", "to": "14:00"}
CHANGE = {"from_family": "red", "to_family": "blue", "setup_time": 0.5}


@pytest.mark.parametrize(
    ("fields", "rule", "value"),
    [
        ({"machine_type": "1"}, "type", "'1'"),
        ({"machine_type": 1.0}, "type", "1.0"),
        ({"machine_type": True}, "type", "True"),
        ({"department": 4}, "type", "4"),
        ({"efficiency": 0}, "minimum", "0"),
        ({"efficiency": -1}, "minimum", "-1"),
        ({"efficiency": 101}, "maximum", "101"),
        ({"efficiency": "fast"}, "type", "'fast'"),
        ({"efficiency": True}, "type", "True"),
        ({"efficiency": float("nan")}, "finite", "nan"),
        ({"calendar": "night"}, "unknown_calendar", "'night'"),
        ({"setup_matrix": "paint"}, "unknown_setup_matrix", "'paint'"),
        ({"initial_family": ""}, "length", "''"),
        ({"capacity": 0}, "minimum", "0"),
        ({"capacity": 10_001}, "maximum", "10001"),
        ({"capacity": 1.5}, "type", "1.5"),
        ({"closed": {}}, "type", "an object of 0 fields"),
    ],
)
def test_what_a_machine_may_not_say(fields: dict[str, Any], rule: str, value: str) -> None:
    (name,) = fields
    assert faults(document(machines=[machine("M1", **fields)])) == [(f"machines[0].{name}", rule, value)]


@pytest.mark.parametrize("entry", ["M1", None, ["M1"], 1])
def test_a_machine_is_an_object(entry: object) -> None:
    assert [fault[:2] for fault in faults(document(machines=["M1"]) | {"machines": [machine("M1"), entry]})] == [
        ("machines[1]", "type")
    ]


def test_a_machine_has_an_id_of_its_own() -> None:
    assert faults(document(machines=["M1", machine("M1"), {}])) == [
        ("machines[1].machine_id", "duplicate", "'M1'"),
        ("machines[2].machine_id", "required", ""),
    ]


def test_a_machine_with_capacity_has_no_setup_matrix() -> None:
    stated = document(machines=[machine("M1", capacity=2, setup_matrix="paint")], setup_matrices={"paint": {}})
    assert faults(stated) == [("machines[0].setup_matrix", "setup_capacity", "'paint'")]


def test_a_machine_as_stated() -> None:
    fields = {"machine_type": 4, "department": "D1", "efficiency": 2, "capacity": 3, "initial_family": "red"}
    made = problem(machines=[machine("M1", **fields)]).machines[0]
    assert (made.machine_type, made.department, made.efficiency, made.capacity) == (4, "D1", 2.0, 3)
    assert made.initial_family == "red"


@pytest.mark.parametrize(
    ("fields", "field", "rule", "value"),
    [
        ({"skills": {"weld": 0}}, "skills.weld", "minimum", "0"),
        ({"skills": {"weld": 4}}, "skills.weld", "maximum", "4"),
        ({"skills": {"weld": True}}, "skills.weld", "type", "True"),
        ({"skills": {"": 1}}, 'skills.""', "length", "''"),
        ({"skills": ["weld"]}, "skills", "type", "a list of 1"),
        ({"calendar": "night"}, "calendar", "unknown_calendar", "'night'"),
        ({"capacity": 0}, "capacity", "minimum", "0"),
        ({"overtime_eligible": 1}, "overtime_eligible", "type", "1"),
        ({"department": []}, "department", "type", "a list of 0"),
        ({"absent": [{"from": at(0)}]}, "absent[0].to", "required", ""),
    ],
)
def test_what_an_operator_may_not_say(fields: dict[str, Any], field: str, rule: str, value: str) -> None:
    stated = document(operators=[{"operator_id": "O1", **fields}])
    assert faults(stated) == [(f"operators[0].{field}", rule, value)]


def test_an_operator_has_an_id_of_its_own() -> None:
    assert faults(document(operators=[{"operator_id": "O1"}, {"operator_id": "O1"}, {"skills": {}}])) == [
        ("operators[1].operator_id", "duplicate", "'O1'"),
        ("operators[2].operator_id", "required", ""),
    ]


@pytest.mark.parametrize(
    ("change", "field", "rule", "value"),
    [
        ({"default": -1}, "default", "minimum", "-1"),
        ({"default": 100_001}, "default", "maximum", "100001"),
        ({"changes": [CHANGE | {"setup_time": "1"}]}, "changes[0].setup_time", "type", "'1'"),
        ({"changes": [CHANGE | {"setup_time": None}]}, "changes[0].setup_time", "required", ""),
        ({"changes": [CHANGE | {"from_family": None}]}, "changes[0].from_family", "required", ""),
        ({"changes": [CHANGE, CHANGE]}, "changes[1].to_family", "duplicate", "'blue'"),
    ],
)
def test_what_a_setup_matrix_may_not_say(change: dict[str, Any], field: str, rule: str, value: str) -> None:
    assert faults(document(setup_matrices={"paint": change})) == [(f"setup_matrices.paint.{field}", rule, value)]


def test_setup_times_may_be_nothing() -> None:
    matrix = {"default": 0.1, "changes": [CHANGE, CHANGE | {"to_family": "green", "setup_time": 0}]}
    made = problem(setup_matrices={"paint": matrix}).setup_matrices["paint"]
    assert (made.default, made.changes) == (360, {("red", "blue"): 1800, ("red", "green"): 0})
    assert problem(setup_matrices={"paint": {}}).setup_matrices["paint"].default == 0


@pytest.mark.parametrize(
    ("change", "field", "rule", "value"),
    [
        ({"days": ["monday"]}, "days[0]", "unknown_day", "'monday'"),
        ({"days": [0]}, "days[0]", "unknown_day", "0"),
        ({"days": []}, "days", "min_items", "a list of 0"),
        ({"days": "mon"}, "days", "type", "'mon'"),
        ({"days": None}, "days", "required", ""),
        ({"from": "24:00"}, "from", "clock", "'24:00'"),
        ({"from": "6:00"}, "from", "clock", "'6:00'"),
        ({"to": "24:01"}, "to", "clock", "'24:01'"),
        ({"to": "12:60"}, "to", "clock", "'12:60'"),
        ({"to": "12:00:60"}, "to", "clock", "'12:00:60'"),
        ({"to": 14}, "to", "type", "14"),
        ({"to": None}, "to", "required", ""),
        ({"shift": 1}, "shift", "type", "1"),
    ],
)
def test_what_a_window_may_not_say(change: dict[str, Any], field: str, rule: str, value: str) -> None:
    for group in ("weekly", "breaks"):
        stated = document(calendars={"day": {group: [DAY_SHIFT | change]}})
        assert faults(stated) == [(f"calendars.day.{group}[0].{field}", rule, value)]


@pytest.mark.parametrize(
    ("value", "rule"), [("2026-1-6", "date"), ("2026-02-30", "date"), ("1969-12-31", "range"), (20260106, "type")]
)
def test_holidays_are_dates(value: object, rule: str) -> None:
    stated = document(calendars={"day": {"holidays": ["2026-01-06", value]}})
    assert faults(stated) == [("calendars.day.holidays[1]", rule, repr(value))]


def test_a_calendar_as_stated() -> None:
    calendar = {
        "weekly": [{"days": ["mon", "SUN"], "from": "22:00", "to": "06:00:30", "shift": "night"}],
        "breaks": [{"days": ["tue"], "from": "00:00", "to": "24:00"}],
        "holidays": ["2026-01-06"],
    }
    made = problem(calendars={"day": calendar}).calendars["day"]
    assert made.weekly == (Window(frozenset({0, 6}), 22 * HOUR, 6 * HOUR + 30, "night"),)
    assert made.breaks == (Window(frozenset({1}), 0, 24 * HOUR),)
    assert made.holidays == (date(2026, 1, 6),)


def test_no_weekly_windows_and_an_empty_list_differ() -> None:
    made = problem(calendars={"always": {}, "null": {"weekly": None}, "never": {"weekly": []}}).calendars
    assert [made[name].weekly for name in ("always", "null", "never")] == [None, None, ()]


@pytest.mark.parametrize(
    "names",
    [("calendars.day.closed", "calendar"), ("machines[0].closed", "machine"), ("operators[0].absent", "operator")],
)
def test_a_span_ends_after_it_begins(names: tuple[str, str]) -> None:
    path, owner = names
    for begin, end in ((at(2), at(1)), (at(1), at(1)), ("2026-01-05T01:00:00.75Z", "2026-01-05T01:00:00.5Z")):
        span = [{"from": begin, "to": end}]
        stated = {
            "calendar": document(calendars={"day": {"closed": span}}),
            "machine": document(machines=[machine("M1", closed=span)]),
            "operator": document(operators=[{"operator_id": "O1", "absent": span}]),
        }[owner]
        assert faults(stated) == [(f"{path}[0].to", "order", repr(end))]


def test_fractions_widen_closures_and_shrink_extra_time() -> None:
    span = {"from": "2026-01-05T01:00:00.25Z", "to": "2026-01-05T02:00:00.75Z"}
    calendars = {"day": {"closed": [span | {"reason": "flood"}], "extra": [span]}}
    made = problem(
        machines=[machine("M1", closed=[span])],
        calendars=calendars,
        operators=[{"operator_id": "O1", "absent": [span]}],
    )
    widened = Span(HOUR, 2 * HOUR + 1)
    assert made.calendars["day"].closed == (Span(HOUR, 2 * HOUR + 1, "flood"),)
    assert made.calendars["day"].extra == (Span(HOUR + 1, 2 * HOUR),)
    assert (made.machines[0].closed, made.operators[0].absent) == ((widened,), (widened,))


def test_extra_time_without_a_whole_second_is_nothing() -> None:
    span = {"from": "2026-01-05T01:00:00.25Z", "to": "2026-01-05T01:00:00.75Z"}
    assert problem(calendars={"day": {"extra": [span]}}).calendars["day"].extra == ()


def test_extra_time_has_no_reason() -> None:
    span = {"from": at(1), "to": at(2), "reason": "rush"}
    assert faults(document(calendars={"day": {"extra": [span]}})) == [
        ("calendars.day.extra[0].reason", "unknown_field", "'rush'")
    ]


def test_spans_may_lie_before_second_zero() -> None:
    made = problem(machines=[machine("M1", closed=[{"from": at(-2), "to": at(1)}])])
    assert made.machines[0].closed == (Span(-2 * HOUR, HOUR),)
