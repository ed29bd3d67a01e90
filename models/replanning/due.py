"""Due times of cron expressions in a time zone, daylight saving included.

The expressions are Debian's cron's (five fields), read by cronsim. On the days on which clocks change: a time that the
clock skips (02:30) is due at the first moment after the gap, one that it shows twice is due the first time only; what
is due every so many minutes or hours (``*/15 * * * *``, ``0 * * * *``) goes on at its pace, through both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from models.shop.faults import shown

FIELDS: Final = 5
"""Minute, hour, day of the month, month, day of the week; cronsim would take seconds too."""

MOST_STEP: Final = (60, 24, 31, 12, 7)
"""How many values each field has: a longer step (``*/100``) is a slip, and would be due once a round."""

MOST_MISSED: Final = 1000
"""Missed due times that are told one by one; of more, the last of the last JUMP_BACK."""

JUMP_BACK: Final = timedelta(days=2)

_STEP: Final = re.compile(r"/([0-9]+)")
_DAY: Final = re.compile(r"0?[1-9]|[12][0-9]|3[01]")
_MAX_DIGITS: Final = 9


class NoCron(ValueError):
    """An expression that is none, or that is never due; the message says which."""


def due_times(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The due times later than ``after`` (aware), ascending, in UTC. Raises NoCron."""
    try:
        if len(cron.split()) != FIELDS:
            raise CronSimError(f"has {len(cron.split())} fields")
        _check_steps(cron)
        found = CronSim(cron, after.astimezone(zone))
    except CronSimError as error:
        if str(error) == "Bad day-of-month" and all(_DAY.fullmatch(part) for part in cron.split()[2].split(",")):
            raise NoCron("is never due: none of its months has such a day") from None
        raise NoCron(f"is no cron expression of five fields: {str(error).lower()}") from None
    last = after.astimezone(UTC)
    for local in found:
        moment = local.astimezone(UTC)
        if moment > last:  # in the hour that clocks show twice, what was due in its first turn is over
            last = moment
            yield moment


def next_due(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """The first due time later than ``after``. Raises NoCron, also for an expression that is never due."""
    found = next(due_times(cron, zone, after), None)
    if found is None:
        raise NoCron("is never due: no such day comes within 50 years")
    return found


def missed(cron: str, zone: ZoneInfo, first: datetime, now: datetime) -> list[datetime]:
    """The due times from ``first``, itself one, to ``now``; where there are very many, only the latest of them."""
    found = [first]
    for moment in due_times(cron, zone, first):
        if moment > now:
            return found
        if len(found) == MOST_MISSED:
            break
        found.append(moment)
    recent = list(_until(due_times(cron, zone, max(first, now - JUMP_BACK)), now))
    return (recent or found)[-MOST_MISSED:]


def ready_by(due: datetime, clock: str | None, zone: ZoneInfo) -> datetime | None:
    """The first moment after ``due`` at which local time shows ``clock`` (HH:MM), in UTC; None without one."""
    if clock is None:
        return None
    local = due.astimezone(zone)
    for days in (0, 1, 2):
        day = local.date() + timedelta(days=days)
        moment = datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
        if moment > due:
            return moment
    raise AssertionError("no day lasts longer than two")


def _check_steps(cron: str) -> None:
    for part, most in zip(cron.split(), MOST_STEP, strict=True):
        for step in _STEP.findall(part):
            if len(step) > _MAX_DIGITS or int(step) > most:
                raise CronSimError(f"a step of its field {shown(part)} is more than {most}")


def _until(moments: Iterator[datetime], now: datetime) -> Iterator[datetime]:
    for moment in moments:
        if moment > now:
            return
        yield moment
