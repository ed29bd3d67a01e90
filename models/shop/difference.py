"""What is different from one plan to another, told of their result documents alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.shop.faults import Fault, shown
from models.shop.objective import CHANGE_TOLERANCE, HOUR
from models.shop.problem import TERMS

Document = dict[str, Any]
Row = Mapping[str, Any]

MOST_ROWS = 1000
"""So many moved, added and dropped rows are listed each; all are counted."""

_RESULT = {
    "schedule_id": str,
    "schedule_start": str,
    "status": str,
    "scheduled_jobs": list,
    "unscheduled_jobs": list,
    "metrics": dict,
}
RATES = ("completion_rate", "machine_utilisation", "on_time_rate")
FROM_START = ("makespan", "total_flow_time", "setup_time", "machine_utilisation")
"""What is counted from a plan's own start: plans that start at different times have no difference in it."""

DIGITS = 6
_PLACE = ("machine_id", "operator_id", "start_time", "end_time")


def difference(a: Row, b: Row, tolerance: int = CHANGE_TOLERANCE, most: int = MOST_ROWS) -> Document:
    """Plan ``b`` beside plan ``a``: what is ``moved``, ``added``, ``dropped``, and each objective term of both.

    Moved is what is on another machine or starts more than ``tolerance`` seconds away, as ``changes`` count it; with
    another operator or nearer it is ``adjusted``, which is only counted. Rows are told by job, operation and lot, at
    most ``most`` of each kind: those on other machines first, then the furthest. The change of what is counted from a
    plan's start (makespan) is None where the plans start at different times.
    """
    before, after = _by_work(a), _by_work(b)
    both = [key for key in before if key in after]
    pairs = [_pair(key, before[key], after[key]) for key in both]
    moved = [row for row in pairs if row["machine_changed"] or abs(row["hours"]) * HOUR > tolerance]
    moved.sort(key=lambda row: (not row["machine_changed"], -abs(row["hours"])))
    adjusted = sum(row["from"] != row["to"] for row in pairs) - len(moved)
    added = [_alone(key, after[key]) for key in after if key not in before]
    dropped = [_alone(key, before[key]) for key in before if key not in after]
    return {
        "a": _head(a),
        "b": _head(b),
        "counts": {
            "unchanged": len(pairs) - len(moved) - adjusted,
            "adjusted": adjusted,
            "moved": len(moved),
            "on_another_machine": sum(row["machine_changed"] for row in moved),
            "added": len(added),
            "dropped": len(dropped),
        },
        "terms": _terms(a["metrics"], b["metrics"], same_start=_start(a) == _start(b)),
        "moved": moved[:most],
        "added": added[:most],
        "dropped": dropped[:most],
        "left_out": _left_out(b, a),
        "taken_in": _left_out(a, b),
    }


def faults_of(document: object) -> Iterator[Fault]:
    """Why a document cannot be compared as the result of a schedule: nothing where it can."""
    if not isinstance(document, dict):
        yield Fault("result", "type", "must be a JSON object", shown(document))
        return
    for name, kind in _RESULT.items():
        if not isinstance(document.get(name), kind):
            yield Fault(name, "result", f"must be there, as in the result of a schedule ({kind.__name__})")
            return
    if not _is_instant(document["schedule_start"]):
        yield Fault("schedule_start", "instant", "must be an instant with an offset", shown(document["schedule_start"]))
    for number, row in enumerate(document["scheduled_jobs"]):
        path = f"scheduled_jobs[{number}]"
        if not isinstance(row, dict):
            yield Fault(path, "type", "must be an object", shown(row))
            continue
        for name in ("job_id", "operation_id", "machine_id"):
            if not isinstance(row.get(name), str):
                yield Fault(f"{path}.{name}", "type", "must be a string", shown(row.get(name)))
        if type(row.get("lot")) is not int:
            yield Fault(f"{path}.lot", "type", "must be a whole number", shown(row.get("lot")))
        for name in ("start_time", "end_time"):
            if not _is_instant(row.get(name)):
                yield Fault(f"{path}.{name}", "instant", "must be an instant with an offset", shown(row.get(name)))
    for name in (*TERMS, *RATES):
        value = document["metrics"].get(name)
        if value is not None and type(value) not in (int, float):
            yield Fault(f"metrics.{name}", "type", "must be a number", shown(value))
    for number, row in enumerate(document["unscheduled_jobs"]):
        if not isinstance(row, dict) or not isinstance(row.get("job_id"), str):
            yield Fault(f"unscheduled_jobs[{number}]", "type", "must be an object with a job_id", shown(row))


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _by_work(document: Row) -> dict[tuple[str, str, int], Row]:
    return {(row["job_id"], row["operation_id"], row["lot"]): row for row in document["scheduled_jobs"]}


def _head(document: Row) -> Document:
    ends = [row["end_time"] for row in document["scheduled_jobs"]]
    return {
        "schedule_id": document["schedule_id"] or None,
        "schedule_start": document["schedule_start"],
        "status": document["status"],
        "last_end": max(ends, key=datetime.fromisoformat, default=None),
    }


def _pair(key: tuple[str, str, int], before: Row, after: Row) -> Document:
    was, now = (datetime.fromisoformat(row["start_time"]) for row in (before, after))
    return {
        **_named(key),
        "from": _place(before),
        "to": _place(after),
        "hours": round((now - was).total_seconds() / HOUR, DIGITS),
        "machine_changed": before["machine_id"] != after["machine_id"],
    }


def _alone(key: tuple[str, str, int], row: Row) -> Document:
    return {**_named(key), **_place(row)}


def _named(key: tuple[str, str, int]) -> Document:
    return dict(zip(("job_id", "operation_id", "lot"), key, strict=True))


def _place(row: Row) -> Document:
    return {name: row.get(name) for name in _PLACE}


def _start(document: Row) -> datetime:
    return datetime.fromisoformat(document["schedule_start"])


def _terms(a: Row, b: Row, *, same_start: bool) -> list[Document]:
    names = (*TERMS, *RATES)
    rows: list[Document] = []
    for name in names:
        before, after = a.get(name), b.get(name)
        change = None
        if before is not None and after is not None and (same_start or name not in FROM_START):
            change = round(after - before, DIGITS)
        rows.append({"term": name, "a": before, "b": after, "change": change})
    return rows


def _left_out(document: Row, other: Row) -> Sequence[str]:
    """The jobs that ``document`` leaves out and ``other`` does not, though it knows them."""
    known = {row["job_id"] for row in other["scheduled_jobs"]}
    return [row["job_id"] for row in document["unscheduled_jobs"] if row["job_id"] in known]
