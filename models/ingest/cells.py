"""One cell of a source as the value that its column means. Each converter raises CellRefused with the rule it keeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.ingest.columns import Kind
from models.shop.problem import WHOLE_SHARE
from models.shop.reading.bounds import MAX_ID, MAX_TEXT
from models.shop.reading.calendars import DAYS

Convert = Callable[[Any], Any]

UNIT_FACTORS: Final[Mapping[str, float]] = {
    "hours": 1.0,
    "minutes": 1 / 60,
    "seconds": 1 / 3600,
    "days": 24.0,
    "one": 1.0,
    "percent": 0.01,
    "millionths": 1 / WHOLE_SHARE,
}
TRUE, FALSE = ("1", "true", "t", "yes", "y"), ("0", "false", "f", "no", "n")
DIGITS: Final = 9
"""Decimals that a conversion keeps: a microsecond of an hour is less than the shop's second."""

Values = Mapping[str, Any]
"""What the source writes -> what is meant; keys are the source's values as text."""


class CellRefused(ValueError):
    """A value that its column cannot hold; the message says what the column takes."""


def converter(kind: Kind, unit: str, zone: ZoneInfo, values: Values | None = None) -> Convert:
    """What turns a cell of a source into the value of a column of this ``kind``; None stays None.

    ``unit`` is the source's (``UNITS``), ``zone`` that of its times without offset. ``values`` are looked up first.
    """
    convert = _converter(kind, unit, zone)
    if not values:
        return convert

    def looked_up(value: Any) -> Any:
        return convert(values.get(str(value), value))

    return looked_up


def _converter(kind: Kind, unit: str, zone: ZoneInfo) -> Convert:
    if kind == "instant":
        return _instant(unit, zone)
    if kind in ("hours", "number"):
        factor = UNIT_FACTORS[unit]
        return _number if factor == 1.0 else lambda value: round(_number(value) * factor, DIGITS)
    if kind == "share":
        millionths = UNIT_FACTORS[unit] * WHOLE_SHARE
        return lambda value: round(_number(_number(value) * millionths))
    plain: dict[Kind, Convert] = {
        "id": _id,
        "text": _text,
        "whole": _whole,
        "flag": _flag,
        "date": _date,
        "clock": _clock,
        "days": _days,
    }
    return plain[kind]


def _id(value: Any) -> str:
    """Numbers become their digits: many plants number their machines."""
    if type(value) is not str:
        value = str(_whole(value))
    text = value.strip()
    if not 0 < len(text) <= MAX_ID or not text.isprintable():
        raise CellRefused(f"must be 1 to {MAX_ID} printable characters")
    return str(text)


def _text(value: Any) -> str:
    text = str(value)
    if len(text) > MAX_TEXT:
        raise CellRefused(f"must be at most {MAX_TEXT} characters long")
    return text


def _number(value: Any) -> float:
    if type(value) is float or type(value) is int:
        number = value
    elif isinstance(value, (Decimal, str)):
        try:
            number = float(value)
        except ValueError:
            raise CellRefused("must be a number") from None
    else:
        raise CellRefused("must be a number")
    try:
        finite = math.isfinite(number)
    except OverflowError:  # a whole number of more than 308 digits
        finite = False
    if not finite:
        raise CellRefused("must be a finite number")
    return number


def _whole(value: Any) -> int:
    if type(value) is int:
        return value
    number = _number(value)
    if number != int(number):
        raise CellRefused("must be a whole number")
    return int(number)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in TRUE or text in FALSE:
        return text in TRUE
    raise CellRefused("must be true or false (or 1 or 0, yes or no)")


def _instant(unit: str, zone: ZoneInfo) -> Convert:
    scale = {"unix_seconds": 1, "unix_milliseconds": 1000}.get(unit)

    def convert(value: Any) -> datetime:
        if scale is not None:
            try:
                return datetime.fromtimestamp(_number(value) / scale, UTC)
            except (OverflowError, OSError, ValueError):
                raise CellRefused("must be a Unix time") from None
        moment = value
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value.strip())
            except ValueError:
                raise CellRefused("must be a date with time, like 2026-01-05 06:00:00") from None
        if not isinstance(moment, datetime):
            raise CellRefused("must be a date with time, like 2026-01-05 06:00:00")
        # fold 0 for a time that happens twice or never, as the shop's calendars read it; in UTC, since Python compares
        # times of one zone by their clocks alone
        try:
            return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
        except OverflowError:
            raise CellRefused("must be of the years 1 to 9999 in UTC") from None

    return convert


def _date(value: Any) -> str:
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value.strip()[:10])
        except ValueError:
            raise CellRefused("must be a date, like 2026-01-06") from None
    if not isinstance(value, date):
        raise CellRefused("must be a date, like 2026-01-06")
    return value.isoformat()


def _clock(value: Any) -> str:
    """Databases answer a TIME as a time, as a duration (MariaDB) or as text; 24:00 ends a day."""
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        if not 0 <= seconds <= 86_400:
            raise CellRefused("must be a time of the day, like 06:00")
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, time):
        return value.strftime("%H:%M:%S")
    if isinstance(value, str):
        text = value.strip()
        if text in ("24:00", "24:00:00"):
            return "24:00"
        try:
            return time.fromisoformat(text).strftime("%H:%M:%S")
        except ValueError:
            pass
    raise CellRefused("must be a time of the day, like 06:00")


def _days(value: Any) -> list[str]:
    days = [day.strip().lower()[:3] for day in str(value).split(",")]
    if not all(day in DAYS for day in days):
        raise CellRefused("must be days of the week, like mon,tue")
    return list(dict.fromkeys(days))
