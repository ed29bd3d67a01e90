"""Servers that are away: which errors say so, and waiting for Redis without the broker that is just not there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import redis
from redis.exceptions import OutOfMemoryError, ReadOnlyError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from monitoring.logs import get

log = get(__name__)
T = TypeVar("T")

REDIS_AWAY = (redis.ConnectionError, redis.TimeoutError, OutOfMemoryError, ReadOnlyError)
"""Redis does not answer, or takes no writes because it is full or a replica."""

DATABASE_AWAY = (DBAPIError, PoolTimeout)

SERVER_ERRORS = (redis.RedisError, *DATABASE_AWAY)
"""Whatever a server may answer: for work that can be left out this time."""

PAUSES = (0.1, 0.2, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 5.0, 5.0, 5.0)
"""Seconds between tries: a restart is met soon, and half a minute is waited in all."""


def patiently(act: Callable[[], T]) -> T:
    """What ``act`` answers; it is done again where Redis is away. Raises its error where that lasts too long.

    Celery's own retry cannot help here: it sends a message to the Redis that is away, and drops the task.
    """
    for pause in PAUSES:
        try:
            return act()
        except REDIS_AWAY as error:
            log.warning("redis_waited_for", error=type(error).__name__, seconds=pause)
            time.sleep(pause)
    return act()
