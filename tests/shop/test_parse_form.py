"""The form as such: types, names, JSON, and how faults are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.shop.faults import MAX_FAULTS, InvalidProblem
from models.shop.parse import Bounds, load, parse
from tests.build import document, job, machine, operation
from tests.shop.faults import faults, faults_in, told

LONG = "x" * 201
A_YEAR = "2026-01-05T00:00:00"


@pytest.mark.parametrize("value", [None, 3, "text", [], True])
def test_a_problem_is_an_object(value: object) -> None:
    assert [(field, rule) for field, rule, _ in faults(value)] == [("document", "type")]


@pytest.mark.parametrize("name", ["schedule_start", "machines", "jobs"])
@pytest.mark.parametrize("is_null", [True, False])
def test_what_a_problem_cannot_do_without(name: str, is_null: bool) -> None:
    stated = document()
    if is_null:
        stated[name] = None
    else:
        del stated[name]
    assert (name, "required", "") in faults(stated)


@pytest.mark.parametrize("name", ["machines", "jobs"])
def test_there_is_at_least_one_machine_and_one_job(name: str) -> None:
    assert (name, "min_items", "a list of 0") in faults(document() | {name: []})


@pytest.mark.parametrize(
    ("stated", "field", "value"),
    [
        (document(colour="red"), "colour", "'red'"),
        (document(machines=[machine("M1", speed=2)]), "machines[0].speed", "2"),
        (document([job("A", 1, ["M1"], due="x")]), "jobs[0].due", "'x'"),
        (document([job("A", 1, ["M1"], min_delay=1)]), "jobs[0].min_delay", "1"),
        (
            document([job("A", operations=[operation("1", 1, ["M1"], priority=1)])]),
            "jobs[0].operations[0].priority",
            "1",
        ),
        (
            document([job("A", machines={}) | {"machines": [{"machine_id": "M1", "processing_time": 1, "rate": 2}]}]),
            "jobs[0].machines[0].rate",
            "2",
        ),
        (document(options={"threads": 4}), "options.threads", "4"),
        (document(**{"": 4}), '""', "4"),
        (document(options={"": 4}), 'options.""', "4"),
        (document(calendars={"day": {"shifts": []}}), "calendars.day.shifts", "a list of 0"),
    ],
)
def test_unknown_fields_are_refused(stated: object, field: str, value: str) -> None:
    assert faults(stated) == [(field, "unknown_field", value)]


@pytest.mark.parametrize(
    ("identity", "rule", "value"),
    [
        (7, "type", "7"),
        (True, "type", "True"),
        ("", "length", "''"),
        (LONG, "length", repr(LONG)[:119] + "…"),
        ("a\nb", "control_character", r"'a\nb'"),
        ("\ud800", "control_character", r"'\ud800'"),
    ],
)
def test_ids_are_short_strings_without_control_characters(identity: object, rule: str, value: str) -> None:
    assert faults(document([job("A", 1, ["M1"]) | {"job_id": identity}])) == [("jobs[0].job_id", rule, value)]
    routed = job("A", operations=[operation("1", 1, ["M1"]) | {"operation_id": identity}])
    assert faults(document([routed])) == [("jobs[0].operations[0].operation_id", rule, value)]


def test_a_number_as_an_id_is_told_to_be_quoted() -> None:
    with pytest.raises(InvalidProblem, match="must be a string; write numbers in quotes"):
        parse(document([job("A", 1, ["M1"]) | {"job_id": 7}]))


def test_ids_may_be_in_any_script() -> None:
    assert parse(document([job("Getriebe №7 歯車", 1, ["M1"])])).jobs[0].job_id == "Getriebe №7 歯車"


@pytest.mark.parametrize("name", ["request_id", "plant", "time_zone"])
def test_texts_of_a_problem(name: str) -> None:
    assert faults(document() | {name: 5}) == [(name, "type", "5")]
    assert faults(document() | {name: ""}) == [(name, "length", "''")]


def test_null_stands_for_an_absent_field() -> None:
    stated = document() | {"request_id": None, "calendars": None, "fixed": None, "objective": None, "options": None}
    assert parse(stated) == parse(document())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2026-01-05", "instant"),
        ("2026-01-05T06:00+01:00", "instant"),
        ("20260105T060000Z", "instant"),
        ("2026-02-30T06:00:00Z", "instant"),
        ("2026-01-05T24:00:00Z", "instant"),
        ("2026-12-31T23:59:60Z", "instant"),
        ("2026-01-05T06:00:00+0100", "instant"),
        ("٢٠٢٦-01-05T06:00:00Z", "instant"),
        ("2026-01-05T06:00:00", "offset"),
        ("1969-12-31T23:59:59Z", "range"),
        ("2200-01-01T00:00:01Z", "range"),
        ("1970-01-01T00:00:00+01:00", "range"),
        ("2026-01-05T06:00:00.5Z", "whole_second"),
        (1767600000, "type"),
        (True, "type"),
    ],
)
def test_second_zero_is_an_instant_of_rfc_3339(text: object, rule: str) -> None:
    assert faults(document() | {"schedule_start": text}) == [("schedule_start", rule, repr(text))]


@pytest.mark.parametrize("text", ["2026-01-05T00:00:00.000Z", "2026-01-05t00:00:00z", "2026-01-05 01:00:00+01:00"])
def test_ways_to_write_one_second_zero(text: str) -> None:
    assert parse(document() | {"schedule_start": text}).epoch == parse(document()).epoch


@pytest.mark.parametrize("name", ["Mars/Olympus", "europe berlin", "../UTC", "Europe", "right/UTC", "/etc/localtime"])
def test_unknown_time_zones(name: str) -> None:
    assert faults(document(time_zone=name)) == [("time_zone", "unknown_time_zone", repr(name))]


def test_all_faults_are_told_at_once() -> None:
    stated = document(
        [job("A", -1, ["M1"], priority=9), job("A", 1, ["M2"])],
        options={"seed": -1},
    )
    assert faults(stated) == [
        ("options.seed", "minimum", "-1"),
        ("jobs[0].machines[0].processing_time", "minimum", "-1"),
        ("jobs[0].priority", "maximum", "9"),
        ("jobs[1].job_id", "duplicate", "'A'"),
        ("jobs[1].machines[0].machine_id", "unknown_machine", "'M2'"),
    ]


def test_the_first_hundred_faults_are_kept_and_all_are_counted() -> None:
    with pytest.raises(InvalidProblem) as raised:
        parse(document([job(f"J{number}", 1, ["M9"]) for number in range(250)]))
    assert len(raised.value.faults) == MAX_FAULTS
    assert raised.value.total == 250


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_nesting_is_bounded() -> None:
    assert faults(document(plant=nested(19))) == [("plant", "type", "a list of 1")]
    assert faults(document(plant=nested(20))) == [("document", "depth", "")]
    assert faults(nested(100_000)) == [("document", "depth", "")]
    assert faults_in(b"[" * 100_000) == [("document", "depth", "")]


@pytest.mark.parametrize(
    ("bounds", "field"),
    [
        (Bounds(max_jobs=1), "jobs"),
        (Bounds(max_operations=2), "jobs"),
        (Bounds(max_options=3), "jobs"),
        (Bounds(max_machines=1), "machines"),
        (Bounds(max_operators=0), "operators"),
        (Bounds(max_calendars=0), "calendars"),
        (Bounds(max_windows=1), "calendars.day.weekly"),
        (Bounds(max_matrices=0), "setup_matrices"),
        (Bounds(max_changes=0), "setup_matrices.paint.changes"),
        (Bounds(max_fixed=0), "fixed"),
        (Bounds(max_reference=0), "reference"),
    ],
)
def test_there_may_be_only_so_much_of_everything(bounds: Bounds, field: str) -> None:
    window = {"days": ["mon"], "from": "06:00", "to": "14:00"}
    place = {"job_id": "A", "machine_id": "M1", "start_time": A_YEAR + "Z"}
    stated = document(
        [
            job("A", 1, ["M1", "M2"]),
            job("B", operations=[operation("1", 1, ["M1"]), operation("2", 1, machine_types=[1])]),
        ],
        [machine("M1", machine_type=1), machine("M2", machine_type=1)],
        operators=[{"operator_id": "O1"}],
        calendars={"day": {"weekly": [window, window]}},
        setup_matrices={"paint": {"changes": [{"from_family": "a", "to_family": "b", "setup_time": 1}]}},
        fixed=[place],
        reference=[place],
    )
    assert faults(stated) == []
    with pytest.raises(InvalidProblem) as raised:
        parse(stated, bounds)
    assert [(name, rule) for name, rule, _ in told(raised.value) if rule == "too_many"] == [(field, "too_many")]


def encoded(**fields: Any) -> bytes:
    return json.dumps(document(**fields)).encode()


def test_a_byte_order_mark_is_skipped() -> None:
    assert load(b"\xef\xbb\xbf" + encoded()) == parse(document())


@pytest.mark.parametrize(
    ("data", "told_of"),
    [
        (b"", ("document", "empty", "")),
        (b" \n ", ("document", "empty", "")),
        (b"\xff\xfe{}", ("document", "encoding", "")),
        (b'{"a": "\xe9"}', ("document", "encoding", "")),
        (b'{\n"jobs": [}', ("line 2", "json", "")),
        (b"jobs", ("line 1", "json", "")),
        (b'{"a": ' + b"9" * 5_000 + b"}", ("document", "maximum", "")),
        (b"null", ("document", "type", "None")),
    ],
)
def test_what_cannot_be_read_at_all(data: bytes, told_of: tuple[str, str, str]) -> None:
    assert faults_in(data) == [told_of]


@pytest.mark.parametrize(
    ("literal", "value"), [("NaN", "nan"), ("Infinity", "inf"), ("-Infinity", "-inf"), ("1e999", "inf")]
)
def test_numbers_are_finite(literal: str, value: str) -> None:
    data = encoded().replace(b'"processing_time": 1', b'"processing_time": ' + literal.encode())
    assert faults_in(data) == [("jobs[0].machines[0].processing_time", "finite", value)]


def test_a_field_given_twice_is_refused() -> None:
    data = encoded().replace(b'"processing_time": 1', b'"processing_time": 1, "processing_time": 2')
    assert faults_in(data) == [("jobs[0].machines[0].processing_time", "duplicate_field", "")]
    assert faults_in(encoded().replace(b'{"schedule', b'{"plant": "a", "plant": "b", "schedule')) == [
        ("plant", "duplicate_field", "")
    ]


def test_huge_values_are_quoted_shortly() -> None:
    stated = document([job("A", 10**400, ["M1"])], plant=["x" * 10_000] * 1_000)
    assert faults(stated) == [
        ("jobs[0].machines[0].processing_time", "maximum", "a very large int"),
        ("plant", "type", "a list of 1000"),
    ]
