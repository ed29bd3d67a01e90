"""Metric files on a disk that may be full or unwritable: then values are counted in memory, and nothing else fails.

prometheus_client maps a sparse file into memory. On a full disk, writing to such a page kills the process (SIGBUS), and
a folder that cannot be written raises wherever a metric is first used. Here space is reserved before it is mapped; what
gets none stays in memory and moves to the file once there is room.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Final

from prometheus_client import mmap_dict, values
from prometheus_client.mmap_dict import MmapedDict

from monitoring.logs import get

INITIAL_BYTES: Final[int] = mmap_dict._INITIAL_MMAP_SIZE
ROW_BYTES: Final = 64
"""What a value takes beside its key, padding included; generous."""

RETRY_SECONDS: Final = 30.0
"""How often it is tried to move values from memory to a file."""

log = get(__name__)


class GuardedDict(MmapedDict):
    """A file of values that never fails: what cannot be written is kept in memory. Not thread safe, as its parent."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        self._f: Any = None
        self._m: Any = None
        self._fname = filename
        self._positions: dict[str, int] = {}
        self._kept: dict[str, tuple[float, float]] = {}
        self._next_try = 0.0
        try:
            self._open(read_mode=read_mode)
        except OSError as error:
            if read_mode:
                raise
            self._give_up(error)

    @property
    def complete(self) -> bool:
        """Whether everything is in the file."""
        return self._f is not None and not self._kept

    def read_value(self, key: str) -> tuple[float, float]:
        """Value and time stamp; (0, 0) for a new key."""
        if key not in self._positions and key not in self._kept:
            self._init_value(key)
        if key in self._kept:
            return self._kept[key]
        value, stamp = super().read_value(key)  # type: ignore[no-untyped-call]
        return value, stamp

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Keeps a value."""
        if key not in self._positions and key not in self._kept:
            self._init_value(key)
        if key not in self._kept:
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]
            return
        self._kept[key] = (value, timestamp)
        if time.monotonic() >= self._next_try:
            self._move()

    def _open(self, *, read_mode: bool) -> None:
        if not read_mode:
            _reserve(self._fname, INITIAL_BYTES)
        super().__init__(self._fname, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        if self._f is None:
            self._kept[key] = (0.0, 0.0)
            return
        try:
            if self._used + len(key.encode()) + ROW_BYTES > self._capacity:
                _reserve(self._fname, 2 * self._capacity)
            super()._init_value(key)  # type: ignore[no-untyped-call]
        except OSError as error:
            self._kept[key] = (0.0, 0.0)
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._next_try = time.monotonic() + RETRY_SECONDS
        # uncounted: counting takes the lock that is held here
        log.error("metrics_kept_in_memory", file=Path(self._fname).name, error=str(error), uncounted=True)

    def _move(self) -> None:
        """Tries to write what is kept in memory."""
        self._next_try = time.monotonic() + RETRY_SECONDS
        kept, self._kept = self._kept, {}
        try:
            if self._f is None:
                self._open(read_mode=False)
            for key, (value, stamp) in kept.items():
                self.write_value(key, value, stamp)
        except OSError:
            self._kept = kept | self._kept


def _reserve(filename: str, size: int) -> None:
    """Makes the file at least ``size`` bytes long, all of them on the disk. Raises OSError where there is no room."""
    made = not Path(filename).exists()
    with Path(filename).open("a+b") as file:
        try:
            if os.fstat(file.fileno()).st_size < size:
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            if made:
                Path(filename).unlink(missing_ok=True)
            raise


opened: list[GuardedDict] = []
"""The files of this process."""


def _opened(filename: str) -> GuardedDict:
    own = f"_{os.getpid()}.db"  # a fork has its parent's files in its list
    opened[:] = [file for file in opened if file._fname != filename and file._fname.endswith(own)]
    opened.append(GuardedDict(filename))
    return opened[-1]


def complete() -> bool:
    """Whether all that this process counts is in its files, or needs none."""
    return all(file.complete for file in opened)


values.MmapedDict = _opened  # type: ignore[assignment, attr-defined]
