"""Points in time as they are written: RFC 3339 instants, dates, and times of the day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import NamedTuple

_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_MIDNIGHT = ("24:00", "24:00:00")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400
_LAST = (datetime(2200, 1, 1, tzinfo=UTC) - _EPOCH).days * DAY
_YEARS = "1970-01-01 and 2200-01-01, UTC"


class Unreadable(ValueError):
    """Text that is no point in time. ``rule`` is the fault's rule name, the text of the exception its message."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class Instant(NamedTuple):
    """A point in time: ``moment`` in whole seconds, rounded down, and the ``decimals`` cut off, no zeros at the end."""

    moment: datetime
    decimals: str

    @property
    def floor(self) -> int:
        """Unix time, rounded down to a second."""
        passed = self.moment - _EPOCH
        return passed.days * DAY + passed.seconds

    @property
    def ceiling(self) -> int:
        """Unix time, rounded up to a second."""
        return self.floor + (self.decimals != "")

    def is_before(self, other: Instant) -> bool:
        """Whether this instant is truly before the other one."""
        return (self.floor, self.decimals) < (other.floor, other.decimals)


def read_instant(text: str) -> Instant:
    """An instant of RFC 3339, with offset, from 1970 to 2200. Raises Unreadable; a leap second is not understood."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise Unreadable("instant", "must be an RFC 3339 instant like 2026-01-05T06:00:00+01:00")
    whole, fraction, offset = found.groups()
    if offset is None:
        raise Unreadable("offset", "needs an offset, like Z or +01:00")
    try:
        moment = datetime.fromisoformat(whole + offset.upper())
    except ValueError:
        raise Unreadable("instant", "must be a day and a time that exist") from None
    instant = Instant(moment, (fraction or "").rstrip("0"))
    if not 0 <= instant.floor <= instant.ceiling <= _LAST:
        raise Unreadable("range", f"must lie between {_YEARS}")
    return instant


def read_date(text: str) -> date:
    """A date YYYY-MM-DD from 1970 to 2200. Raises Unreadable."""
    if _DATE.fullmatch(text) is None:
        raise Unreadable("date", "must be a date like 2026-01-06")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Unreadable("date", "must be a day that exists") from None
    if not 0 <= (day - _EPOCH.date()).days * DAY <= _LAST:
        raise Unreadable("range", f"must lie between {_YEARS}")
    return day


def read_clock(text: str, *, ends: bool) -> int:
    """A time of the day as seconds since midnight; 24:00 only where it ``ends`` a window. Raises Unreadable."""
    if text in _MIDNIGHT:
        if not ends:
            raise Unreadable("clock", "24:00 can only end a window; start it at 00:00 of the next day")
        return DAY
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise Unreadable("clock", "must be a time of the day like 06:00 or 06:00:30")
    hour, minute, second = found.groups()
    return int(hour) * 3600 + int(minute) * 60 + int(second or 0)
