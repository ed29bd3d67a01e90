from __future__ import annotations

import pytest

from models.shop.calendar import Calendars
from models.shop.completed import completed
from models.shop.problem import Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import at, job, problem

BOTH = ["M1", "M2"]
STANDING = [Decision(0, 0), Decision(1, 0)]


def made(due: int) -> Problem:
    return problem([job("A", 2, ["M1"]), job("B", 2, ["M1"]), job("NEW", 1, ["M1"], lcd_date=at(due))], BOTH)


def test_a_plan_that_lacks_nothing_stays_as_it_is() -> None:
    shop = problem([job("A", 2, ["M1"]), job("B", 2, ["M1"])], BOTH)
    assert completed(shop, STANDING, Calendars(shop)) == tuple(STANDING)


@pytest.mark.parametrize(("due", "starts"), [(1, 0), (3, 2), (9, 4)])
def test_a_new_job_goes_before_between_or_behind_whichever_is_best(due: int, starts: int) -> None:
    shop = made(due)
    found = completed(shop, STANDING, Calendars(shop))
    assert sorted(found) == sorted([*STANDING, Decision(2, 0)])
    schedule = replay(shop, found)
    assert not schedule.unscheduled
    if due != 3:  # between: only as its times say
        assert [row.start for row in schedule.assignments if row.operation == 2] == [starts * 3600]


def test_work_whose_place_is_gone_is_decided_anew_with_its_whole_job() -> None:
    two = {"job_id": "A", "operations": [job("x", 1, BOTH, operation_id="1"), job("x", 1, BOTH, operation_id="2")]}
    for step in two["operations"]:  # type: ignore[union-attr]
        step.pop("job_id")  # type: ignore[union-attr]
    shop = problem([two, job("B", 1, ["M1"])], BOTH)
    found = completed(shop, [Decision(0, 0), Decision(2, 0)], Calendars(shop))
    assert sorted(decision.operation for decision in found) == [0, 1, 2]
    assert not replay(shop, found).unscheduled
