"""Real processes on servers of their own, all of which a test may kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.survival.place import Place, made
from benchmarks.survival.servers import mariadb_installed
from tests.conftest import SERVICES_REQUIRED

MakePlace = Callable[..., Place]


@pytest.fixture
def make_place(tmp_path: Path, sqlite_template: Path) -> Iterator[MakePlace]:
    """Makes a place with Redis and database running, and no other process yet."""
    with ExitStack() as stack:

        def make(database: str = "sqlite", include: str | None = None, **settings: str) -> Place:
            if database == "mariadb" and not mariadb_installed():
                (pytest.fail if SERVICES_REQUIRED else pytest.skip)("no MariaDB on this machine")
            place = made(tmp_path, database, include=include, template=sqlite_template, settings=settings)
            return stack.enter_context(place)

        yield make
