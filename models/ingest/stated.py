"""Rows of tables as they are put together: told when they refer to nothing, and written as documents have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from models.ingest.rows import Cells, Refused

Document = dict[str, Any]
Tables = Mapping[str, Sequence[Cells]]
Excluded = AbstractSet[tuple[str, str]]
"""Rows to leave out, as (table, key): what the shop's own rules have refused."""


class Stated:
    """The tables of a load without the ``excluded`` rows, and what of them is refused, as of ``now``."""

    def __init__(self, tables: Tables, now: datetime, excluded: Excluded) -> None:
        self.tables, self.now, self.excluded = tables, now, excluded
        self.refused: list[Refused] = []

    def rows(self, table: str, *key: str) -> Iterable[tuple[str, Cells]]:
        """Rows of a table with their keys, without the excluded ones."""
        for row in self.tables.get(table, ()):
            name = "/".join([str(row[column]) for column in key])
            if (table, name) not in self.excluded:
                yield name, row

    def refuse(self, table: str, key: str, reason: str) -> None:
        """Notes a row that is not taken."""
        self.refused.append(Refused(table, key, reason))

    def in_order(self, table: str, key: str, row: Cells) -> bool:
        """Whether a span ends after its begin; else it is refused."""
        if row["from"] < row["to"]:
            return True
        self.refuse(table, key, f"ends at {text(row['to'])}, not after its begin at {text(row['from'])}")
        return False


def lacking(row: Cells, **known: Mapping[str, Any]) -> str | None:
    """What a row refers to that is not there."""
    for column, names in known.items():
        if column in row and row[column] not in names:
            return f"names no {column.replace('_', ' ')} of this load: {row[column]}"
    return None


def some(row: Cells, *columns: str) -> Document:
    """The columns that a row has a value in."""
    return {column: row[column] for column in columns if column in row}


def instants(row: Cells, *columns: str) -> Document:
    """The same of columns with instants, as text."""
    return {column: text(row[column]) for column in columns if column in row}


def span(row: Cells) -> Document:
    """The begin and end of a closure or absence, and why."""
    return {"from": text(row["from"]), "to": text(row["to"])} | some(row, "reason")


def text(moment: datetime) -> str:
    """An instant as documents have it."""
    return moment.isoformat()
