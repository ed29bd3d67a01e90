from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from models.replanning.due import MOST_MISSED, NoCron, due_times, missed, next_due, ready_by

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, cron: str, count: int) -> list[str]:
    after = datetime.fromisoformat(text).replace(tzinfo=BERLIN)
    return [f"{m.astimezone(BERLIN):%d %H:%M%z}" for m in islice(due_times(cron, BERLIN, after), count)]


def test_half_past_two_on_the_day_that_has_none_is_due_after_the_gap() -> None:
    assert local("2026-03-28 12:00", "30 2 * * *", 3) == ["29 03:00+0200", "30 02:30+0200", "31 02:30+0200"]
    assert next_due("30 2 * * *", BERLIN, utc("2026-03-29 00:59")) == utc("2026-03-29 01:00")


def test_half_past_two_on_the_day_that_has_it_twice_is_due_the_first_time_only() -> None:
    assert local("2026-10-24 12:00", "30 2 * * *", 2) == ["25 02:30+0200", "26 02:30+0100"]
    for after in ("2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:29", "2026-10-25 01:30"):
        assert next_due("30 2 * * *", BERLIN, utc(after)) == utc("2026-10-26 01:30"), after


def test_what_is_due_every_hour_goes_on_at_its_pace_through_both() -> None:
    assert local("2026-03-29 00:30", "0 * * * *", 3) == ["29 01:00+0100", "29 03:00+0200", "29 04:00+0200"]
    assert local("2026-10-25 01:30", "0 * * * *", 3) == ["25 02:00+0200", "25 02:00+0100", "25 03:00+0100"]


def test_due_times_of_one_gap_fall_together() -> None:
    assert local("2026-03-29 01:00", "0,30 2,3 * * *", 3) == ["29 03:00+0200", "29 03:30+0200", "30 02:00+0200"]


@pytest.mark.parametrize("cron", ["", "* * * *", "61 2 * * *", "every night", "30 2 * * * *"])
def test_what_is_no_cron_is_refused(cron: str) -> None:
    with pytest.raises(NoCron, match="is no cron expression of five fields"):
        next_due(cron, BERLIN, utc("2026-01-01 00:00"))


@pytest.mark.parametrize(
    "cron",
    ["*/61 * * * *", "* */25 * * *", "* * 1-9/32 * *", "* * * */13 *", "* * * * 1,*/8", f"*/{'9' * 5000} * * * *"],
)
def test_a_step_beyond_its_field_is_refused(cron: str) -> None:
    with pytest.raises(NoCron, match=r"a step of its field .* is more than"):
        next_due(cron, BERLIN, utc("2026-01-01 00:00"))


def test_the_longest_steps_are_taken() -> None:
    assert next_due("*/60 */24 * * *", BERLIN, utc("2026-01-01 00:00")) == utc("2026-01-01 23:00")


def test_a_cron_that_is_never_due_is_refused() -> None:
    with pytest.raises(NoCron, match="is never due: none of its months has such a day"):
        next_due("30 2 30 2 *", BERLIN, utc("2026-01-01 00:00"))


def test_missed_due_times_are_told_up_to_a_bound() -> None:
    first = utc("2026-03-28 01:30")
    nights = missed("30 2 * * *", BERLIN, first, utc("2026-03-31 12:00"))
    assert nights == [first, utc("2026-03-29 01:00"), utc("2026-03-30 00:30"), utc("2026-03-31 00:30")]
    now = utc("2026-06-01 00:00:30")
    minutes = missed("* * * * *", BERLIN, first, now)
    assert len(minutes) == MOST_MISSED
    assert minutes[-1] == now.replace(second=0)
    assert missed("30 2 * * *", BERLIN, first, first) == [first]


@pytest.mark.parametrize(
    ("due", "clock", "ready"),
    [
        ("2026-03-29 01:00", "05:30", "2026-03-29 03:30"),
        ("2026-10-25 00:30", "05:30", "2026-10-25 04:30"),
        ("2026-01-05 21:00", "05:30", "2026-01-06 04:30"),
        ("2026-01-05 04:30", "05:30", "2026-01-06 04:30"),
        ("2026-10-25 00:30", "02:30", "2026-10-26 01:30"),
    ],
)
def test_ready_by_is_the_next_time_that_the_clock_shows_it(due: str, clock: str, ready: str) -> None:
    assert ready_by(utc(due), clock, BERLIN) == utc(ready)
    assert ready_by(utc(due), None, BERLIN) is None


def test_due_times_ascend_by_whole_minutes_for_years() -> None:
    moments = list(islice(due_times("30 2 * * *", BERLIN, utc("2026-01-01 00:00")), 800))
    gaps = {after - before for before, after in pairwise(moments)}
    assert gaps == {timedelta(hours=h) for h in (24, 25)} | {timedelta(hours=23.5)}
