"""The regression test: exact, robust, and quiet where there is nothing to tell."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.regression import (
    ALPHA,
    LEAST_BASELINE,
    LEAST_RECENT,
    MATTERS,
    baseline,
    compare,
    rank_sum_p,
    significant,
)

USUAL = [10.0 + 0.1 * (number % 10) for number in range(50)]


def by_hand(recent: list[float], before: list[float]) -> float:
    """The p-value by trying every way to pick the recent runs."""
    values = recent + before
    ranks = [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2 for value in values
    ]
    seen = sum(ranks[: len(recent)])
    ways = [sum(pick) for pick in combinations(ranks, len(recent))]
    return sum(way >= seen - 1e-9 for way in ways) / len(ways)


@given(
    st.lists(st.integers(0, 6).map(float), min_size=1, max_size=4),
    st.lists(st.integers(0, 6).map(float), min_size=1, max_size=7),
)
@settings(max_examples=60, deadline=None)
def test_p_is_exact_with_ties(recent: list[float], before: list[float]) -> None:
    assert rank_sum_p(recent, before) == pytest.approx(by_hand(recent, before))


def test_p_of_a_published_example() -> None:
    """Hollander and Wolfe, Nonparametric Statistical Methods, example 4.1: permeability; W = 30, P = 0.1272."""
    at_term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    early = [1.15, 0.88, 0.90, 0.74, 1.21]
    assert rank_sum_p(at_term, early) == pytest.approx(0.1272, abs=5e-5)


def test_least_runs_can_speak_in_many_tests() -> None:
    least = rank_sum_p([100.0] * LEAST_RECENT, [float(number) for number in range(LEAST_BASELINE)])
    assert least == pytest.approx(1 / comb(25, 5))
    assert ALPHA / least > 188


def test_one_slow_run_however_slow_proves_nothing() -> None:
    found = compare([10.0, 10.2, 10.4, 10.6, 10.8, 1000.0], USUAL, 0.0)
    assert found is not None
    assert found.p > 0.05
    assert found.change < MATTERS


def test_slow_runs_by_half_are_evidence() -> None:
    found = compare([15.0, 15.5, 14.9, 15.2, 15.1], USUAL, 0.0)
    assert found is not None
    assert found.p < 1e-6
    assert found.change == pytest.approx(15.1 / 10.45)


def test_too_few_runs_say_nothing() -> None:
    assert compare([15.0] * 4, USUAL, 0.0) is None
    assert compare([15.0] * 5, USUAL[:19], 0.0) is None


def test_a_floor_keeps_small_differences_small() -> None:
    found = compare([0.002] * 5, [0.0] * 50, 0.02)
    assert found is not None
    assert found.change == pytest.approx(1.1)


def test_a_third_of_odd_runs_does_not_move_a_baseline() -> None:
    odd = baseline([*USUAL, *[1000.0] * 20])
    assert odd.median == pytest.approx(baseline(USUAL).median, rel=0.05)
    assert odd.spread < 1.0


def test_holm_lets_few_speak_of_many() -> None:
    assert significant([]) == []
    assert significant([0.004, 0.2, 0.001], alpha=0.01) == [True, False, True]
    assert significant([0.009, 0.2, 0.3], alpha=0.01) == [False, False, False]


def test_where_nothing_changed_hardly_anything_is_told() -> None:
    """200 evaluations of 30 tests on skewed times without any change: at most 1 in 100 tells anything, in the mean."""
    random = np.random.default_rng(1)
    told = 0
    for _ in range(200):
        rows = random.lognormal(0.0, 0.5, size=(30, 56))
        told += any(significant([rank_sum_p(list(row[:6]), list(row[6:])) for row in rows]))
    assert told <= 8
