"""One load: read every table of a source, put them together, check the whole by the shop's rules and the limits."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from models.ingest import database, sheets
from models.ingest.assemble import Assembled, assemble
from models.ingest.columns import TABLES
from models.ingest.mapping import Limits, PlantMapping
from models.ingest.rows import Cells, Refused, SourceRefused, read_rows
from models.ingest.stated import Document
from models.shop.faults import Fault, InvalidProblem
from models.shop.parse import Bounds, parse
from models.shop.reading.bounds import DEFAULT_BOUNDS

ROUNDS: Final = 50
"""How often the shop's rules may refuse something more, each time up to 100 faults."""

_PLACE = re.compile(r"(?:(jobs|machines|operators)\[(\d+)\]|(calendars|setup_matrices)\.([^.]+))(.*)", re.DOTALL)
_STEP = re.compile(r"\.operations\[(\d+)\](?:\.machines\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class Load:
    """What a source holds, as of ``taken_at``.

    ``document`` is a problem document whose second zero is ``taken_at``; ``progress`` lists work that is done or under
    way, in the form of fixed work. ``tells_progress``: the source has a table for it, so that what it does not list has
    not begun. ``rows`` counts all rows read, refused ones included; ``hours`` is the work of all jobs, each operation
    on its fastest machine. ``generated``: the data were made up.
    """

    taken_at: datetime
    document: Document
    progress: Sequence[Document]
    refused: Sequence[Refused]
    rows: Mapping[str, int]
    hours: float
    generated: bool
    tells_progress: bool

    @property
    def jobs(self) -> int:
        """How many jobs there are to plan."""
        return len(self.document["jobs"])

    @property
    def refused_share(self) -> float:
        """Refused rows among all."""
        return len(self.refused) / max(1, sum(self.rows.values()))

    def refused_by_table(self) -> dict[str, int]:
        """How many rows of each table were refused."""
        return dict(Counter(row.table for row in self.refused))


@dataclass(frozen=True, slots=True)
class Before:
    """What the last snapshot held: to notice a load that is suddenly of another size."""

    jobs: int
    hours: float


def load(mapping: PlantMapping, now: datetime, bounds: Bounds = DEFAULT_BOUNDS) -> Load:
    """The load that a plant's source holds now.

    Raises SourceAway where the source does not answer, SourceRefused where it cannot be read or no job is left.
    """
    with _uncollected():
        return _load(mapping, now.astimezone(UTC).replace(microsecond=0), bounds)


@contextmanager
def _uncollected() -> Iterator[None]:
    """While rows become documents nothing is garbage, and looking for it takes a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _load(mapping: PlantMapping, now: datetime, bounds: Bounds) -> Load:
    tables: dict[str, list[Cells]] = {}
    refused: list[Refused] = []
    rows: dict[str, int] = {}
    with _source(mapping) as (read, marked):
        for name, mapped in mapping.tables.items():
            found = read(name, mapped)
            if found is None:
                continue
            taken, bad = read_rows(name, mapped, *found)
            tables[name], rows[name] = taken, len(taken) + len(bad)
            refused += bad
    generated = marked or bool(tables.get("origin"))
    whole, document = _checked(tables, now, mapping, bounds)
    return Load(
        now,
        document,
        whole.progress,
        tuple(refused + whole.refused),
        rows,
        round(whole.hours, 3),
        generated,
        "progress" in tables,
    )


def stopped(found: Load, limits: Limits, before: Before | None) -> tuple[str, ...]:
    """Why a load must not be planned from: each limit that it exceeds, in words. Empty where it is fine."""
    reasons = []
    if found.refused_share > limits.refused_share:
        by_table = ", ".join(f"{count} of {table}" for table, count in found.refused_by_table().items())
        share = f"{len(found.refused)} of {sum(found.rows.values())} rows are refused ({by_table})"
        reasons.append(f"{share}; at most {limits.refused_share:.2%} may be")
    if before is not None:
        changes = (
            ("the number of jobs", found.jobs, before.jobs, limits.job_change),
            ("the hours of work", found.hours, before.hours, limits.hours_change),
        )
        for what, value, last, limit in changes:
            if last and abs(value - last) > limit * last:
                change = f"{what} went from {last:g} to {value:g}, by {abs(value - last) / last:.0%}"
                reasons.append(f"{change} since the last snapshot; at most {limit:.0%} is taken")
    return tuple(reasons)


@contextmanager
def _source(mapping: PlantMapping) -> Iterator[tuple[Any, bool]]:
    """How to read one table, and whether the source is marked as made up."""
    if mapping.path is not None:
        with sheets.opened(mapping.path) as book:
            yield book.rows, False
        return
    with database.opened(mapping) as connection:
        yield lambda name, mapped: database.select_rows(connection, name, mapped), database.is_generated(connection)


def _checked(
    tables: Mapping[str, Sequence[Cells]], taken_at: datetime, mapping: PlantMapping, bounds: Bounds
) -> tuple[Assembled, Document]:
    """The load put together so that the shop's rules accept it: what they refuse is left out, row by row."""
    excluded: set[tuple[str, str]] = set()
    found: list[Refused] = []
    for _ in range(ROUNDS):
        whole = assemble(tables, taken_at, excluded)
        if not whole.document["jobs"]:
            raise SourceRefused(_nothing_left(tables, [*found, *whole.refused]))
        document = {
            "plant": mapping.plant,
            "schedule_start": taken_at.astimezone(mapping.zone).isoformat(),
            "time_zone": mapping.time_zone,
            **whole.document,
        }
        try:
            parse(document, bounds)
        except InvalidProblem as error:
            refused = dict(_blamed(fault, document) for fault in error.faults)
            new = {key: reason for key, reason in refused.items() if key not in excluded}
            if not new:
                raise SourceRefused(f"the load as a whole breaks the shop's rules: {error}") from None
            excluded |= new.keys()
            found += [Refused(table, key, reason) for (table, key), reason in new.items()]
            continue
        return replace(whole, refused=[*found, *whole.refused]), document
    raise SourceRefused(f"the shop's rules refuse more than {ROUNDS * 100} rows, for example {found[0]}")


def _blamed(fault: Fault, document: Document) -> tuple[tuple[str, str], str]:
    """The row that a fault of the document comes from, and the fault as its reason."""
    reason = f"{fault.field.rpartition('.')[2]} {fault.message}" + (f" (got {fault.value})" if fault.value else "")
    place = _PLACE.fullmatch(fault.field)
    if place is None:
        return ("", fault.field), reason
    listed, number, named, name, rest = place.groups()
    if named:
        return ("setup_matrices" if named == "setup_matrices" else "calendars", name), reason
    entry = document[listed][int(number)]
    if listed != "jobs":
        return (listed, str(entry["machine_id" if listed == "machines" else "operator_id"])), reason
    step = _STEP.match(rest)
    if step is None:
        return ("jobs", str(entry["job_id"])), reason
    operation = entry["operations"][int(step[1])]
    key = f"{entry['job_id']}/{operation['operation_id']}"
    if step[2] is None:
        return ("operations", key), reason
    return ("operation_machines", f"{key}/{operation['machines'][int(step[2])]['machine_id']}"), reason


def _nothing_left(tables: Mapping[str, Sequence[Cells]], refused: Sequence[Refused]) -> str:
    empty = [name for name, table in TABLES.items() if table.required and not tables.get(name)]
    if empty:
        return f"there is nothing to plan: {', '.join(empty)} has no row"
    return f"there is nothing to plan: {len(refused)} rows are refused, the first: {refused[0]}"
