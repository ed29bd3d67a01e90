"""Rules of time, machines and calendars."""

from __future__ import annotations

import pytest

from models.shop.problem import MAX_SECONDS, Calendar, Machine, Span
from models.shop.schedule import Assignment, Schedule
from models.shop.validator import RULES, validate
from tests.validator.shop import DAY, DAYTIME, HOUR, changed, placed, plan, rules, shop

ONE = {"options": {0: HOUR}}


def test_a_plain_schedule_is_valid() -> None:
    problem = shop([ONE, {"options": {1: 1800}}], [ONE])
    schedule = plan(placed(0, 0, 0, HOUR), placed(1, 1, HOUR, HOUR + 1800), placed(2, 0, HOUR, 2 * HOUR))
    assert validate(problem, schedule).violations == ()
    assert validate(problem, schedule).valid


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"machine": 1}, {"eligibility"}),
        ({"machine": 7}, {"eligibility", "missing"}),
        ({"start": -HOUR, "end": 0}, {"time", "duration"}),
        ({"end": HOUR + 1}, {"duration"}),
        ({"end": HOUR - 1}, {"duration"}),
        ({"end": 0}, {"time"}),
        ({"seconds": 10}, {"duration"}),
        ({"start": MAX_SECONDS, "end": MAX_SECONDS + HOUR}, {"time"}),
    ],
)
def test_time_on_a_machine(fields: dict[str, int], expected: set[str]) -> None:
    problem = shop([ONE])
    assert rules(problem, changed(plan(placed(0, 0, 0, HOUR)), 0, **fields)) == expected


def test_work_waits_through_closed_time() -> None:
    machines = (Machine("M1", calendar="day"),)
    problem = shop([{"options": {0: 3 * HOUR}}], machines=machines, calendars={"day": DAYTIME})
    good = placed(0, 0, 12 * HOUR, DAY + 7 * HOUR, 3 * HOUR)
    assert rules(problem, plan(good)) == set()
    assert rules(problem, plan(good._replace(start=15 * HOUR))) == {"calendar", "duration"}
    assert rules(problem, plan(good._replace(end=DAY + 6 * HOUR))) == {"calendar", "duration"}
    late = placed(0, 0, 11 * HOUR, DAY + 6 * HOUR, 3 * HOUR)
    assert rules(problem, plan(late)) == {"calendar"}
    assert rules(problem, plan(late._replace(end=14 * HOUR))) == set()


def test_uninterrupted_work_stays_in_one_interval() -> None:
    machines = (Machine("M1", calendar="day", closed=(Span(8 * HOUR, 9 * HOUR),)),)
    step = {"options": {0: 3 * HOUR}, "interruptible": False}
    problem = shop([step], machines=machines, calendars={"day": DAYTIME})
    assert rules(problem, plan(placed(0, 0, 9 * HOUR, 12 * HOUR))) == set()
    assert rules(problem, plan(placed(0, 0, 7 * HOUR, 11 * HOUR, 3 * HOUR))) == {"not-interruptible"}


def test_progress_needs_nothing_before_weekly_windows_where_there_are_none() -> None:
    calendar = Calendar("extra", weekly=(), extra=(Span(HOUR, 2 * HOUR),))
    problem = shop([ONE], machines=(Machine("M1", calendar="extra"),), calendars={"extra": calendar})
    assert rules(problem, plan(placed(0, 0, HOUR, 2 * HOUR))) == set()
    assert "calendar" in rules(problem, plan(placed(0, 0, 0, HOUR)))


@pytest.mark.parametrize(("capacity", "expected"), [(1, {"overlap"}), (2, {"overlap"}), (3, set())])
def test_capacity_of_a_machine(capacity: int, expected: set[str]) -> None:
    problem = shop([ONE], [ONE], [ONE], machines=(Machine("M1", capacity=capacity),))
    schedule = plan(placed(0, 0, 0, HOUR), placed(1, 0, 600, 600 + HOUR), placed(2, 0, HOUR - 1, 2 * HOUR - 1))
    assert rules(problem, schedule) == expected


def test_details_name_ids_and_seconds() -> None:
    problem = shop([ONE], [ONE])
    schedule = plan(placed(0, 0, 0, HOUR), placed(1, 0, 1800, 1800 + HOUR))
    (violation,) = validate(problem, schedule).violations
    assert violation.rule in RULES
    assert violation.detail == (
        "Machine M1 runs 2 operations at 1800 s but takes 1: operation 1 of job J1, operation 1 of job J2."
    )


def test_unknown_operations_and_operators_are_told() -> None:
    problem = shop([ONE])
    strange = (Assignment(5, 0, 0, HOUR, HOUR), placed(0, 0, 0, HOUR, operator=3))
    assert rules(problem, Schedule(strange)) == {"eligibility", "missing"}
