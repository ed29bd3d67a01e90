"""Reads, and never changes, what waits in a queue that Celery keeps in Redis (Kombu's virtual transport)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

import redis

Message = tuple[object, ...]
"""The task's name, then its first positional arguments: run, attempt, batch, as far as it has them."""

NAMED: Final = 3

PAGE: Final = 500
"""Messages read at once; each has about a kilobyte."""

PRIORITY_SEPARATOR: Final = "\x06\x16"
PRIORITY_STEPS: Final = (3, 6, 9)
"""How Kombu names the lists of a queue's lower priorities: queue, separator, step."""

SENT_AT: Final = "sent_at"
"""Header of a message: when it was sent, in seconds since 1970 by its sender's clock."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many messages wait in a queue, and for how many seconds the oldest has; 0 where none does."""

    depth: int
    oldest: float


def lists(queue: str) -> list[str]:
    """The lists that make up a queue, the most urgent first."""
    return [queue, *(f"{queue}{PRIORITY_SEPARATOR}{step}" for step in PRIORITY_STEPS)]


def waiting(client: redis.Redis, queues: Sequence[str]) -> dict[str, Waiting]:
    """How each of ``queues`` stands; messages that a worker has fetched are not counted. One round trip."""
    names = [name for queue in queues for name in lists(queue)]
    with client.pipeline(transaction=False) as pipe:
        pipe.time()
        for name in names:
            pipe.llen(name)
            pipe.lindex(name, -1)
        (seconds, microseconds), *found = pipe.execute()
    now = seconds + microseconds / 1e6
    depths = dict(zip(names, found[::2], strict=True))
    sent = {name: _sent_at(data) for name, data in zip(names, found[1::2], strict=True)}
    answer = {}
    for queue in queues:
        moments = [moment for name in lists(queue) if (moment := sent[name]) is not None]
        oldest = max(0.0, now - min(moments)) if moments else 0.0
        answer[queue] = Waiting(sum(int(depths[name]) for name in lists(queue)), oldest)
    return answer


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


def _sent_at(data: bytes | None) -> float | None:
    """When a message was sent; None where there is none, or it does not say."""
    if data is None:
        return None
    try:
        return float(json.loads(data)["headers"][SENT_AT])
    except (ValueError, KeyError, TypeError):
        return None
