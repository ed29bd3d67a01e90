"""The rule of lots."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.problem import FixedWork
from models.shop.schedule import Schedule
from tests.validator.shop import HOUR, changed, placed, plan, rules, shop

CUT = {"options": {0: 3 * HOUR, 1: 6 * HOUR}, "max_lots": 2}


def cut(first: int = 333_333, second: int = 666_667) -> Schedule:
    """Two lots, one on each machine."""
    a, b = (-(-3 * HOUR * first // 1_000_000), -(-6 * HOUR * second // 1_000_000))
    return plan(placed(0, 0, 0, a, share=first), placed(0, 1, 0, b, lot=2, share=second))


def test_lots_are_rounded_up_to_a_second() -> None:
    assert rules(shop([CUT]), cut(333_334, 666_666)) == set()
    assert rules(shop([CUT]), changed(cut(333_334, 666_666), 0, end=HOUR + 2, seconds=HOUR + 2)) == {"duration"}


@pytest.mark.parametrize(
    ("fields", "shares"),
    [
        ({"lot": 3}, (400_000, 600_000)),
        ({"lot": 0}, (400_000, 600_000)),
        ({}, (400_000, 600_001)),
        ({}, (400_000, 599_999)),
        ({}, (100_000, 900_000)),
    ],
)
def test_numbers_shares_and_the_smallest_lot(fields: dict[str, Any], shares: tuple[int, int]) -> None:
    assert rules(shop([CUT]), changed(cut(*shares), 0, **fields)) == {"lots"}


def test_no_more_lots_than_allowed() -> None:
    assert rules(shop([{**CUT, "max_lots": 1}]), cut(400_000, 600_000)) == {"lots"}


def test_an_uncut_operation_may_be_smaller_than_the_smallest_lot() -> None:
    problem = shop([{"options": {0: 60}, "max_lots": 3}])
    assert rules(problem, plan(placed(0, 0, 0, 60))) == set()
    assert rules(problem, plan(placed(0, 0, 0, 60, lot=2))) == {"lots"}


def test_what_is_left_beside_fixed_lots_takes_the_lowest_free_number() -> None:
    problem = shop([{**CUT, "max_lots": 3}], fixed=(FixedWork(0, 0, 0, lot=3, share=400_000),))
    rest = placed(0, 1, 0, 6 * HOUR * 6 // 10, share=600_000)
    schedule = plan(placed(0, 0, 0, 3 * HOUR * 4 // 10, lot=3, share=400_000, fixed=True), rest)
    assert rules(problem, schedule) == set()
    assert rules(problem, changed(schedule, 1, lot=2)) == {"lots"}
