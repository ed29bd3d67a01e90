"""The metric files of many processes: read as one, and kept few.

In its multiprocess mode prometheus_client keeps a file for each process and kind of metric, so that counts outlive a
worker's children, and never removes one (client_python#275). Here the files of dead processes are folded into one file
of each kind, under the number of no process. At most KINDS files for each living process, and KINDS more, remain.

Processes of one folder must see each other: one machine, one container.
"""

from __future__ import annotations

import fcntl
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil
from prometheus_client import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from monitoring.logs import get

_KINDS: Final = ("counter", "histogram", "gauge_mostrecent")
"""Kinds of metric as their files are named; of gauges the latest value counts."""

KINDS: Final = len(_KINDS)

NOBODY: Final = 0
"""The process number of folded files."""

log = get(__name__)


class SharedFiles(Collector):
    """Collects what all processes have written into ``folder``, and folds what the dead among them left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterator[Metric]:
        """The metrics of all processes, living and dead, added up."""
        with _alone(self.folder), TemporaryDirectory(dir=self.folder) as place:
            _fold(self.folder)
            # added up before they are parsed: a key is parsed once, not once a process
            sums = [Path(place) / f"{kind}_{NOBODY}.db" for kind in _KINDS]
            for kind, into in zip(_KINDS, sums, strict=True):
                _merge(into, self.folder.glob(f"{kind}_*.db"), latest=kind.startswith("gauge"))
            found = list(MultiProcessCollector.merge(map(str, sums)))  # type: ignore[no-untyped-call]
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
        if kind in _KINDS:  # gauges of the living end with their process
            _merge(folder / f"{kind}_{NOBODY}.db", files, latest=kind.startswith("gauge"))
        for file in files:
            file.unlink(missing_ok=True)
    return sum(map(len, dead.values()))


def _merge(into: Path, files: Iterable[Path], *, latest: bool) -> None:
    """Adds the values of ``files`` to those of ``into``; of gauges the latest value counts."""
    values: dict[str, tuple[float, float]] = {}
    for file in {into, *files}:
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
    """Whether it runs: one that has ended and that nobody waited for yet writes no more."""
    try:
        return psutil.Process(process).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
