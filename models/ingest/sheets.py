"""Reads files instead of a database: a folder with one CSV file a table, or an .xlsx file with one sheet a table."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from models.ingest.mapping import TableMap
from models.ingest.rows import SourceRefused
from models.shop.faults import shown

MAX_FILE_BYTES: Final = 1024 * 1024 * 1024
"""Of one CSV file, and of everything in an .xlsx file, unpacked."""

MAX_COLUMNS: Final = 200

_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,  # the base of ElementTree's ParseError and of lxml's
    RuntimeError,  # an encrypted part; with NotImplementedError for an unknown packing, and RecursionError
    TypeError,
    ValueError,
)
"""What zipfile, ElementTree and openpyxl raise for files that are damaged or were made to break them."""

Found = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""Headers and rows."""


class Book(Protocol):
    """Files that are open."""

    def rows(self, name: str, mapped: TableMap) -> Found | None:
        """Headers and rows of a table; None where the files have none of that name. Raises SourceRefused."""


@contextmanager
def opened(path: Path) -> Iterator[Book]:
    """The files at ``path``. Raises SourceRefused where there are none, or where they are too large."""
    try:
        folder, file = path.is_dir(), path.is_file()
    except OSError as error:  # a name that is too long
        raise SourceRefused(f"{path}: cannot be read: {error.strerror}") from None
    if not folder and not file:
        raise SourceRefused(f"{path}: there is no such file or folder")
    yield _Folder(path) if folder else _workbook(path)


class _Folder:
    """A folder with a file ``machines.csv`` and so on. UTF-8; columns separated by commas, semicolons or tabs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, name: str, mapped: TableMap) -> Found | None:
        file = self.path / f"{mapped.sheet}.csv"
        try:
            if not file.is_file():
                return None
            if file.stat().st_size > MAX_FILE_BYTES:
                raise SourceRefused(f"{name}: {file.name} has more than {MAX_FILE_BYTES} bytes")
            with file.open(encoding="utf-8-sig", newline="") as stream:
                first = stream.readline()
                stream.seek(0)
                lines = [row for row in csv.reader(stream, delimiter=_delimiter(first), strict=True) if any(row)]
        except (UnicodeDecodeError, csv.Error) as error:
            raise SourceRefused(f"{name}: {file.name} is no CSV file in UTF-8: {error}") from None
        except OSError as error:
            raise SourceRefused(f"{name}: {file.name} cannot be read: {error.strerror}") from None
        return _with_headers(name, iter(lines))


class _Sheets:
    """An open workbook; the sheets are read as the values that were last calculated."""

    def __init__(self, workbook: Any) -> None:
        self.workbook = workbook

    def rows(self, name: str, mapped: TableMap) -> Found | None:
        if mapped.sheet not in self.workbook.sheetnames:
            return None
        return _with_headers(name, self._filled(name, mapped.sheet))

    def _filled(self, name: str, sheet: str) -> Iterator[Sequence[Any]]:
        """The rows of a sheet that hold something; they are unpacked one by one, so that faults show only here."""
        try:
            for row in self.workbook[sheet].iter_rows(values_only=True, max_col=MAX_COLUMNS):
                if any(cell is not None for cell in row):
                    yield row
        except _BROKEN as error:
            raise SourceRefused(f"{name}: sheet {sheet} cannot be read: {_said(error)}") from None


def _workbook(path: Path) -> Book:
    try:
        import openpyxl  # noqa: PLC0415  an extra
        from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415
    except ModuleNotFoundError:
        raise SourceRefused("reading .xlsx files needs the extra: pip install 'nightshift[xlsx]'") from None
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > MAX_FILE_BYTES:
            raise ValueError(f"holds more than {MAX_FILE_BYTES} bytes")
        return _Sheets(openpyxl.load_workbook(path, read_only=True, data_only=True))
    except (*_BROKEN, InvalidFileException) as error:
        raise SourceRefused(f"{path}: is no .xlsx file: {_said(error)}") from None


def _said(error: Exception) -> str:
    """What an error says, in one line."""
    return shown(str(error) or type(error).__name__)


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _with_headers(name: str, rows: Iterator[Sequence[Any]]) -> Found:
    headers = next(rows, None)
    if headers is None:
        raise SourceRefused(f"{name}: has no line with column names")
    return [str(header or "").strip() for header in headers], rows
