"""The mapping of a plant: where its data are, and how its tables and columns become ours. A TOML file.

docs/ingest.md explains every field. Secrets never stand in the file: a source with a password is named by the
environment variable that holds its URL.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from models.ingest.cells import Convert, converter
from models.ingest.columns import TABLES, UNITS, Column, Table
from models.shop.faults import Fault, InvalidProblem
from models.shop.reading.row import Faults, Row

MAX_MAPPING_BYTES: Final = 1_000_000
MAX_SELECT: Final = 20_000
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_SCHEMES = ("sqlite", "mariadb", "mysql")
_FILE_ENDINGS = (".xlsx", "")
_MAX_BITS = 63
"""Of a parameter: the whole numbers that databases take."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a load is stopped: shares of 1 that may not be exceeded.

    ``refused_share``: of refused rows among all; ``job_change`` and ``hours_change``: how far the number of jobs and
    their total hours may be from the last snapshot's, up or down.
    """

    refused_share: float = 0.05
    job_change: float = 0.5
    hours_change: float = 0.5


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column of the source a column of ours is read from, and how; ``stated``: the mapping says so itself."""

    source: str
    convert: Convert
    stated: bool = False


@dataclass(frozen=True, slots=True)
class TableMap:
    """How one table is read: a SELECT with its parameters, or a sheet of a file, and its columns by our names.

    A column that is not in ``columns`` is read from the source's column of the same name, where there is one.
    """

    select: str | None
    sheet: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, ColumnMap] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlantMapping:
    """A whole mapping. Exactly one of ``url``, ``url_variable`` and ``path`` says where the data are."""

    plant: str
    time_zone: str
    tables: Mapping[str, TableMap]
    limits: Limits = Limits()
    url: str | None = None
    url_variable: str | None = None
    path: Path | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The plant's time zone."""
        return ZoneInfo(self.time_zone)


def read_mapping(file: Path) -> PlantMapping:
    """The mapping in a TOML file; relative paths in it start at its folder. Raises InvalidProblem, and OSError."""
    if file.stat().st_size > MAX_MAPPING_BYTES:
        raise _unreadable(f"must have at most {MAX_MAPPING_BYTES} bytes")
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except RecursionError:
        raise _unreadable("is nested too deeply") from None
    except ValueError as error:  # no TOML, no UTF-8, a number of thousands of digits
        raise _unreadable(f"is no TOML: {error}") from None
    return from_document(document, file.parent)


def from_document(document: Mapping[str, Any], folder: Path) -> PlantMapping:
    """The mapping that a parsed TOML file states. Raises InvalidProblem with every fault."""
    faults = Faults()
    root = Row(faults, "", dict(document))
    _known(root, {"plant", "time_zone", "source", "limits", "parameters", "tables"})
    plant = root.text("plant") if root.require("plant") else None
    zone = _zone(root, "time_zone")
    source = _section(root, "source")
    tables = _section(root, "tables")
    _known(tables, TABLES)
    reads_files = source.has("path")
    parameters = _parameters(root)
    found = {
        name: _table(_section(tables, name), name, TABLES[name], zone, parameters, reads_files=reads_files)
        for name in TABLES
        if reads_files or name in tables.fields  # files have our tables unless something else is said
    }
    for name, table in TABLES.items():
        if table.required and name not in found:
            tables.fault(name, "required", "is required")
    mapping = PlantMapping(plant or "", zone.key, found, _limits(root), *_source(source), path=_path(source, folder))
    faults.check()
    return mapping


def for_files(plant: str, time_zone: str, path: Path) -> PlantMapping:
    """The mapping of files that have our tables and columns. Raises InvalidProblem."""
    return from_document({"plant": plant, "time_zone": time_zone, "source": {"path": str(path)}}, Path())


def _source(source: Row) -> tuple[str | None, str | None]:
    _known(source, {"url", "url_variable", "path"})
    named = [name for name in ("url", "url_variable", "path") if source.has(name)]
    if len(named) != 1:
        source.fault("url", "exclusive", "exactly one of `url`, `url_variable` and `path` says where the data are")
    url = source.text("url", most=1000)
    parts = _parts(source, url)
    if parts is not None:
        if parts.scheme not in _SCHEMES:
            source.fault("url", "scheme", f"must start with {' or '.join(f'{s}://' for s in _SCHEMES)}")
        elif parts.password is not None or "password" in parts.query:
            source.fault("url", "secret", "must hold no password; put the URL into an environment variable and name it")
    variable = source.text("url_variable")
    if variable is not None and not _VARIABLE.fullmatch(variable):
        source.fault("url_variable", "name", "must be the name of an environment variable, like PLANT_URL", variable)
    return url, variable


def _parts(source: Row, url: str | None) -> SplitResult | None:
    """The parts of a URL. A broken one is not quoted: it may hold a password."""
    try:
        return None if url is None else urlsplit(url)
    except ValueError:
        source.fault("url", "url", "must be a URL like mariadb://user@host/database")
        return None


def _path(source: Row, folder: Path) -> Path | None:
    path = source.text("path", most=1000)
    if path is None:
        return None
    if Path(path).suffix.lower() not in _FILE_ENDINGS:
        source.fault("path", "kind", "must name a folder of CSV files or an .xlsx file", path)
    return folder / path


def _table(
    row: Row, name: str, table: Table, zone: ZoneInfo, common: Mapping[str, Any], *, reads_files: bool
) -> TableMap:
    _known(row, {"select", "sheet", "parameters", "columns"})
    select = _select(row)
    if reads_files and select is not None:
        row.fault("select", "exclusive", "is for a database; a file's table is a sheet")
    elif not reads_files:
        _check_select(row, select)
    stated = _section(row, "columns")
    _known(stated, table.columns)
    columns = {
        column: _column(stated, column, spec, zone) if stated.has(column) else _same_name(column, spec, zone)
        for column, spec in table.columns.items()
    }
    return TableMap(select, _sheet(row) or name, {**common, **_parameters(row)}, columns)


def _sheet(row: Row) -> str | None:
    """The name of a sheet, which in a folder is that of a file there and never leads out of it."""
    sheet = row.text("sheet")
    if sheet is not None and any(part in sheet for part in ("/", "\\", "..")):
        row.fault("sheet", "name", "must be the name of a sheet, without / and \\ and ..", sheet)
        return None
    return sheet


def _select(row: Row) -> str | None:
    value = row.fields.get("select")
    if isinstance(value, str) and len(value) <= MAX_SELECT:
        return value
    if value is not None:
        row.fault("select", "type", f"must be a text of at most {MAX_SELECT} characters", value)
    return None


def _check_select(row: Row, select: str | None) -> None:
    """Refuses what is not one SELECT; that nothing is written the read-only transaction sees to."""
    if select is None:
        row.require("select")
    elif not _READS.match(select) or ";" in select.rstrip().rstrip(";"):
        row.fault("select", "select", "must be one SELECT statement (it may begin with WITH)", select)


def _column(stated: Row, name: str, spec: Column, zone: ZoneInfo) -> ColumnMap:
    """A column given as the source's name, or as ``{column, unit, time_zone, values}``."""
    given = stated.fields[name]
    if isinstance(given, str):
        return ColumnMap(given, _same_name(name, spec, zone).convert, stated=True)
    row = _section(stated, name)
    _known(row, {"column", "unit", "time_zone", "values"})
    units = UNITS.get(spec.kind, ())
    unit = row.text("unit") or (units[0] if units else "")
    if row.has("unit") and unit not in units:
        allowed = f"must be one of {', '.join(units)}" if units else "is not for this column"
        row.fault("unit", "unit", allowed, unit)
        unit = units[0] if units else ""
    own = _zone(row, "time_zone") if row.has("time_zone") else zone
    values = {str(key): value for key, value in _section(row, "values").fields.items()}
    return ColumnMap(row.text("column") or name, converter(spec.kind, unit, own, values), stated=True)


def _same_name(name: str, spec: Column, zone: ZoneInfo) -> ColumnMap:
    return ColumnMap(name, converter(spec.kind, UNITS.get(spec.kind, ("",))[0], zone))


def _limits(root: Row) -> Limits:
    row = _section(root, "limits")
    names = ("refused_share", "job_change", "hours_change")
    _known(row, names)
    given = {name: row.number(name, 0, 1_000_000) for name in names}
    return Limits(**{name: value for name, value in given.items() if value is not None})


def _parameters(row: Row) -> dict[str, Any]:
    """What stands for ``:name`` in a SELECT: texts, numbers, true and false."""
    section = _section(row, "parameters")
    for name, value in section.fields.items():
        if not isinstance(value, str | int | float):
            section.fault(name, "type", "must be a text, a number, true or false", value)
        elif isinstance(value, int) and value.bit_length() > _MAX_BITS:
            section.fault(name, "range", f"must be a whole number of at most {_MAX_BITS} bits", value)
    return section.fields


def _section(row: Row, name: str) -> Row:
    """A table of the file; an empty one where it is absent or something else, which is noted."""
    value = row.fields.get(name)
    if value is not None and not isinstance(value, dict):
        row.fault(name, "type", "must be a table", value)
    return Row(row.faults, row.at(name), value if isinstance(value, dict) else {})


def _known(row: Row, names: Collection[str]) -> None:
    for name in row.fields:
        if name not in names:
            row.fault(name, "unknown_field", f"must be one of {', '.join(sorted(names))}")


def _zone(row: Row, field_name: str) -> ZoneInfo:
    name = row.text(field_name) if row.require(field_name) else None
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        row.fault(field_name, "unknown_time_zone", "must be an IANA time zone like Europe/Berlin", name)
        return ZoneInfo("UTC")


def _unreadable(message: str) -> InvalidProblem:
    return InvalidProblem([Fault("mapping", "toml", message)])
