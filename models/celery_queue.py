"""Reads, and never changes, what waits in a queue that Celery keeps in Redis (Kombu's virtual transport)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Final, cast

import redis

Message = tuple[object, ...]
"""The task's name, then its first positional arguments: run, attempt, batch, as far as it has them."""

NAMED: Final = 3

PAGE: Final = 500
"""Messages read at once; each has about a kilobyte."""


def messages(client: redis.Redis, name: str) -> Iterator[Message]:
    """The messages of the list ``name``, from the one sent last; one may come twice where others are sent meanwhile.

    New messages come in on the left, where reading begins, and leave on the right: none that stays is missed.
    """
    first = 0
    while rows := cast("list[bytes]", client.lrange(name, first, first + PAGE - 1)):
        yield from (message for message in map(_read, rows) if message is not None)
        first += len(rows)


def _read(data: bytes) -> Message | None:
    """None where it is no message of a Celery task of ours."""
    try:
        message = json.loads(data)
        (args, _options, _embed) = json.loads(base64.b64decode(message["body"]))
        found = (message["headers"]["task"], *args[:NAMED])
        hash(found)
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    return found
