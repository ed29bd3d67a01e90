"""Calendars, and the spans of time that machines and operators are closed or absent."""

from __future__ import annotations

from datetime import date

from models.shop.problem import Calendar, Span, Window
from models.shop.reading.bounds import MAX_TEXT
from models.shop.reading.context import Context
from models.shop.reading.instants import Unreadable, read_clock, read_date
from models.shop.reading.row import Row

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CALENDAR = frozenset({"weekly", "breaks", "holidays", "extra", "closed"})
_WINDOW = frozenset({"days", "from", "to", "shift"})
_CLOSURE = frozenset({"from", "to", "reason"})
_EXTRA = frozenset({"from", "to"})


def read_calendars(context: Context, document: Row) -> dict[str, Calendar]:
    """All calendars by name."""
    rows = document.named_rows("calendars", _CALENDAR, context.bounds.max_calendars)
    return {name: _read_calendar(context, name, row) for name, row in rows}


def _read_calendar(context: Context, name: str, row: Row) -> Calendar:
    return Calendar(
        name,
        weekly=read_windows(context, row, "weekly") if row.has("weekly") else None,
        breaks=read_windows(context, row, "breaks"),
        holidays=_read_holidays(context, row),
        extra=_read_extra(context, row),
        closed=read_closures(context, row, "closed"),
    )


def read_closures(context: Context, row: Row, name: str) -> tuple[Span, ...]:
    """Spans without work. Fractions of a second widen them."""
    spans = []
    for entry in row.rows(name, _CLOSURE, context.bounds.max_windows):
        context.count_windows(row, name, 1)
        reason = entry.text("reason", least=0, most=MAX_TEXT)
        if _in_order(entry):
            start, end = context.second_down(entry, "from"), context.second_up(entry, "to")
            if start is not None and end is not None:
                spans.append(Span(start, end, reason))
    return tuple(spans)


def _read_extra(context: Context, row: Row) -> tuple[Span, ...]:
    """Spans of extra work. Fractions of a second shrink them; what holds no whole second is left out."""
    spans = []
    for entry in row.rows("extra", _EXTRA, context.bounds.max_windows):
        context.count_windows(row, "extra", 1)
        if _in_order(entry):
            start, end = context.second_up(entry, "from"), context.second_down(entry, "to")
            if start is not None and end is not None and start < end:
                spans.append(Span(start, end))
    return tuple(spans)


def _in_order(row: Row) -> bool:
    """Whether both ends of a span are there and in order; notes a fault if not."""
    missing = [name for name in ("from", "to") if not row.require(name)]
    if missing:
        return False
    start, end = row.instant("from"), row.instant("to")
    if start is None or end is None:
        return False
    if start.is_before(end):
        return True
    row.fault("to", "order", "must be after `from`", row.fields["to"])
    return False


def read_windows(context: Context, row: Row, name: str) -> tuple[Window, ...]:
    """Weekly windows of local time."""
    windows = []
    for entry in row.rows(name, _WINDOW, context.bounds.max_windows):
        context.count_windows(row, name, 1)
        days = _read_days(entry)
        start, end = _read_clock(entry, "from", ends=False), _read_clock(entry, "to", ends=True)
        shift = entry.text("shift", least=0)
        if start is not None and end is not None:
            windows.append(Window(days, start, end, shift))
    return tuple(windows)


def _read_days(row: Row) -> frozenset[int]:
    if not row.require("days"):
        return frozenset()
    days = set()
    listed = row.items("days", len(DAYS))
    if isinstance(row.fields["days"], list) and not row.fields["days"]:
        row.fault("days", "min_items", "must name at least one day", listed)
    for number, day in enumerate(listed):
        if isinstance(day, str) and day.lower() in DAYS:
            days.add(DAYS.index(day.lower()))
        else:
            row.fault(f"days[{number}]", "unknown_day", f"must be one of {', '.join(DAYS)}", day)
    return frozenset(days)


def _read_clock(row: Row, name: str, *, ends: bool) -> int | None:
    if not row.require(name):
        return None
    value = row.fields[name]
    if not isinstance(value, str):
        row.fault(name, "type", "must be a time of the day as a string", value)
        return None
    try:
        return read_clock(value, ends=ends)
    except Unreadable as error:
        row.fault(name, error.rule, str(error), value)
        return None


def _read_holidays(context: Context, row: Row) -> tuple[date, ...]:
    holidays = []
    listed = row.items("holidays", context.bounds.max_windows)
    context.count_windows(row, "holidays", len(listed))
    for number, value in enumerate(listed):
        if not isinstance(value, str):
            row.fault(f"holidays[{number}]", "type", "must be a date as a string", value)
            continue
        try:
            holidays.append(read_date(value))
        except Unreadable as error:
            row.fault(f"holidays[{number}]", error.rule, str(error), value)
    return tuple(holidays)
