"""Rows of a source as rows of our tables; what cannot be read is refused with its table, key and reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.ingest.cells import CellRefused
from models.ingest.columns import TABLES, Table
from models.ingest.mapping import TableMap
from models.shop.faults import shown

Cells = dict[str, Any]
"""One row: our column -> value; without the columns for which the source has none."""

MAX_ROWS: Final = 5_000_000
"""Rows of one table."""

MAX_CELL: Final = 10_000
"""Characters or bytes of one cell: no column takes as many, and none is converted that has more."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that is not taken: ``key`` is its key columns, or its number in the source where they are broken."""

    table: str
    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.reason}"


class SourceRefused(ValueError):
    """A source that cannot be read at all; the message names the table and says what is wrong with it."""


def read_rows(
    name: str, mapped: TableMap, headers: Sequence[str], rows: Iterable[Sequence[Any]]
) -> tuple[list[Cells], list[Refused]]:
    """The rows of table ``name`` that can be read, and those that cannot.

    ``headers`` name the columns of ``rows``. A row is refused for a missing or wrong value, and where an earlier row
    has its key. Raises SourceRefused where a column is missing, or for more than MAX_ROWS rows.
    """
    table = TABLES[name]
    plan = _plan(name, table, mapped, headers)
    taken: list[Cells] = []
    refused: list[Refused] = []
    seen: set[tuple[Any, ...]] = set()
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise SourceRefused(f"{name}: has more than {MAX_ROWS} rows")
        cells: Cells = {}
        column = ""
        try:
            for place, column, convert, required in plan:
                value = row[place] if place < len(row) else None
                if value is None or value == "":
                    if required:
                        raise CellRefused("has no value, and needs one")
                    continue
                if isinstance(value, str | bytes | bytearray) and len(value) > MAX_CELL:
                    raise CellRefused(f"must have at most {MAX_CELL} characters, has {len(value)}")
                cells[column] = convert(value)
        except CellRefused as error:
            got = "" if value is None or value == "" else f" (got {shown(value)})"
            key = _key(table, cells, number)
            refused.append(Refused(name, key, f"{column} {error}{got}"))
            continue
        if table.key:
            own = tuple(map(cells.get, table.key))
            if own in seen:
                refused.append(Refused(name, _key(table, cells, number), "is listed twice"))
                continue
            seen.add(own)
        taken.append(cells)
    return taken, refused


def _plan(name: str, table: Table, mapped: TableMap, headers: Sequence[str]) -> list[tuple[int, str, Any, bool]]:
    """Place in the row, our column, converter and whether it is required; key columns first, so that they are known."""
    places = {header: place for place, header in reversed(list(enumerate(headers)))}
    order = [*table.key, *(column for column in table.columns if column not in table.key)]
    plan = []
    for column in order:
        spec, source = table.columns[column], mapped.columns[column]
        place = places.get(source.source)
        if place is not None:
            plan.append((place, column, source.convert, spec.required))
        elif spec.required or source.stated:
            there = ", ".join(headers) or "none"
            raise SourceRefused(f"{name}: the source has no column {source.source!r} for {column}; it has {there}")
    return plan


def _key(table: Table, cells: Cells, number: int) -> str:
    """The row's key as people know it."""
    parts = [str(cells[column]) for column in table.key if column in cells]
    return "/".join(parts) if parts and parts[0] else f"row {number}"
