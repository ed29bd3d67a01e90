"""A result document as a table of key figures for people, with a picture of how busy the machines are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.shop.problem import COUNT_TERMS

PICTURE_COLUMNS = 60
BLOCKS = " ▁▂▃▄▅▆▇█"


def table(document: Mapping[str, Any], wall_seconds: float, *, picture: bool = True) -> str:
    """The key figures of a result, one a line; ``wall_seconds`` is how long the whole took as people saw it."""
    rows = [("Status", _status(document)), *_metrics(document["metrics"]), *_levels(document["quality"]["levels"])]
    rows.append(("Unscheduled jobs", str(len(document["unscheduled_jobs"]))))
    rows.append(("Wall time", f"{wall_seconds:.1f} s"))
    if picture:
        rows += _busy(document["scheduled_jobs"])
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}".rstrip() for name, value in rows]
    return "\n".join([*lines, *(f"Warning: {warning}" for warning in document["warnings"])])


def _status(document: Mapping[str, Any]) -> str:
    fallback = ", with fallback" if document["fallback_used"] else ""
    return f"{document['status']} ({document['quality']['engine']}{fallback})"


def _metrics(metrics: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
    yield "Makespan", _amount("makespan", metrics["makespan"])
    yield "Weighted tardiness", _amount("weighted_tardiness", metrics["weighted_tardiness"])
    yield "Tardy jobs", _amount("tardy_jobs", metrics["tardy_jobs"])
    yield "On-time rate", _rate(metrics["on_time_rate"])
    yield "Completion", _rate(metrics["completion_rate"])
    yield "Utilisation", _rate(metrics["machine_utilisation"])


def _levels(levels: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for number, level in enumerate(levels, start=1):
        name = level["objective"]
        name = name if isinstance(name, str) else " + ".join(f"{factor:g} {term}" for term, factor in name.items())
        value = f"{name} {_amount(name, level['value'])}"
        if level["lower_bound"] is None:
            yield f"Level {number}", f"{value}, no bound"
        else:
            gap = f"gap {100 * level['gap']:.2f} %"
            yield f"Level {number}", f"{value}, bound {_amount(name, level['lower_bound'])}, {gap}"


def _busy(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    spans = [(_seconds(row["start_time"]), _seconds(row["end_time"])) for row in rows]
    if not spans:
        return
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    step = max(1.0, (last - first) / PICTURE_COLUMNS)
    load = [0.0] * PICTURE_COLUMNS
    for begin, end in spans:
        for column in range(int((begin - first) / step), min(PICTURE_COLUMNS, int((end - first) / step) + 1)):
            left = first + column * step
            load[column] += max(0.0, min(end, left + step) - max(begin, left)) / step
    peak = max(load)
    top = len(BLOCKS) - 1
    yield "Work under way", "".join(BLOCKS[0 if not x else max(1, round(top * x / peak))] for x in load)
    yield "", f"{PICTURE_COLUMNS} columns of {_span(step)}; highest: {peak:.0f} operations at a time"


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def _amount(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    unit = "" if name in COUNT_TERMS or name == "unscheduled" else " h"
    return f"{value:,.2f}{unit}" if unit else f"{value:,g}"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
