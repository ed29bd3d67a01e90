"""Problem documents and problems in a line: ``problem(jobs=[job("A", hours=2, machines=["M1"])], machines=["M1"])``.

Machines are ids, or ``machine("M1", capacity=2)``. The machines of an operation are a list of ids that all take
``hours``, or a mapping of id to hours. Further fields are passed on as they are; a field that is None is left out.
``START`` is Monday, 5 January 2026, 00:00 UTC; ``at(hours)`` is an instant counted from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from models.shop.parse import parse
from models.shop.problem import Problem

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = 3600
Document = dict[str, Any]
Options = Sequence[str] | Mapping[str, float]


def at(hours: float) -> str:
    """The instant that many hours after START."""
    return (START + timedelta(hours=hours)).isoformat()


def machine(machine_id: str, **fields: Any) -> Document:
    """A row of ``machines``."""
    return _filled({"machine_id": machine_id, **fields})


def operation(
    operation_id: str, hours: float | None = None, machines: Options | None = None, **fields: Any
) -> Document:
    """A row of a job's ``operations``."""
    return _filled({"operation_id": operation_id, **_eligible(hours, machines), **fields})


def job(job_id: str, hours: float | None = None, machines: Options | None = None, **fields: Any) -> Document:
    """A row of ``jobs``: one operation directly, or ``operations=[...]``."""
    return _filled({"job_id": job_id, **_eligible(hours, machines), **fields})


def document(
    jobs: Iterable[Document] | None = None, machines: Iterable[str | Document] = ("M1",), **fields: Any
) -> Document:
    """A whole problem document; one job of one hour on M1 where no jobs are given."""
    return _filled(
        {
            "schedule_start": START.isoformat(),
            "machines": [machine(row) if isinstance(row, str) else row for row in machines],
            "jobs": [job("J1", hours=1, machines=["M1"])] if jobs is None else list(jobs),
            **fields,
        }
    )


def problem(
    jobs: Iterable[Document] | None = None, machines: Iterable[str | Document] = ("M1",), **fields: Any
) -> Problem:
    """The problem that such a document states."""
    return parse(document(jobs, machines, **fields))


def _eligible(hours: float | None, machines: Options | None) -> Document:
    if machines is None:
        return {"processing_time": hours}
    if isinstance(machines, Mapping):
        return {"machines": [{"machine_id": name, "processing_time": time} for name, time in machines.items()]}
    return {"machines": [{"machine_id": name, "processing_time": hours} for name in machines]}


def _filled(fields: Document) -> Document:
    return {name: value for name, value in fields.items() if value is not None}
