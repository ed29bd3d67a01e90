"""Cursors of lists: where a page ended, in a form that callers carry but do not read."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta

from models.store.ids import is_run_id
from models.store.listing import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = 2**53


class NoCursor(ValueError):
    """A text that no page has given out."""


def to_cursor(position: Position) -> str:
    """The text that leads to what follows ``position``."""
    moment = (position.created_at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(json.dumps([moment, position.id]).encode()).decode().rstrip("=")


def from_cursor(text: str) -> Position:
    """The position in a cursor. Raises NoCursor."""
    try:
        moment, run_id = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise NoCursor(text) from error
    if type(moment) is not int or not 0 <= moment < _LATEST or not isinstance(run_id, str) or not is_run_id(run_id):
        raise NoCursor(text)
    return Position(_EPOCH + moment * _MICROSECOND, run_id)
