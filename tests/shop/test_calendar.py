"""Open time from calendars: windows, daylight saving, exceptions, the far future and the past."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.shop.calendar import Calendars, OpenTime
from models.shop.problem import MAX_SECONDS, Calendar, Machine, Operator, Problem, Span, Window

HOUR = 3600
DAY = 24 * HOUR
EVERY_DAY = frozenset(range(7))
WORKDAYS = frozenset(range(5))


def window(start: float, end: float, days: frozenset[int] = EVERY_DAY) -> Window:
    return Window(days, round(start * HOUR), round(end * HOUR))


def problem(calendar: Calendar, start: str, zone: str = "UTC", **machine: tuple[Span, ...]) -> Problem:
    return Problem(
        datetime.fromisoformat(start),
        (Machine("M1", calendar="c", **machine),),  # type: ignore[arg-type]
        (),
        (),
        time_zone=zone,
        calendars={"c": calendar},
    )


def opened(calendar: Calendar, start: str = "2026-01-05T00:00:00+00:00", zone: str = "UTC") -> OpenTime:
    return Calendars(problem(calendar, start, zone)).machine(0)


def hours(open_time: OpenTime, first: float, last: float) -> list[tuple[float, float]]:
    intervals = open_time.intervals(round(first * HOUR), round(last * HOUR))
    return [(start / HOUR, end / HOUR) for start, end in intervals]


def test_no_calendar_is_always_open() -> None:
    always = Calendars(Problem(datetime.fromisoformat("2026-01-05T00:00:00Z"), (Machine("M1"),), (), ())).machine(0)
    assert always.always
    assert always.next_open(-5) == -5
    assert always.finish(7, 3) == 10
    assert always.fit(7, 3) == 7
    assert always.between(5, 9) == 4
    assert always.latest_start(9, 4) == 5
    assert always.finish(MAX_SECONDS, 1) is None


def test_a_calendar_without_exceptions_and_weekly_is_always_open() -> None:
    assert opened(Calendar("c")).always
    assert not opened(Calendar("c", closed=(Span(0, 1),))).always


def test_day_shift() -> None:
    day = opened(Calendar("c", (window(6, 14, WORKDAYS),)))
    assert hours(day, 0, 7 * 24) == [(24 * d + 6, 24 * d + 14) for d in range(5)]
    assert day.next_open(0) == 6 * HOUR
    assert day.next_open(14 * HOUR) == 30 * HOUR
    assert day.next_open(13 * HOUR) == 13 * HOUR
    assert day.finish(0, 8 * HOUR) == 14 * HOUR
    assert day.finish(0, 8 * HOUR + 1) == 30 * HOUR + 1
    assert day.fit(7 * HOUR, 8 * HOUR) == 30 * HOUR
    assert day.fit(7 * HOUR, 7 * HOUR) == 7 * HOUR
    assert day.between(0, 24 * HOUR) == 8 * HOUR
    assert day.between(9, 9) == day.between(9, 3) == 0


def test_latest_start_is_open_and_reaches_back_through_closed_time() -> None:
    day = opened(Calendar("c", (window(6, 14, WORKDAYS),)))
    assert day.latest_start(10 * HOUR, HOUR) == 9 * HOUR
    assert day.latest_start(31 * HOUR, 2 * HOUR) == 13 * HOUR
    assert day.latest_start(30 * HOUR, HOUR) == 13 * HOUR
    assert day.latest_start(31 * HOUR, HOUR) == 30 * HOUR
    assert day.latest_start(7 * HOUR, 2 * HOUR) == (13 - 72) * HOUR
    with pytest.raises(ValueError, match="no 1 s of open time"):
        opened(Calendar("c", ())).latest_start(5, 1)


def test_night_shift_ends_the_next_day_and_begins_before_second_zero() -> None:
    night = opened(Calendar("c", (window(22, 6, WORKDAYS),)))
    assert hours(night, 0, 48) == [(22, 30), (46, 48)]
    assert hours(opened(Calendar("c", (window(22, 6),))), -4, 24) == [(-2, 6), (22, 24)]


def test_equal_ends_are_a_whole_day_and_24_ends_one() -> None:
    assert hours(opened(Calendar("c", (window(6, 6, frozenset({0})),))), 0, 72) == [(6, 30)]
    assert hours(opened(Calendar("c", (window(20, 24, frozenset({0})),))), 0, 72) == [(20, 24)]


def test_touching_windows_are_one() -> None:
    around = opened(Calendar("c", (window(0, 8), window(8, 24))))
    assert hours(around, -100, 5000) == [(-100, 5000)]
    assert around.fit(5, 365 * DAY) == 5
    assert around.finish(0, 10 * 365 * DAY) == 10 * 365 * DAY
    shifts = opened(Calendar("c", (window(6, 14), window(14, 22), window(12, 13))))
    assert hours(shifts, 0, 24) == [(6, 22)]


def test_an_interval_across_the_edge_of_what_is_known_is_whole() -> None:
    """Four weeks are expanded first; a shift over that midnight is one interval all the same."""
    night = opened(Calendar("c", (window(22, 6),)))
    edge = 28 * DAY
    assert night.fit(edge - 3 * HOUR, 8 * HOUR) == edge - 2 * HOUR
    assert night.intervals(edge - 3 * HOUR, edge + 7 * HOUR) == [(edge - 2 * HOUR, edge + 6 * HOUR)]
    assert night.next_open(edge) == edge


@pytest.mark.parametrize(
    ("zone", "start", "night", "morning"),
    [
        # 22:00 to 06:00 on the night of the change: 7 h in spring, 9 h in autumn.
        ("Europe/Berlin", "2026-03-28T00:00:00+01:00", 7, 29),
        ("Europe/Berlin", "2026-10-24T00:00:00+02:00", 9, 31),
        ("America/New_York", "2026-03-07T00:00:00-05:00", 7, 29),
        ("America/New_York", "2026-10-31T00:00:00-04:00", 9, 31),
    ],
)
def test_nights_of_daylight_saving(zone: str, start: str, night: int, morning: int) -> None:
    shift = opened(Calendar("c", (window(22, 6),)), start, zone)
    assert hours(shift, 12, 40) == [(22, morning)]
    assert shift.between(12 * HOUR, 40 * HOUR) == night * HOUR


def test_local_times_in_the_gap_take_the_offset_before_it() -> None:
    shift = opened(Calendar("c", (window(2.25, 2.75),)), "2026-03-29T00:00:00+01:00", "Europe/Berlin")
    assert hours(shift, 0, 12) == [(2.25, 2.75)]
    reversed_by_the_gap = opened(Calendar("c", (window(2.5, 3.25),)), "2026-03-29T00:00:00+01:00", "Europe/Berlin")
    assert hours(reversed_by_the_gap, 0, 12) == []


def test_local_times_in_the_overlap_are_their_first_occurrence() -> None:
    shift = opened(Calendar("c", (window(2.5, 4),)), "2026-10-25T00:00:00+02:00", "Europe/Berlin")
    assert hours(shift, 0, 12) == [(2.5, 5)]


def test_a_holiday_shuts_the_local_day_and_cuts_the_night_shift() -> None:
    calendar = Calendar("c", (window(22, 6),), holidays=(date(2026, 1, 6),))
    assert hours(opened(calendar, "2026-01-05T00:00:00+01:00", "Europe/Berlin"), 12, 72) == [
        (22, 24),
        (48, 54),
        (70, 72),
    ]


def test_a_holiday_on_the_day_of_the_change_is_23_hours_long() -> None:
    calendar = Calendar("c", None, holidays=(date(2026, 3, 29),))
    assert hours(opened(calendar, "2026-03-28T00:00:00+01:00", "Europe/Berlin"), 0, 72) == [(0, 24), (47, 72)]


def test_the_order_of_addition_and_subtraction() -> None:
    calendar = Calendar(
        "c",
        (window(6, 14),),
        breaks=(window(10, 11),),
        holidays=(date(2026, 1, 6),),
        extra=(Span(10 * HOUR, 10 * HOUR + 600), Span(32 * HOUR, 34 * HOUR)),
        closed=(Span(12 * HOUR, 13 * HOUR), Span(33 * HOUR, 40 * HOUR)),
    )
    own = (Span(6 * HOUR, 7 * HOUR), Span(32 * HOUR, 32 * HOUR + 600))
    open_time = Calendars(problem(calendar, "2026-01-05T00:00:00+00:00", closed=own)).machine(0)
    assert hours(open_time, 0, 48) == [(7, 10 + 1 / 6), (11, 12), (13, 14), (32 + 1 / 6, 33)]


def test_without_weekly_only_exceptions_close() -> None:
    calendar = Calendar("c", None, breaks=(window(12, 13, WORKDAYS),), closed=(Span(0, HOUR),))
    assert hours(opened(calendar), 0, 40) == [(1, 12), (13, 36), (37, 40)]


def test_with_an_empty_weekly_only_extra_opens() -> None:
    only = opened(Calendar("c", (), extra=(Span(1000 * DAY, 1000 * DAY + 60),)))
    assert only.next_open(5) == 1000 * DAY
    assert only.finish(0, 60) == 1000 * DAY + 60
    assert only.finish(0, 61) is None
    assert only.fit(0, 60) == 1000 * DAY
    assert only.fit(0, 61) is None
    assert only.next_open(1001 * DAY) is None


def test_what_never_opens_is_found_out_soon() -> None:
    never = opened(Calendar("c", (window(6, 14),), breaks=(window(0, 24),)))
    assert never.next_open(0) is None
    assert never.finish(0, 1) is None
    assert never.fit(0, 1) is None
    assert never.intervals(0, 100 * DAY) == []


def test_year_ends() -> None:
    calendar = Calendar("c", (window(22, 6),), holidays=(date(2027, 1, 1),))
    assert hours(opened(calendar, "2026-12-31T00:00:00+00:00"), 0, 60) == [(0, 6), (22, 24), (48, 54)]


def test_a_minute_a_week_is_bounded_by_a_century() -> None:
    minute = opened(Calendar("c", (Window(frozenset({0}), 0, 60),)))
    assert minute.finish(0, 100_000 * HOUR) is None
    assert minute.fit(0, 61) is None
    assert minute.finish(0, 61) == 7 * DAY + 1


def test_the_past_is_expanded_when_asked_for() -> None:
    day = opened(Calendar("c", (window(6, 14),)))
    assert day.next_open(0) == 6 * HOUR
    assert day.finish(-100 * DAY, 8 * HOUR * 100) == -DAY + 14 * HOUR
    assert day.next_open(-5000 * DAY) == -5000 * DAY + 6 * HOUR
    assert day.between(-10 * DAY, 10 * DAY) == 20 * 8 * HOUR
    assert day.fit(-20 * HOUR, 8 * HOUR) == -18 * HOUR
    assert opened(Calendar("c", (window(0, 24),))).intervals(-DAY, DAY) == [(-DAY, DAY)]


def test_dates_beyond_the_last_year_are_closed() -> None:
    late = opened(Calendar("c", (window(6, 14),)), "9999-12-01T00:00:00+00:00")
    assert late.next_open(60 * DAY) is None


def test_owners_with_the_same_calendar_and_closures_share_their_open_time() -> None:
    calendar = Calendar("c", (window(6, 14),))
    closed = (Span(0, 5, "service"),)
    machines = (
        Machine("M1", calendar="c"),
        Machine("M2", calendar="c"),
        Machine("M3", calendar="c", closed=closed),
        Machine("M4", calendar="c", closed=(Span(0, 5, "cleaning"),)),
        Machine("M5"),
    )
    operators = (Operator("P1", calendar="c"), Operator("P2"), Operator("P3", calendar="c", absent=(Span(0, DAY),)))
    start = datetime.fromisoformat("2026-01-05T00:00:00+00:00")
    calendars = Calendars(Problem(start, machines, (), (), calendars={"c": calendar}, operators=operators))
    assert calendars.machine(0) is calendars.machine(1) is calendars.operator(0) is calendars.both(0, 0)
    assert calendars.machine(2) is calendars.machine(3) is not calendars.machine(0)
    assert calendars.both(0, None) is calendars.both(0, 1) is calendars.machine(0)
    assert calendars.both(4, 0) is calendars.operator(0)
    assert calendars.both(0, 2) is calendars.both(1, 2)
    assert calendars.both(0, 2).next_open(0) == DAY + 6 * HOUR


# A brute-force oracle: every quarter of an hour of two weeks around a change of daylight saving, one by one.

STEP = 900
START = datetime.fromisoformat("2026-03-23T00:00:00+01:00")
ZONE = ZoneInfo("Europe/Berlin")
FIRST, LAST = -3 * DAY, 11 * DAY

quarters = st.integers(0, 96).map(lambda quarter: quarter * STEP)
windows = st.builds(Window, st.frozensets(st.integers(0, 6)), quarters.filter(lambda s: s < DAY), quarters)
spans = st.builds(
    lambda start, length: Span(start * STEP, (start + length) * STEP), st.integers(-300, 1000), st.integers(1, 60)
)
calendars = st.builds(
    Calendar,
    st.just("c"),
    st.none() | st.lists(windows, max_size=4).map(tuple),
    st.lists(windows, max_size=2).map(tuple),
    st.lists(st.dates(date(2026, 3, 20), date(2026, 4, 3)), max_size=2).map(tuple),
    st.lists(spans, max_size=2).map(tuple),
    st.lists(spans, max_size=2).map(tuple),
)


def instant(day: date, second: int) -> int:
    local = datetime.combine(day, datetime.min.time()) + timedelta(seconds=second)
    return round(local.replace(tzinfo=ZONE).timestamp() - START.timestamp())


def in_windows(rows: tuple[Window, ...], second: int) -> bool:
    around = (START + timedelta(seconds=second)).astimezone(ZONE).date()
    for offset in range(-2, 2):
        day = around + timedelta(days=offset)
        for row in rows:
            if day.weekday() in row.days:
                last = day if row.end > row.start else day + timedelta(days=1)
                if instant(day, row.start) <= second < instant(last, row.end):
                    return True
    return False


def is_open(calendar: Calendar, second: int) -> bool:
    if any(span.start <= second < span.end for span in calendar.closed):
        return False
    if any(span.start <= second < span.end for span in calendar.extra):
        return True
    if (START + timedelta(seconds=second)).astimezone(ZONE).date() in calendar.holidays:
        return False
    weekly = calendar.weekly is None or in_windows(calendar.weekly, second)
    return weekly and not in_windows(calendar.breaks, second)


@settings(max_examples=30, deadline=None)
@given(calendars, st.integers(-200, 800), st.integers(1, 80))
def test_every_answer_agrees_with_looking_at_every_quarter(calendar: Calendar, at: int, length: int) -> None:
    open_time = opened(calendar, START.isoformat(), "Europe/Berlin")
    steps = {second: is_open(calendar, second) for second in range(FIRST, LAST, STEP)}
    t, seconds = at * STEP, length * STEP
    later = [second for second in range(t, LAST, STEP) if steps[second]]

    expected: list[tuple[int, int]] = []
    for second in range(FIRST, LAST, STEP):
        if steps[second]:
            if expected and expected[-1][1] == second:
                expected[-1] = (expected[-1][0], second + STEP)
            else:
                expected.append((second, second + STEP))
    assert open_time.intervals(FIRST, LAST) == expected
    assert open_time.between(t, LAST) == len(later) * STEP

    if later:
        assert open_time.next_open(t) == later[0]
    if len(later) >= length:
        assert open_time.finish(t, seconds) == later[length - 1] + STEP
        assert open_time.latest_start(later[length - 1] + STEP, seconds) == later[0]
    fits = [s for s in later if all(steps.get(s + i * STEP, False) for i in range(length))]
    if fits:
        assert open_time.fit(t, seconds) == fits[0]
    elif (found := open_time.fit(t, seconds)) is not None:
        assert found + seconds > LAST
