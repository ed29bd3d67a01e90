"""Calendars as open time: weekly windows of local time, breaks, holidays, extra shifts and closures.

Open time = ((weekly - breaks - holidays) + extra) - closed - the owner's own closures. Local times are read in the
plant's zone as RFC 5545 (3.3.5) has it: one that daylight saving skips is taken with the offset before the gap, one
that happens twice is its first occurrence; both are what ``zoneinfo`` does for fold 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from models.shop.open_time import DAY, MAX_INTERVALS, OpenTime, Source
from models.shop.problem import Calendar, Problem, Span, Window
from models.shop.spans import Interval, clipped, common, union, without

__all__ = ["CalendarSource", "Calendars", "OpenTime"]

_FIRST_DAY, _LAST_DAY = date.min.toordinal() + 1, date.max.toordinal() - 1

ALL_INTERVALS = 2_000_000
"""Intervals held for all owners of a problem together, so that no request takes the memory of the others."""

LEAST_INTERVALS = 1000
"""What every owner may hold all the same: months of shifts with breaks."""

Identity = tuple[str | None, tuple[Interval, ...]]
"""What makes two owners' open time the same: the calendar's name and the owner's own closures."""


class CalendarSource:
    """Open intervals of one calendar without any owner's closures. ``epoch`` is the Unix time of second zero."""

    def __init__(self, calendar: Calendar, zone: ZoneInfo, epoch: int) -> None:
        self._calendar, self._zone, self._epoch = calendar, zone, epoch
        self._extra = _spans(calendar.extra)
        self._closed = _spans(calendar.closed)

    @cached_property
    def _holidays(self) -> list[Interval]:
        days = (day.toordinal() for day in self._calendar.holidays)
        return union((self._second(day, 0), self._second(day, DAY)) for day in days if _FIRST_DAY <= day <= _LAST_DAY)

    @property
    def always(self) -> bool:
        """Whether nothing ever closes it."""
        calendar = self._calendar
        return calendar.weekly is None and not (calendar.breaks or calendar.holidays or self._closed)

    @property
    def settled(self) -> int:
        """The end of the last dated exception, in seconds from second zero."""
        return max((end for spans in (self._extra, self._closed, self._holidays) for _, end in spans), default=0)

    def __call__(self, first: int, last: int) -> list[Interval]:
        """The open intervals of [first, last), clipped to it."""
        weekly = self._calendar.weekly
        opened = [(first, last)] if weekly is None else self._windows(weekly, first, last)
        opened = without(opened, self._windows(self._calendar.breaks, first, last))
        opened = without(opened, clipped(self._holidays, first, last))
        extra = clipped(self._extra, first, last)
        if extra:
            opened = union([*opened, *extra])
        return without(opened, clipped(self._closed, first, last))

    def _windows(self, windows: Sequence[Window], first: int, last: int) -> list[Interval]:
        """Weekly windows in [first, last): all that start on the local days from two before it to one after it."""
        if not windows:
            return []
        by_weekday = [[w for w in windows if day in w.days] for day in range(7)]
        days = range(max(self._day(first) - 2, _FIRST_DAY), min(self._day(last) + 2, _LAST_DAY))
        found = []
        for day in days:
            for window in by_weekday[(day - 1) % 7]:
                end = day if window.end > window.start else day + 1
                found.append((self._second(day, window.start), self._second(end, window.end)))
        return clipped(union(found), first, last)

    def _second(self, day: int, second: int) -> int:
        """When local day ``day`` (a proleptic ordinal) shows ``second`` of the day; DAY is the next midnight."""
        offset = _offset_of_day(self._zone, day)
        if offset is None:
            offset = _offset(self._zone, day, second)
        return (day - _UNIX_DAY) * DAY + second - offset - self._epoch

    def _day(self, second: int) -> int:
        """The proleptic ordinal of the day of ``second`` in UTC, within a day of the local one."""
        return _UNIX_DAY + (self._epoch + second) // DAY


class Calendars:
    """Open time of every machine and operator of a problem; owners with the same calendar and closures share theirs.

    Expanded as asked for, so keep one for all that is done with a problem.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._known: dict[Identity, OpenTime] = {}
        self._joint: dict[tuple[int, int], OpenTime] = {}
        owners = {(m.calendar, m.closed) for m in problem.machines} | {
            (o.calendar, o.absent) for o in problem.operators
        }
        self._most = min(MAX_INTERVALS, max(LEAST_INTERVALS, ALL_INTERVALS // max(1, len(owners))))
        self._machines = [self._open_time(m.calendar, m.closed) for m in problem.machines]
        self._operators = [self._open_time(o.calendar, o.absent) for o in problem.operators]

    def machine(self, machine: int) -> OpenTime:
        """Open time of a machine."""
        return self._machines[machine]

    def operator(self, operator: int) -> OpenTime:
        """Open time of an operator."""
        return self._operators[operator]

    def both(self, machine: int, operator: int | None) -> OpenTime:
        """Open time that a machine shares with an operator; the machine's own where ``operator`` is None."""
        ours = self._machines[machine]
        if operator is None:
            return ours
        theirs = self._operators[operator]
        if theirs is ours or theirs.always:
            return ours
        if ours.always:
            return theirs
        key = (id(ours), id(theirs))
        shared = self._joint.get(key)
        if shared is None:
            shared = self._joint[key] = OpenTime(_shared(ours, theirs), max(ours.settled, theirs.settled), self._most)
        return shared

    def _open_time(self, name: str | None, closures: tuple[Span, ...]) -> OpenTime:
        own = _spans(closures)
        identity = (name, tuple(own))
        known = self._known.get(identity)
        if known is None:
            known = self._less(self._open_time(name, ()), own) if own else self._named(name)
            self._known[identity] = known
        return known

    def _named(self, name: str | None) -> OpenTime:
        if name is None:
            return OpenTime()
        source = CalendarSource(self._problem.calendars[name], self._problem.zone, self._problem.epoch)
        return OpenTime() if source.always else OpenTime(source, source.settled, self._most)

    def _less(self, opened: OpenTime, own: list[Interval]) -> OpenTime:
        def source(first: int, last: int) -> list[Interval]:
            return without(opened.intervals(first, last), clipped(own, first, last))

        return OpenTime(source, max(opened.settled, own[-1][1]), self._most)


def _shared(ours: OpenTime, theirs: OpenTime) -> Source:
    def source(first: int, last: int) -> list[Interval]:
        return common(ours.intervals(first, last), theirs.intervals(first, last))

    return source


def _spans(spans: Iterable[Span]) -> list[Interval]:
    return union((span.start, span.end) for span in spans)


def _offset(zone: ZoneInfo, day: int, second: int) -> int:
    """Seconds by which local time is ahead of UTC when it shows ``second`` of a day."""
    local = datetime.fromordinal(day) + timedelta(seconds=second)
    offset = local.replace(tzinfo=zone).utcoffset()
    assert offset is not None
    return offset // _SECOND


@lru_cache(maxsize=50_000)
def _offset_of_day(zone: ZoneInfo, day: int) -> int | None:
    """The offset of a whole local day, the midnight that ends it included; None where it changes, looked at by hours.

    No zone has changed its clocks twice within an hour.
    """
    offsets = {_offset(zone, day, hour * 3600) for hour in range(25)}
    return offsets.pop() if len(offsets) == 1 else None


_UNIX_DAY = date(1970, 1, 1).toordinal()
_SECOND = timedelta(seconds=1)
