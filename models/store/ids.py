"""Run ids: UUID version 7 (RFC 9562), 36 characters that sort by the time they were made.

Made by the web process before the row exists, so that no database sequence is needed; the order of runs in lists comes
from the database's own clock.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
import uuid

_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_TICKS_PER_MILLISECOND = 4096

_lock = threading.Lock()
_last = 0


def run_id() -> str:
    """A new id: milliseconds since 1970 (48 bits), 1/4096 milliseconds (12 bits), 62 random bits.

    Later ids of one process are always greater (RFC 9562, section 6.2, method 3), even where its clock steps back.
    """
    global _last
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    ticks = milliseconds * _TICKS_PER_MILLISECOND + rest * _TICKS_PER_MILLISECOND // 1_000_000
    with _lock:
        _last = ticks = max(ticks, _last + 1)
    milliseconds, fraction = divmod(ticks, _TICKS_PER_MILLISECOND)
    value = milliseconds << 80 | _VERSION_7 | fraction << 64 | _VARIANT | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def is_run_id(text: str) -> bool:
    """Whether a text has the form of a run's id."""
    return _FORM.fullmatch(text) is not None
