"""The rule of setups."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.problem import FixedWork, Machine
from models.shop.schedule import FixedConflict
from models.shop.validator import validate
from tests.validator.shop import DAY, DAYTIME, HOUR, PAINT, changed, placed, plan, rules, shop

RED = {"options": {0: HOUR}, "family_id": "red"}
BLUE = {"options": {0: HOUR}, "family_id": "blue"}
GREEN = {"options": {0: HOUR}, "family_id": "green"}
PLAIN = {"options": {0: HOUR}}
MATRIX: dict[str, Any] = {"setup_matrices": {"paint": PAINT}}


def machine(initial_family: str | None = None) -> tuple[Machine, ...]:
    return (Machine("M1", setup_matrix="paint", initial_family=initial_family),)


def test_setup_between_families() -> None:
    problem = shop([RED], [BLUE], machines=machine(), **MATRIX)
    second = placed(1, 0, HOUR + 1200, 2 * HOUR + 1200, setup_start=HOUR, setup_seconds=1200)
    schedule = plan(placed(0, 0, 0, HOUR), second)
    assert rules(problem, schedule) == set()
    assert validate(problem, schedule).metrics["setup_time"] == pytest.approx(1200 / HOUR)
    assert rules(problem, changed(schedule, 1, setup_seconds=0)) == set()
    assert rules(problem, changed(schedule, 1, setup_seconds=600)) == {"setup"}
    assert rules(problem, changed(schedule, 1, setup_start=None, setup_seconds=0)) == {"setup"}
    assert rules(problem, changed(schedule, 1, start=second.start - 1, end=second.end - 1)) == {"setup"}
    assert rules(problem, changed(schedule, 0, setup_start=0, setup_seconds=0)) == {"setup"}


def test_setup_is_as_late_as_possible() -> None:
    problem = shop([RED], [BLUE], machines=machine(), **MATRIX)
    second = placed(1, 0, 3 * HOUR, 4 * HOUR, setup_start=3 * HOUR - 1200, setup_seconds=1200)
    assert rules(problem, plan(placed(0, 0, 0, HOUR), second)) == set()
    assert rules(problem, plan(placed(0, 0, 0, HOUR), second._replace(setup_start=HOUR))) == {"setup"}


@pytest.mark.parametrize(
    ("before", "after", "seconds"),
    [(RED, RED, 0), (BLUE, RED, 0), (RED, GREEN, 600), (PLAIN, RED, 0), (RED, PLAIN, 0)],
)
def test_which_setup(before: dict[str, object], after: dict[str, object], seconds: int) -> None:
    problem = shop([before], [after], machines=machine(), **MATRIX)
    stated = {"setup_start": HOUR, "setup_seconds": seconds} if seconds else {}
    second = placed(1, 0, HOUR + seconds, 2 * HOUR + seconds, **stated)
    assert rules(problem, plan(placed(0, 0, 0, HOUR), second)) == set()


def test_setup_pauses_through_closed_time() -> None:
    machines = (Machine("M1", setup_matrix="paint", calendar="day"),)
    problem = shop([RED], [BLUE], machines=machines, calendars={"day": DAYTIME}, **MATRIX)
    first = placed(0, 0, 13 * HOUR - 600, 14 * HOUR - 600)
    start = DAY + 6 * HOUR + 600
    second = placed(1, 0, start, start + HOUR, setup_start=14 * HOUR - 600, setup_seconds=1200)
    assert rules(problem, plan(first, second)) == set()
    assert rules(problem, plan(first, second._replace(setup_start=start - 1200))) == {"setup"}


def test_initial_family_precedes_the_first_operation() -> None:
    problem = shop([BLUE], machines=machine(initial_family="red"), **MATRIX)
    assert rules(problem, plan(placed(0, 0, 1200, HOUR + 1200, setup_start=0, setup_seconds=1200))) == set()
    assert rules(problem, plan(placed(0, 0, 0, HOUR))) == {"setup"}


def test_completed_work_leaves_its_family_unless_one_is_given() -> None:
    done = FixedWork(0, 0, -2 * HOUR, completed=True, end=-HOUR)
    past = placed(0, 0, -2 * HOUR, -HOUR, 0, fixed=True)
    problem = shop([RED], [BLUE], machines=machine(), fixed=(done,), **MATRIX)
    waited = placed(1, 0, 1200, HOUR + 1200, setup_start=0, setup_seconds=1200)
    assert rules(problem, plan(past, waited)) == set()
    assert rules(problem, plan(past, placed(1, 0, 0, HOUR))) == {"setup"}
    given = shop([RED], [BLUE], machines=machine(initial_family="blue"), fixed=(done,), **MATRIX)
    assert rules(given, plan(past, placed(1, 0, 0, HOUR))) == set()


def test_running_work_needs_no_setup_and_leaves_its_family() -> None:
    running = FixedWork(0, 0, -HOUR, remaining=1800)
    problem = shop([RED], [BLUE], machines=machine(initial_family="blue"), fixed=(running,), **MATRIX)
    begun = placed(0, 0, -HOUR, 1800, 1800, fixed=True)
    second = placed(1, 0, 3000, 3000 + HOUR, setup_start=1800, setup_seconds=1200)
    assert rules(problem, plan(begun, second)) == set()
    assert rules(problem, plan(begun, placed(1, 0, 1800, 1800 + HOUR))) == {"setup"}


def test_pinned_work_too_close_is_a_conflict_to_list() -> None:
    pinned = (FixedWork(0, 0, 0), FixedWork(1, 0, HOUR + 60))
    problem = shop([RED], [BLUE], machines=machine(), fixed=pinned, **MATRIX)
    rows = (placed(0, 0, 0, HOUR, fixed=True), placed(1, 0, HOUR + 60, 2 * HOUR + 60, fixed=True))
    assert rules(problem, plan(*rows)) == {"setup"}
    listed = FixedConflict("setup", ((0, 1), (1, 1)), "too close")
    assert rules(problem, plan(*rows, conflicts=[listed])) == set()


def test_pinned_work_too_early_for_the_initial_family_is_a_conflict_of_one() -> None:
    problem = shop([BLUE], machines=machine(initial_family="red"), fixed=(FixedWork(0, 0, 60),), **MATRIX)
    row = placed(0, 0, 60, HOUR + 60, fixed=True)
    assert rules(problem, plan(row)) == {"setup"}
    assert rules(problem, plan(row, conflicts=[FixedConflict("setup", ((0, 1),), "too early")])) == set()
