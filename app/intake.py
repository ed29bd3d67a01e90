"""From a body to a checked problem, without letting large bodies starve those who poll.

Small bodies are read on the spot, large ones one at a time in another process.
"""

from __future__ import annotations

import threading
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from app.errors import ApiError
from app.reader import Reader
from models.settings import Settings
from models.shop.faults import Fault, InvalidProblem, shown
from models.shop.parse import Bounds, load
from tasks.checked import Checked, checked

LARGE_BODY = 256 * 1024
"""Bytes from which on bodies are read elsewhere: 500 jobs, which take about as long as ten polls."""

WAITING_MOST = 4
WAITING_SECONDS = 20.0
BUSY_RETRY_SECONDS = 5


class Gate:
    """Lets one pass at a time and a few wait; the others are told to come back."""

    def __init__(self, waiting: int = WAITING_MOST, seconds: float = WAITING_SECONDS) -> None:
        self.waiting = threading.BoundedSemaphore(waiting + 1)
        self.passing = threading.Lock()
        self.seconds = seconds

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Waits for its turn. Raises ApiError 503 where too many wait already, or it takes too long."""
        if not self.waiting.acquire(blocking=False):
            raise _busy()
        try:
            if not self.passing.acquire(timeout=self.seconds):
                raise _busy()
            try:
                yield
            finally:
                self.passing.release()
        finally:
            self.waiting.release()


_gate = Gate()
_reader = Reader()


def accepted(body: bytes, settings: Settings) -> Checked:
    """The problem in ``body``. Raises InvalidProblem, and ApiError 503 where too many large bodies are being read."""
    _check_opening(body)
    bounds = Bounds(
        max_operations=settings.max_operations,
        max_options=settings.max_options,
        max_depth=settings.max_depth,
        max_seconds=settings.max_seconds,
    )
    if len(body) < LARGE_BODY:
        return checked(load(body, bounds))
    with passed(body):
        return _reader.read(body, bounds)


def passed(body: bytes) -> AbstractContextManager[None]:
    """Lets one large body be read at a time, so that memory is bounded. Raises ApiError 503 where too many wait."""
    return nullcontext() if len(body) < LARGE_BODY else _gate.passed()


def _check_opening(body: bytes) -> None:
    """JSON only: what else ``load`` understands has no place behind the content type of JSON."""
    opening = body.removeprefix(BOM_UTF8).lstrip()[:1]
    if opening not in (b"{", b"["):
        message = "is no JSON at column 1: the problem must be an object and begin with {"
        raise InvalidProblem([Fault("line 1", "json", message, shown(opening.decode("utf-8", "backslashreplace")))])


def _busy() -> ApiError:
    return ApiError(
        503,
        "busy",
        "Too many problems or plans are being read; nothing was stored. Try again shortly.",
        headers={"Retry-After": str(BUSY_RETRY_SECONDS)},
    )
