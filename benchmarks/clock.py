"""The clock of one measured run."""

from __future__ import annotations

import os
import time


class Clock:
    """Runs from when it is made. Wall clock and processor time of this process and of its children that have ended."""

    def __init__(self) -> None:
        self._wall, self._busy = time.perf_counter(), _busy()

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since it began."""
        return time.perf_counter() - self._wall

    @property
    def cpu_seconds(self) -> float:
        """Processor seconds since it began."""
        return _busy() - self._busy


def _busy() -> float:
    return sum(os.times()[:4])
