"""Moments in answers."""

from __future__ import annotations

from datetime import datetime
from typing import overload


@overload
def told(moment: datetime) -> str: ...
@overload
def told(moment: None) -> None: ...
@overload
def told(moment: datetime | None) -> str | None: ...


def told(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds; None stays None."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
