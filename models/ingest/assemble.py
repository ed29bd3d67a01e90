"""From rows of tables to a problem document and the progress of work; rows that refer to nothing are refused.

What is refused pulls along what cannot be planned without it: an option without its machine; an operation without any
option, and then its whole job, since a job planned without one of its steps would be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from models.ingest.order_rows import OrderRows
from models.ingest.rows import Refused
from models.ingest.stated import Document, Excluded, Tables


@dataclass
class Assembled:
    """A load put together. ``document`` is a problem without ``schedule_start``, ``progress`` work under way or done.

    ``hours``: the work of all jobs, each operation on its fastest machine.
    """

    document: Document
    progress: list[Document]
    refused: list[Refused] = field(default_factory=list)
    hours: float = 0.0


def assemble(tables: Tables, now: datetime, excluded: Excluded) -> Assembled:
    """The problem that the rows state, as of ``now``; rows of ``excluded`` are left out as if refused."""
    rows = OrderRows(tables, now, excluded)
    calendars = rows.calendars()
    matrices = rows.matrices()
    machines = rows.machines(calendars, matrices)
    operators = rows.operators(calendars)
    jobs = rows.jobs(machines, operators)
    document: Document = {"machines": list(machines.values()), "jobs": list(jobs.values())}
    for name, part in (("calendars", calendars), ("setup_matrices", matrices)):
        if part:
            document[name] = part
    if operators:
        document["operators"] = list(operators.values())
    progress = rows.progress(jobs, machines, operators)
    return Assembled(document, progress, rows.refused, rows.hours)
