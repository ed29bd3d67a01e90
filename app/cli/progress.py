"""Progress on stderr: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TextIO

PLAIN_SECONDS = 2.0
"""Without a terminal a line is written at most this often."""

BAR_COLUMNS = 24


class Line:
    """A place for the latest news. As a context manager it leaves the cursor on a fresh line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.last = ""
        self.written = -PLAIN_SECONDS

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live and self.last:
            self.stream.write("\n")
            self.stream.flush()

    def show(self, text: str) -> None:
        """Shows ``text``; where lines cannot change, only new text and not too often."""
        now = time.monotonic()
        if self.live:
            columns = shutil.get_terminal_size().columns
            self.stream.write(f"\r\x1b[2K{text[: columns - 1]}")
        elif text == self.last or now - self.written < PLAIN_SECONDS:
            return
        else:
            self.stream.write(f"{text}\n")
        self.stream.flush()
        self.last, self.written = text, now


def bar(fraction: float) -> str:
    """``fraction`` of 1 as a bar with its percentage."""
    full = round(BAR_COLUMNS * min(1.0, max(0.0, fraction)))
    return f"[{'#' * full}{'.' * (BAR_COLUMNS - full)}] {100 * fraction:3.0f} %"
