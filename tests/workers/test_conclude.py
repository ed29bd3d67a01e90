"""What leaves as a result: status, bounds and warnings of whole small problems, through the local road."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.parse import parse
from models.shop.relax import relaxed
from models.shop.result_reader import read_result
from models.shop.validator import validate
from workers.local import solve

DAY_SHIFT = {"weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "16:00"}]}


def document(*jobs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "schedule_start": "2026-01-05T08:00:00Z",
        "machines": [{"machine_id": "M1", "calendar": "day"}],
        "calendars": {"day": DAY_SHIFT},
        "jobs": list(jobs),
        "options": {"time_limit_seconds": 1},
    } | changes


def job(name: str, hours: float, **more: Any) -> dict[str, Any]:
    return {"job_id": name, "machines": [{"machine_id": "M1", "processing_time": hours}]} | more


def solved(shop: dict[str, Any], **options: Any) -> dict[str, Any]:
    problem = parse(shop)
    result = solve(problem, seconds=1, **options)
    schedule, metrics = read_result(problem, result)
    verdict = validate(relaxed(problem), schedule, metrics)
    assert verdict.valid, verdict.violations
    return result


def test_a_plan_at_its_bounds_is_optimal() -> None:
    result = solved(document(job("A", 3), job("B", 5), objective="makespan"))
    assert result["status"] == "optimal"
    (level,) = result["quality"]["levels"]
    assert (level["value"], level["lower_bound"], level["gap"]) == (8, 8, 0)
    assert level["proved_by"]
    assert result["quality"]["validated"] is True


def test_where_nothing_can_be_scheduled_the_status_is_infeasible() -> None:
    result = solved(document(job("A", 9, interruptible=False)))
    assert result["status"] == "infeasible"
    assert result["scheduled_jobs"] == []
    assert [(row["job_id"], row["reason"]) for row in result["unscheduled_jobs"]] == [("A", "never_fits")]


def test_a_job_that_never_fits_does_not_keep_the_rest_from_being_optimal() -> None:
    result = solved(document(job("A", 9, interruptible=False), job("B", 2), objective="makespan"))
    assert result["status"] == "optimal"
    assert [level["objective"] for level in result["quality"]["levels"]] == ["unscheduled", "makespan"]
    assert result["quality"]["levels"][0]["value"] == result["quality"]["levels"][0]["lower_bound"] == 3


def test_bounds_of_later_levels_are_not_claimed_while_jobs_are_left_out_without_proof() -> None:
    hard = {"lcd_date": "2026-01-05T12:00:00Z", "lcd_hard": True}
    result = solved(document(job("A", 3, **hard), job("B", 3, **hard), job("C", 1), objective="makespan"))
    assert [row["reason"] for row in result["unscheduled_jobs"]] == ["lcd_hard"]
    unscheduled, makespan = result["quality"]["levels"]
    if unscheduled["lower_bound"] < unscheduled["value"]:
        assert makespan["lower_bound"] is None
        assert result["status"] == "feasible"


@pytest.mark.parametrize("workers", [1, 2])
def test_relaxed_rules_are_dropped_and_named(workers: int) -> None:
    shop = document(job("A", 9, interruptible=False), job("B", 30))
    shop["options"] |= {"relax": ["calendar:day"], "batch_size": 1}
    result = solved(shop, workers=workers)
    assert result["unscheduled_jobs"] == []
    assert any("calendar:day" in warning for warning in result["warnings"])


def test_the_same_request_has_the_same_hash_however_it_is_written() -> None:
    first = solved(document(job("A", 3)))
    again = solved(document(job("A", 3.0, priority=3, is_important=False), request_id="other"))
    other = solved(document(job("A", 4)))
    hashes = [result["quality"]["input_sha256"] for result in (first, again, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert again["request_id"] == "other"


def test_one_level_of_flow_time_with_lots_has_its_bounds() -> None:
    shop = document(job("A", 8, max_lots=2, min_lot=2), objective=["total_flow_time"])
    result = solved(shop)
    (level,) = result["quality"]["levels"]
    assert level["lower_bound"] is not None
    assert level["lower_bound"] <= level["value"]
