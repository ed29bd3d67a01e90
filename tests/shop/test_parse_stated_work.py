"""Fixed work and the reference plan."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.problem import WHOLE_SHARE, FixedWork, ReferenceWork
from tests.build import HOUR, at, document, job, operation, problem
from tests.shop.faults import faults

ENTRY = {"job_id": "A", "machine_id": "M1", "start_time": at(1)}
DONE = {"job_id": "A", "machine_id": "M1", "start_time": at(-3), "end_time": at(-1), "completed": True}


def shop(**fields: Any) -> dict[str, Any]:
    jobs = [
        job("A", 2, ["M1"], max_lots=3),
        job("B", operations=[operation("x", 1, ["M1"]), operation("y", 1, ["M1"])]),
    ]
    return document(jobs, ["M1", "M2"], operators=[{"operator_id": "O1"}], **fields)


def fixed(*entries: dict[str, Any]) -> dict[str, Any]:
    return shop(fixed=list(entries))


@pytest.mark.parametrize(
    ("change", "field", "rule", "value"),
    [
        ({"job_id": None}, "job_id", "required", ""),
        ({"job_id": "C"}, "job_id", "unknown_job", "'C'"),
        ({"job_id": 1}, "job_id", "type", "1"),
        ({"operation_id": "2"}, "operation_id", "unknown_operation", "'2'"),
        ({"operation_id": 1}, "operation_id", "type", "1"),
        ({"job_id": "B"}, "operation_id", "unknown_operation", "'1'"),
        ({"machine_id": None}, "machine_id", "required", ""),
        ({"machine_id": "M9"}, "machine_id", "unknown_machine", "'M9'"),
        ({"operator_id": "O9"}, "operator_id", "unknown_operator", "'O9'"),
        ({"start_time": None}, "start_time", "required", ""),
        ({"start_time": "06:00"}, "start_time", "instant", "'06:00'"),
        ({"lot": 0}, "lot", "minimum", "0"),
        ({"lot": 1.0}, "lot", "type", "1.0"),
        ({"share": 0}, "share", "minimum", "0"),
        ({"share": 1_000_001}, "share", "maximum", "1000001"),
        ({"share": 0.5}, "share", "type", "0.5"),
        ({"remaining_time": -1}, "remaining_time", "minimum", "-1"),
        ({"remaining_time": "1"}, "remaining_time", "type", "'1'"),
        ({"completed": 1}, "completed", "type", "1"),
        ({"end_time": at(1)}, "end_time", "order", repr(at(1))),
        ({"end_time": "later"}, "end_time", "instant", "'later'"),
        ({"machine_id": "M2"}, "remaining_time", "required", ""),
        ({"setup_start": at(0)}, "setup_start", "unknown_field", repr(at(0))),
    ],
)
def test_what_fixed_work_may_not_say(change: dict[str, Any], field: str, rule: str, value: str) -> None:
    assert faults(fixed(ENTRY | change)) == [(f"fixed[0].{field}", rule, value)]


@pytest.mark.parametrize(
    ("change", "field", "rule", "value"),
    [
        ({"end_time": None}, "end_time", "required", ""),
        ({"end_time": at(-3)}, "end_time", "order", repr(at(-3))),
        ({"end_time": at(1)}, "end_time", "completed", repr(at(1))),
        ({"end_time": "2026-01-05T00:00:00.1Z"}, "end_time", "completed", "'2026-01-05T00:00:00.1Z'"),
        ({"remaining_time": 0.5}, "remaining_time", "completed", "0.5"),
    ],
)
def test_what_completed_work_may_not_say(change: dict[str, Any], field: str, rule: str, value: str) -> None:
    assert faults(fixed(DONE | change)) == [(f"fixed[0].{field}", rule, value)]


def test_lots_state_their_number_and_share() -> None:
    assert faults(fixed(ENTRY, ENTRY | {"lot": 2})) == [
        ("fixed[0].lot", "required", ""),
        ("fixed[0].share", "required", ""),
        ("fixed[1].share", "required", ""),
    ]
    assert faults(fixed(ENTRY | {"lot": 2})) == [("fixed[0].share", "required", "")]


def test_lots_differ_and_are_no_more_than_their_operation() -> None:
    half = ENTRY | {"lot": 1, "share": 500_000}
    assert faults(fixed(half, half)) == [("fixed[1].lot", "duplicate", "1")]
    assert faults(fixed(half, half | {"lot": 2})) == []
    assert faults(fixed(half, half | {"lot": 2, "share": 500_001})) == [("fixed[1].share", "share_sum", "1000001")]
    assert faults(fixed(half | {"lot": 2, "share": WHOLE_SHARE})) == [("fixed[0].share", "share_sum", "1000000")]


def test_fixed_work_as_stated() -> None:
    made = problem(
        **{k: v for k, v in fixed().items() if k in ("jobs", "machines", "operators")},
        fixed=[
            DONE | {"remaining_time": 0, "lot": 1, "share": 250_000},
            ENTRY | {"lot": 2, "share": 1, "operator_id": "O1", "end_time": at(9)},
            {"job_id": "B", "operation_id": "y", "machine_id": "M2", "start_time": at(-1), "remaining_time": 0},
        ],
    )
    assert made.fixed == (
        FixedWork(0, 0, -3 * HOUR, 1, 250_000, completed=True, end=-HOUR),
        FixedWork(0, 0, HOUR, 2, 1, operator=0),
        FixedWork(2, 1, -HOUR, remaining=1),
    )


def test_fractions_widen_completed_work() -> None:
    entry = DONE | {"start_time": "2026-01-04T20:00:00.5Z", "end_time": "2026-01-04T20:00:00.75Z"}
    (work,) = problem(**{k: v for k, v in fixed(entry).items() if k != "schedule_start"}).fixed
    assert (work.start, work.end) == (-4 * HOUR, -4 * HOUR + 1)


@pytest.mark.parametrize(
    ("change", "field", "rule", "value"),
    [
        ({"job_id": None}, "job_id", "required", ""),
        ({"machine_id": None}, "machine_id", "required", ""),
        ({"start_time": None}, "start_time", "required", ""),
        ({"operation_id": 1}, "operation_id", "type", "1"),
        ({"lot": 0}, "lot", "minimum", "0"),
        ({"share": 0}, "share", "minimum", "0"),
        ({"end_time": "x"}, "end_time", "instant", "'x'"),
        ({"setup_start": "x"}, "setup_start", "instant", "'x'"),
        ({"processing_time": -1}, "processing_time", "minimum", "-1"),
        ({"remaining_time": 1}, "remaining_time", "unknown_field", "1"),
    ],
)
def test_what_a_reference_may_not_say(change: dict[str, Any], field: str, rule: str, value: str) -> None:
    assert faults(shop(reference=[ENTRY | change])) == [(f"reference[0].{field}", rule, value)]


def test_a_reference_names_a_lot_once() -> None:
    assert faults(shop(reference=[ENTRY, ENTRY | {"lot": 2}, ENTRY])) == [("reference[2].lot", "duplicate", "1")]


def test_a_reference_may_name_what_is_gone() -> None:
    rows = [
        ENTRY | {"job_id": "gone"},
        ENTRY | {"operation_id": "gone"},
        ENTRY | {"machine_id": "gone"},
        ENTRY
        | {"job_id": "B", "operation_id": "y", "lot": 1, "share": WHOLE_SHARE, "operator_id": "gone"}
        | {"end_time": at(2), "setup_start": at(0), "processing_time": 1},
    ]
    made = problem(**{k: v for k, v in shop(reference=rows).items() if k != "schedule_start"})
    assert made.reference == (ReferenceWork(0, -1, HOUR), ReferenceWork(2, 0, HOUR))
