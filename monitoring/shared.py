"""The metric files of many processes: read as one, and kept few.

In its multiprocess mode prometheus_client keeps a file for each process and kind of metric, so that counts outlive a
worker's children, and never removes one (client_python#275). Here the files of dead processes are folded into one file
of each kind, under the number of no process. At most KINDS files for each living process, and KINDS more, remain.

Processes of one folder must see each other: one machine, one container.
"""

from __future__ import annotations

import errno
import fcntl
import json
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
from prometheus_client import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from monitoring.guarded import GuardedDict
from monitoring.logs import get

Values = dict[str, tuple[float, float]]
"""prometheus_client's key of a series -> value and time stamp."""

_KINDS: Final = ("counter", "histogram", "gauge_mostrecent")
"""Kinds of metric as their files are named; of gauges the latest value counts."""

KINDS: Final = len(_KINDS)

NOBODY: Final = 0
"""The process number of folded files."""

CLOCK_SLACK_SECONDS: Final = 5.0
LONG_AGO: Final = 1.0
"""A time stamp before all others, and yet one: a gauge without is one that was never set."""

log = get(__name__)


class SharedFiles(Collector):
    """Collects what all processes have written into ``folder``, and folds what the dead among them left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterator[Metric]:
        """The metrics of all processes, living and dead, added up; none where the folder cannot be read."""
        sums: dict[str, Values] = {}
        with _alone(self.folder):
            _fold(self.folder)
            # added up before they are parsed: a key is parsed once, not once a process
            for kind in _KINDS:
                sums[kind] = _sum(self.folder.glob(f"{kind}_*.db"), latest=kind.startswith("gauge"))
        yield from _as_metrics(sums)


def fold(folder: Path) -> int:
    """Folds the files of dead processes; the answer is how many there were. On a full disk they stay as they are."""
    with _alone(folder):
        return _fold(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps others from folding, or reading what is half folded. In a folder that takes no lock nobody folds."""
    try:
        lock = (folder / "lock").open("w")
    except OSError as error:
        log.error("metrics_folder_unusable", error=str(error))
        yield
        return
    with lock:
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
    try:
        for kind, files in dead.items():
            if kind in _KINDS:  # gauges of the living end with their process
                into = folder / f"{kind}_{NOBODY}.db"
                _write(into, _sum([into, *files], latest=kind.startswith("gauge")))
            for file in files:
                file.unlink(missing_ok=True)
    except OSError as error:
        log.error("metrics_not_folded", error=str(error))
        return 0
    return sum(map(len, dead.values()))


def _sum(files: Iterable[Path], *, latest: bool) -> Values:
    """The values of all ``files`` added up; of gauges the latest value counts.

    A time stamp from after now, which a clock that was set back has left, counts as the oldest.
    """
    values: Values = {}
    now = time.time() + CLOCK_SLACK_SECONDS
    for file in files:
        for key, value, stamp in _read(file):
            before, when = values.get(key, (0.0, 0.0))
            if not latest:
                values[key] = (before + value, 0.0)
                continue
            counts = stamp if stamp <= now else min(stamp, LONG_AGO)
            if counts >= when:
                values[key] = (value, counts)
    return values


def _write(into: Path, values: Values) -> None:
    """Puts a file with these values in the place of ``into``. Raises OSError where the disk has no room for it."""
    fresh = into.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    try:
        store = GuardedDict(str(fresh))
        for key, (value, stamp) in values.items():
            store.write_value(key, value, stamp)
        complete = store.complete
        store.close()  # type: ignore[no-untyped-call]
        if not complete:
            raise OSError(errno.ENOSPC, "no room for the folded metrics")
        fresh.replace(into)
    finally:
        fresh.unlink(missing_ok=True)


def _as_metrics(sums: Mapping[str, Values]) -> Iterable[Metric]:
    """What prometheus_client makes of files, without files: one of each kind."""
    metrics: dict[str, Metric] = {}
    for kind, values in sums.items():
        form, _, mode = kind.partition("_")
        for key, (value, stamp) in values.items():
            metric_name, name, labels, text = json.loads(key)
            metric = metrics.setdefault(metric_name, Metric(metric_name, text, form))
            if mode:
                metric._multiprocess_mode = mode  # type: ignore[attr-defined]
            metric.add_sample(name, tuple(sorted(labels.items())), value, stamp)  # type: ignore[arg-type]
    found: Iterable[Metric] = MultiProcessCollector._accumulate_metrics(metrics, True)  # type: ignore[no-untyped-call]
    return found


def _read(file: Path) -> list[tuple[str, float, float]]:
    try:
        if not file.exists() or not file.stat().st_size:  # a process may die between making its file and writing to it
            return []
        rows = MmapedDict.read_all_values_from_file(str(file))  # type: ignore[no-untyped-call]
        return [(key, value, stamp) for key, value, stamp, _ in rows]
    except (OSError, RuntimeError, struct.error, UnicodeDecodeError) as error:
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
