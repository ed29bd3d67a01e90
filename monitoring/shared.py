"""The metric files of many processes: read as one, and kept few.

In its multiprocess mode prometheus_client keeps a file for each process and kind of metric, so that counts outlive a
worker's children, and never removes one (client_python#275). Here the files of dead processes are folded into one file
of each kind, under the number of no process. At most KINDS files for each living process, and KINDS more, remain.

Processes of one folder must see each other: one machine, one container.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from monitoring.logs import get

KINDS: Final = 3
"""Counters, histograms, and gauges of which the latest value counts."""

NOBODY: Final = 0
"""The process number of folded files."""

log = get(__name__)


class SharedFiles(Collector):
    """Collects what all processes have written into ``folder``, and folds what the dead among them left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterator[Metric]:
        """The metrics of all processes, living and dead, added up."""
        with _alone(self.folder):
            _fold(self.folder)
            files = [str(file) for file in self.folder.glob("*.db") if file.stat().st_size]
            found = list(MultiProcessCollector.merge(files))  # type: ignore[no-untyped-call]
        yield from found


def fold(folder: Path) -> int:
    """Folds the files of dead processes; the answer is how many there were."""
    with _alone(folder):
        return _fold(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps others from folding, or reading what is half folded."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # closing is not enough: a child forked meanwhile holds the file open too
            fcntl.flock(lock, fcntl.LOCK_UN)


def _fold(folder: Path) -> int:
    dead: dict[str, list[Path]] = {}
    for file in folder.glob("*.db"):
        kind, _, process = file.stem.rpartition("_")
        if process.isdigit() and int(process) != NOBODY and not _alive(int(process)):
            dead.setdefault(kind, []).append(file)
    for kind, files in dead.items():
        if not kind.startswith("gauge_live"):  # what is told of the living only ends with its process
            _merge(folder / f"{kind}_{NOBODY}.db", files, latest=kind.startswith("gauge"))
        for file in files:
            file.unlink(missing_ok=True)
    return sum(map(len, dead.values()))


def _merge(into: Path, files: Iterable[Path], *, latest: bool) -> None:
    """Adds the values of ``files`` to those of ``into``; of gauges the latest value counts."""
    values: dict[str, tuple[float, float]] = {}
    for file in (into, *files):
        for key, value, stamp in _read(file):
            before, when = values.get(key, (0.0, 0.0))
            if not latest:
                values[key] = (before + value, 0.0)
            elif stamp >= when:
                values[key] = (value, stamp)
    fresh = into.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    store = MmapedDict(str(fresh))  # type: ignore[no-untyped-call]
    for key, (value, stamp) in values.items():
        store.write_value(key, value, stamp)  # type: ignore[no-untyped-call]
    store.close()  # type: ignore[no-untyped-call]
    fresh.replace(into)


def _read(file: Path) -> list[tuple[str, float, float]]:
    if not file.exists() or not file.stat().st_size:  # a process may die between making its file and writing to it
        return []
    try:
        rows = MmapedDict.read_all_values_from_file(str(file))  # type: ignore[no-untyped-call]
        return [(key, value, stamp) for key, value, stamp, _ in rows]
    except (RuntimeError, struct.error, UnicodeDecodeError) as error:
        log.warning("metric_file_damaged", file=file.name, error=str(error))
        return []


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
