"""Two plans side by side."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from models.shop.difference import difference, faults_of
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import at, job, problem
from tests.plans import result


def plans() -> tuple[dict[str, Any], dict[str, Any]]:
    """B behind A on M1; then C instead of D first on M1, A behind it, B on M2."""
    both = ["M1", "M2"]
    rows = [job("A", 2, both, lcd_date=at(2)), job("B", 1, both, lcd_date=at(2)), job("C", 3, both), job("D", 1, both)]
    made = problem(rows, both)
    first = replay(made, [Decision(0, 0), Decision(1, 0), Decision(3, 1)])
    second = replay(made, [Decision(2, 0), Decision(0, 0), Decision(1, 1)])
    return result(made, first, "first"), result(made, second, "second")


def test_what_moved_was_added_and_was_dropped() -> None:
    told = difference(*plans())
    assert told["counts"] == {
        "unchanged": 0, "adjusted": 0, "moved": 2, "on_another_machine": 1, "added": 1, "dropped": 1,
    }  # fmt: skip
    assert [(row["job_id"], row["machine_changed"], row["hours"]) for row in told["moved"]] == [
        ("B", True, -2.0), ("A", False, 3.0),
    ]  # fmt: skip
    assert told["moved"][0]["from"]["machine_id"] == "M1"
    assert told["moved"][0]["to"]["machine_id"] == "M2"
    assert [row["job_id"] for row in told["added"]] == ["C"]
    assert [row["job_id"] for row in told["dropped"]] == ["D"]
    assert (told["left_out"], told["taken_in"]) == (["D"], ["C"])


def test_terms_stand_side_by_side() -> None:
    terms = {row["term"]: row for row in difference(*plans())["terms"]}
    assert terms["weighted_tardiness"] == {"term": "weighted_tardiness", "a": 3.0, "b": 9.0, "change": 6.0}
    assert terms["completion_rate"]["change"] == 0.0


def test_what_is_counted_from_different_starts_has_no_change() -> None:
    first, second = plans()
    later = {row["term"]: row for row in difference(first, second | {"schedule_start": at(1)})["terms"]}
    assert {name for name, row in later.items() if row["a"] is not None and row["change"] is None} == {
        "makespan", "total_flow_time", "setup_time", "machine_utilisation",
    }  # fmt: skip
    assert later["weighted_tardiness"]["change"] is not None
    instant = datetime.fromisoformat(first["schedule_start"]).astimezone(timezone(timedelta(hours=5))).isoformat()
    assert difference(first, second)["terms"] == difference(first, second | {"schedule_start": instant})["terms"]


def test_a_plan_does_not_differ_from_itself() -> None:
    first, _ = plans()
    told = difference(first, first)
    assert told["counts"] == {
        "unchanged": 3, "adjusted": 0, "moved": 0, "on_another_machine": 0, "added": 0, "dropped": 0,
    }  # fmt: skip
    assert {row["change"] for row in told["terms"]} == {0.0}


def test_less_than_the_tolerance_is_an_adjustment() -> None:
    first, second = plans()
    counts = difference(first, second, tolerance=4 * 3600)["counts"]
    assert (counts["moved"], counts["adjusted"]) == (1, 1)


def test_lists_are_cut_but_all_is_counted() -> None:
    told = difference(*plans(), most=1)
    assert (len(told["moved"]), told["counts"]["moved"]) == (1, 2)


def test_what_is_no_result_is_told_field_by_field() -> None:
    first, _ = plans()
    assert list(faults_of(first)) == []
    assert [fault.field for fault in faults_of([])] == ["result"]
    assert [fault.field for fault in faults_of({})] == ["schedule_id"]
    broken = first | {
        "scheduled_jobs": [first["scheduled_jobs"][0] | {"lot": "1", "start_time": "yesterday"}, 3],
        "metrics": {"makespan": "long"},
        "unscheduled_jobs": ["J"],
    }
    assert [fault.field for fault in faults_of(broken)] == [
        "scheduled_jobs[0].lot", "scheduled_jobs[0].start_time", "scheduled_jobs[1]", "metrics.makespan",
        "unscheduled_jobs[0]",
    ]  # fmt: skip
