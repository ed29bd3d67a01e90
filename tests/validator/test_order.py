"""Rules of precedence, windows and due dates."""

from __future__ import annotations

import pytest

from models.shop.problem import FixedWork
from models.shop.schedule import FixedConflict
from tests.validator.shop import HOUR, placed, plan, rules, shop

FIRST = {"options": {0: HOUR}}


@pytest.mark.parametrize(
    ("delay", "start", "expected"), [(0, HOUR, 0), (0, HOUR - 1, 1), (60, HOUR, 1), (60, HOUR + 60, 0)]
)
def test_precedence_and_delay(delay: int, start: int, expected: int) -> None:
    problem = shop([FIRST, {"options": {1: HOUR}, "min_delay": delay}])
    schedule = plan(placed(0, 0, 0, HOUR), placed(1, 1, start, start + HOUR))
    assert rules(problem, schedule) == ({"precedence"} if expected else set())


def test_successors_wait_for_every_lot() -> None:
    cut = {"options": {0: 2 * HOUR, 1: 2 * HOUR}, "max_lots": 2}
    problem = shop([cut, {"options": {1: HOUR}}])
    half = 500_000
    lots = (placed(0, 0, 0, HOUR, share=half), placed(0, 1, 0, HOUR, lot=2, share=half))
    assert rules(problem, plan(*lots, placed(1, 1, HOUR, 2 * HOUR))) == set()
    late = (lots[0], placed(0, 0, HOUR, 2 * HOUR, lot=2, share=half))
    assert rules(problem, plan(*late, placed(1, 1, HOUR, 2 * HOUR))) == {"precedence"}


@pytest.mark.parametrize(("pinned", "expected"), [((1,), set()), ((0, 1), set()), ((0,), {"precedence", "fixed"})])
def test_only_a_fixed_successor_may_contradict_precedence(pinned: tuple[int, ...], expected: set[str]) -> None:
    steps = [FIRST, {"options": {1: HOUR}}]
    problem = shop(steps, fixed=tuple(FixedWork(number, number, 600) for number in pinned))
    rows = [placed(number, number, 600, 600 + HOUR, fixed=number in pinned) for number in (0, 1)]
    listed = FixedConflict("precedence", ((0, 1), (1, 1)), "the wrong way round")
    assert rules(problem, plan(*rows, conflicts=[listed])) == expected
    assert rules(problem, plan(*rows)) == {"precedence"}


def test_completed_work_no_longer_waits() -> None:
    problem = shop([FIRST, {"options": {1: HOUR}}], fixed=(FixedWork(1, 1, -HOUR, completed=True, end=0),))
    assert rules(problem, plan(placed(0, 0, 0, HOUR), placed(1, 1, -HOUR, 0, 0, fixed=True))) == set()


@pytest.mark.parametrize(
    ("step", "job", "rule"),
    [
        ({}, {"release": 600, "earliest": 600}, "release"),
        ({"start_after": 600}, {}, "start-after"),
        ({"end_before": 600 + HOUR - 1}, {}, "end-before"),
        ({}, {"due": 600 + HOUR - 1, "due_hard": True}, "hard-due"),
    ],
)
def test_windows_and_hard_due_dates(step: dict[str, int], job: dict[str, int], rule: str) -> None:
    problem = shop([{**FIRST, **step}], job={0: job})
    early, late = plan(placed(0, 0, 599, 599 + HOUR)), plan(placed(0, 0, 600, 600 + HOUR))
    assert rules(problem, early) == ({rule} if rule in ("release", "start-after") else set())
    assert rules(problem, late) == (set() if rule in ("release", "start-after") else {rule})


def test_a_due_date_that_is_not_hard_may_be_missed() -> None:
    problem = shop([FIRST], job={0: {"due": 60}})
    assert rules(problem, plan(placed(0, 0, 0, HOUR))) == set()
