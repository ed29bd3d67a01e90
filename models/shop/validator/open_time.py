"""Open time, written out eagerly: every calendar becomes one list of intervals over the stretch that is looked at.

Local times become instants as in RFC 5545, section 3.3.5: a time in the gap takes the offset before it, a time that
occurs twice is the first of the two. That is ``fold=0`` of the standard library (PEP 495).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from models.shop.problem import Calendar, Problem, Span, Window
from models.shop.validator.intervals import Interval, Intervals, clip, difference, intersection, union

DAY = timedelta(days=1)


class OpenTimes:
    """Open intervals of every machine and operator within [first, last), in seconds from second zero."""

    def __init__(self, problem: Problem, first: int, last: int) -> None:
        self.problem = problem
        self.first = first
        self.last = last
        self._calendars: dict[str | None, Intervals] = {None: [(first, last)]}
        self._resources: dict[tuple[str | None, tuple[Span, ...]], Intervals] = {}

    def machine(self, number: int) -> Intervals:
        """Open time of a machine: its calendar less its own closures."""
        machine = self.problem.machines[number]
        return self._resource(machine.calendar, machine.closed)

    def operator(self, number: int) -> Intervals:
        """Open time of an operator: the calendar less the absences."""
        operator = self.problem.operators[number]
        return self._resource(operator.calendar, operator.absent)

    def within(self, machine: int, operator: int | None, first: int, last: int) -> Intervals:
        """When machine and operator (if any) are both open, within [first, last)."""
        part = clip(self.machine(machine), first, last)
        return part if operator is None else intersection(part, clip(self.operator(operator), first, last))

    def _resource(self, calendar: str | None, closed: tuple[Span, ...]) -> Intervals:
        key = (calendar, closed)
        found = self._resources.get(key)
        if found is None:
            found = self._resources[key] = difference(self._calendar(calendar), union(_spans(closed)))
        return found

    def _calendar(self, name: str | None) -> Intervals:
        found = self._calendars.get(name)
        if found is None:
            assert name is not None  # the entry of None is there from the start
            found = self._calendars[name] = self._expand(self.problem.calendars[name])
        return found

    def _expand(self, calendar: Calendar) -> Intervals:
        everything = [(self.first, self.last)]
        dates = self._dates()
        weekly = everything if calendar.weekly is None else union(self._windows(calendar.weekly, dates))
        breaks = union(self._windows(calendar.breaks, dates))
        holidays = union((self._instant(day, 0), self._instant(day + DAY, 0)) for day in calendar.holidays)
        worked = difference(difference(weekly, breaks), holidays)
        opened = union([*worked, *_spans(calendar.extra)])
        return clip(difference(opened, union(_spans(calendar.closed))), self.first, self.last)

    def _dates(self) -> Sequence[date]:
        """Every local date whose windows may reach into the stretch."""
        earliest = (datetime.fromtimestamp(self.problem.epoch + self.first, UTC)).date() - 3 * DAY
        latest = (datetime.fromtimestamp(self.problem.epoch + self.last, UTC)).date() + 2 * DAY
        return [earliest + timedelta(days=count) for count in range((latest - earliest).days + 1)]

    def _windows(self, windows: Sequence[Window], dates: Iterable[date]) -> Iterator[Interval]:
        by_day: list[list[Window]] = [[w for w in windows if day in w.days] for day in range(7)]
        for day in dates:
            for window in by_day[day.weekday()]:
                last_day = day if window.end > window.start else day + DAY
                yield self._instant(day, window.start), self._instant(last_day, window.end)

    def _instant(self, day: date, second: int) -> int:
        """Seconds from second zero of a local time of day; ``second`` 86,400 is the next midnight."""
        naive = datetime(day.year, day.month, day.day) + timedelta(seconds=second)
        return round(naive.replace(tzinfo=self.problem.zone).timestamp()) - self.problem.epoch


def _spans(spans: Iterable[Span]) -> Iterator[Interval]:
    return ((span.start, span.end) for span in spans)
