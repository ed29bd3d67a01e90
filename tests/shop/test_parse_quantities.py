"""Hours into seconds, exactly."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.shop.reading.quantities import to_scaled_seconds, to_seconds, to_thousandths
from tests.build import job, machine, problem


@pytest.mark.parametrize(
    ("hours", "seconds"),
    [
        (0, 0),
        (1, 3600),
        (0.5, 1800),
        (0.0001, 0),
        (0.00013888, 0),
        (0.00013889, 1),
        (0.000125, 0),
        (0.000375, 1),
        (2.000125, 7200),
        (0.001625, 6),
        (1.001375, 3605),
        (33333.333475, 120_000_001),
        (100_000, 360_000_000),
        (99_999.999875, 360_000_000),
    ],
)
def test_hours_become_seconds_rounded_half_up(hours: float, seconds: int) -> None:
    assert to_seconds(hours) == seconds


def half_up(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_HALF_UP))


@given(st.decimals(min_value=0, max_value=100_000, places=6))
def test_rounding_follows_the_decimal_and_not_its_float(hours: Decimal) -> None:
    assert to_seconds(float(hours)) == half_up(hours * 3600)


@given(st.integers(0, 360_000_000))
def test_whole_seconds_survive_as_hours(seconds: int) -> None:
    assert to_seconds(seconds / 3600) == seconds


@given(st.integers(0, 720_000_000))
def test_half_seconds_that_a_decimal_can_say_are_rounded_up(halves: int) -> None:
    hours = Decimal(halves) / 7200
    if Decimal(repr(float(hours))) == hours:
        assert to_seconds(float(hours)) == (halves + 1) // 2


@given(st.decimals(0, 100_000, places=3), st.decimals(Decimal("0.01"), 100, places=2))
def test_efficiency_divides_before_the_one_rounding(hours: Decimal, efficiency: Decimal) -> None:
    exact, rest = divmod(2 * hours * 3600 + efficiency, 2 * efficiency)
    assert rest >= 0
    assert to_scaled_seconds(float(hours), float(efficiency)) == max(1, int(exact))


@pytest.mark.parametrize(("hours", "seconds"), [(0, 1), (0.0001, 1), (0.0004, 1), (0.000417, 2)])
def test_processing_takes_a_second_at_least(hours: float, seconds: int) -> None:
    machines = [machine("M1", machine_type=1)]
    assert problem([job("A", hours, ["M1"])], machines).operations[0].options == {0: seconds}
    assert problem([job("A", hours, machine_types=[1])], machines).operations[0].options == {0: seconds}


@pytest.mark.parametrize(
    ("number", "thousandths"), [(1, 1000), (0.001, 1), (0.1, 100), (2.675, 2675), (0.0001, None), (1.0005, None)]
)
def test_thousandths(number: float, thousandths: int | None) -> None:
    assert to_thousandths(number) == thousandths
