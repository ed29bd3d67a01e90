"""Open time as the validator writes it out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.shop.problem import Calendar, Machine, Span, Window
from models.shop.validator.intervals import Intervals, clip, difference, intersection, length, union
from models.shop.validator.open_time import OpenTimes
from tests.validator.shop import DAY, HOUR, WORKDAYS, shop

EVERY_DAY = frozenset(range(7))


def opened(
    calendar: Calendar, start: str, last: int, closed: tuple[Span, ...] = (), zone: str = "Europe/Berlin"
) -> Intervals:
    """Open time of one machine from second zero, which is ``start`` in local time, to ``last``."""
    problem = shop(
        [{"options": {0: 1}}], machines=(Machine("M1", calendar="c", closed=closed),), calendars={"c": calendar}
    )
    zero = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    return OpenTimes(replace(problem, start=zero, time_zone=zone), 0, last).machine(0)


def test_the_order_of_the_parts() -> None:
    calendar = Calendar(
        "c",
        weekly=(Window(WORKDAYS, 6 * HOUR, 14 * HOUR),),
        breaks=(Window(WORKDAYS, 9 * HOUR, 10 * HOUR),),
        holidays=(date(2026, 1, 6),),
        extra=(Span(9 * HOUR, 9 * HOUR + 60), Span(DAY + HOUR, DAY + 2 * HOUR), Span(14 * HOUR, 15 * HOUR)),
        closed=(Span(6 * HOUR, 7 * HOUR), Span(DAY + HOUR, DAY + HOUR + 60)),
    )
    assert opened(calendar, "2026-01-05T00:00", 2 * DAY, closed=(Span(10 * HOUR, 11 * HOUR),)) == [
        (7 * HOUR, 9 * HOUR + 60),
        (11 * HOUR, 15 * HOUR),
        (DAY + HOUR + 60, DAY + 2 * HOUR),
    ]


def test_without_weekly_windows_always_open_but_for_closures() -> None:
    calendar = Calendar("c", holidays=(date(2026, 1, 6),), closed=(Span(0, 60),))
    assert opened(calendar, "2026-01-05T00:00", 3 * DAY) == [(60, DAY), (2 * DAY, 3 * DAY)]
    assert opened(Calendar("c", weekly=()), "2026-01-05T00:00", 3 * DAY) == []


def test_touching_windows_are_one_and_the_day_ends_at_twenty_four() -> None:
    whole_day = Calendar("c", weekly=(Window(EVERY_DAY, 0, DAY),))
    assert opened(whole_day, "2026-01-05T00:00", 9 * DAY) == [(0, 9 * DAY)]
    night = Calendar("c", weekly=(Window(frozenset({6}), 22 * HOUR, 6 * HOUR),))
    assert opened(night, "2026-01-05T00:00", 7 * DAY) == [(0, 6 * HOUR), (6 * DAY + 22 * HOUR, 7 * DAY)]
    assert opened(night, "2026-01-05T00:00", DAY) == [(0, 6 * HOUR)]
    round_the_clock = Calendar("c", weekly=(Window(EVERY_DAY, 6 * HOUR, 6 * HOUR),))
    assert opened(round_the_clock, "2026-01-05T00:00", 9 * DAY) == [(0, 9 * DAY)]


@pytest.mark.parametrize(
    ("start", "window", "expected"),
    [
        # Spring, 02:00 to 03:00 does not exist: a time in it is as many hours after midnight as it says.
        ("2026-03-29T00:00", (90 * 60, 150 * 60), (90 * 60, 150 * 60)),
        ("2026-03-29T00:00", (150 * 60, 240 * 60), (150 * 60, 180 * 60)),
        ("2026-03-29T00:00", (150 * 60, 195 * 60), None),
        ("2026-03-29T00:00", (0, DAY), (0, 23 * HOUR)),
        # Autumn, 02:00 to 03:00 comes twice: the first is meant.
        ("2026-10-25T00:00", (90 * 60, 150 * 60), (90 * 60, 150 * 60)),
        ("2026-10-25T00:00", (150 * 60, 180 * 60), (150 * 60, 240 * 60)),
        ("2026-10-25T00:00", (0, DAY), (0, 25 * HOUR)),
    ],
)
def test_daylight_saving(start: str, window: tuple[int, int], expected: tuple[int, int] | None) -> None:
    calendar = Calendar("c", weekly=(Window(frozenset({6}), *window),))
    assert opened(calendar, start, 2 * DAY) == ([] if expected is None else [expected])


def test_a_holiday_is_a_local_day_of_its_own_length() -> None:
    calendar = Calendar("c", holidays=(date(2026, 10, 25),))
    assert opened(calendar, "2026-10-24T12:00", 3 * DAY) == [(0, 12 * HOUR), (37 * HOUR, 3 * DAY)]


def test_midnight_in_the_gap() -> None:
    calendar = Calendar("c", weekly=(Window(EVERY_DAY, 20 * HOUR, DAY), Window(EVERY_DAY, 0, 4 * HOUR)))
    gap = opened(calendar, "2026-04-23T12:00", DAY, zone="Africa/Cairo")
    assert gap == [(8 * HOUR, 15 * HOUR)]


SETS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6).map(union)


def seconds(intervals: Intervals) -> set[int]:
    return {second for start, end in intervals for second in range(start, end)}


@given(SETS, SETS, st.integers(-2, 32), st.integers(-2, 32))
def test_set_arithmetic(left: Intervals, right: Intervals, first: int, last: int) -> None:
    assert seconds(difference(left, right)) == seconds(left) - seconds(right)
    assert seconds(intersection(left, right)) == seconds(left) & seconds(right)
    assert seconds(clip(left, first, last)) == seconds(left) & set(range(first, last))
    assert length(left) == len(seconds(left))
    for result in (left, difference(left, right), intersection(left, right)):
        assert union(result) == result
