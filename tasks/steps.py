"""A step of a run is taken by one worker at a time, with heartbeats, and not for ever by workers that it kills."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from models.settings import settings
from models.store import runs
from models.tables.session import in_transaction
from monitoring.logs import get
from tasks import watch
from tasks.away import SERVER_ERRORS
from tasks.base import database, inflight
from tasks.pulse import every

log = get(__name__)

PLAN = -1
MERGE = -2
FINISH = -3
"""Numbers under which these steps are counted beside the batches."""


class KillsWorkers(RuntimeError):
    """A task was begun again and again, and its worker never came back."""


def count(run_id: str, attempt: int, number: int, *, again: bool) -> int:
    """Counts a delivery of a step, batch or improver: how many there were, this one included.

    0 where another worker is at it; then this message is a duplicate. ``again``: the message was delivered before, so
    that its first worker is dead however lately it has beaten. Raises KillsWorkers after too many.
    """
    alive = 0.0 if again else watch.DEAD_SECONDS
    deliveries = inflight().started(run_id, attempt, number, alive)
    if deliveries > settings().max_attempts:
        inflight().left(run_id, attempt, number)
        raise KillsWorkers(f"its worker died {deliveries - 1} times")
    return deliveries


@contextmanager
def taken(run_id: str, attempt: int, number: int, *, again: bool) -> Iterator[bool]:
    """Whether this worker is the one to take the step; while it does it beats, in Redis and in the database."""
    if not count(run_id, attempt, number, again=again):
        log.info("step_taken_already", step=number)
        yield False
        return

    def beat() -> None:
        try:
            inflight().beat(run_id, attempt, number)
            in_transaction(database(), lambda session: runs.touch(session, run_id, attempt))
        except SERVER_ERRORS as error:
            log.warning("heartbeat_missed", error=type(error).__name__)

    try:
        with every(watch.BEAT_SECONDS, beat):
            yield True
    finally:
        try:
            inflight().left(run_id, attempt, number)
        except redis.RedisError as error:  # the beat grows old by itself
            log.warning("step_not_left", step=number, error=type(error).__name__)
