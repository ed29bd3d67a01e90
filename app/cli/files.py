"""Reading problems and results from files, and writing results."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.errors import BadInput, Failed, refused
from models.shop.faults import InvalidProblem

if TYPE_CHECKING:
    from models.shop.parse import Bounds
    from models.shop.problem import Problem

STDIN = "-"


def read_bytes(path: str) -> bytes:
    """The file's content; ``-`` is stdin. Raises BadInput."""
    if path == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None


def bounds() -> Bounds:
    """The limits of a problem that the settings allow."""
    from models.settings import settings
    from models.shop.parse import Bounds

    found = settings()
    return Bounds(
        max_operations=found.max_operations,
        max_options=found.max_options,
        max_depth=found.max_depth,
        max_seconds=found.max_seconds,
    )


def read_problem(path: str) -> Problem:
    """The problem in a file: Nightshift JSON, FJSP or JSP text, by content. Raises BadInput."""
    from models.shop.parse import load

    try:
        return load(read_bytes(path), bounds())
    except InvalidProblem as error:
        raise refused(path, error) from None


def read_json(path: str) -> object:
    """The JSON value in a file. Raises BadInput."""
    try:
        return json.loads(read_bytes(path))
    except ValueError as error:
        raise BadInput(f"{path}: is not JSON: {error}") from None
    except RecursionError:
        raise BadInput(f"{path}: is nested too deeply") from None


def check_writable(path: str | None) -> None:
    """Raises BadInput now where ``path`` could not be written at the end."""
    if path is None:
        return
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise BadInput(f"{path}: cannot be written: {folder} is no folder")
    if Path(path).is_dir():
        raise BadInput(f"{path}: cannot be written: it is a folder")


def write_json(path: str, document: object) -> None:
    """Writes a document as JSON: a field a line, and of its lists an entry a line. Raises Failed."""
    try:
        with Path(path).open("w", encoding="utf-8") as file:
            file.writelines(lines(document))
    except OSError as error:
        raise Failed(f"{path}: cannot be written: {error.strerror}") from None


def lines(document: object) -> Iterator[str]:
    """The text of a document. Its entries go through the encoder whole, which takes a third of what indenting does."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    if not isinstance(document, dict) or not document:
        yield encode(document) + "\n"
        return
    before = "{\n "
    for name, value in document.items():
        yield f"{before}{encode(name)}: "
        if isinstance(value, list) and value:
            yield "[\n  " + ",\n  ".join(map(encode, value)) + "\n ]"
        else:
            yield encode(value)
        before = ",\n "
    yield "\n}\n"
