"""Who looks on while a batch is solved or a plan improved: heartbeats, the cancel flag, progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import psutil

from models.inflight import BatchState, Inflight
from models.store import runs
from models.tables.session import in_transaction, reading
from monitoring import metrics
from monitoring.logs import get
from tasks.away import SERVER_ERRORS
from tasks.base import database
from tasks.pulse import every
from workers.engine import Levels

log = get(__name__)

BEAT_SECONDS = 2.0
CANCEL_LOOK_SECONDS = 0.25

DEAD_SECONDS = 10.0
"""A worker that has not beaten for this long is lost."""


def nobody_busy(states: Mapping[int, BatchState]) -> bool:
    """Whether no living worker is at work on any batch or improvement of an attempt."""
    return not any(batch.state == "started" and batch.beat_age <= DEAD_SECONDS for batch in states.values())


class BatchWatch:
    """Looks on while a batch is solved: heartbeats, cancel flag, progress. Servers that are away only delay them.

    ``with watch.looking_on():`` does so in a thread of its own, whatever else this process computes.
    """

    def __init__(self, scratch: Inflight, run_id: str, attempt: int, number: int) -> None:
        self.scratch, self.run_id, self.attempt, self.number = scratch, run_id, attempt, number
        self.stopped = False
        self.next_beat = 0.0
        self.best: Levels | None = None
        self.proved: tuple[int | None, ...] | None = None
        self.told: object = None

    def cancelled(self) -> bool:
        """Whether this work should stop: cancelled by a person, or its run has moved on without it."""
        return self.stopped

    def incumbent(self, levels: Levels) -> None:
        """Keeps the best value for the next tick to publish."""
        if self.best is None or levels < self.best:
            self.best = levels

    def bound(self, levels: tuple[int | None, ...]) -> None:
        """Keeps the bounds for the next tick to publish."""
        self.proved = levels

    def looking_on(self) -> AbstractContextManager[None]:
        """Looks on until the block is left."""
        return every(CANCEL_LOOK_SECONDS, self.tick)

    def tick(self) -> None:
        """Looks once for what has changed, and beats if it is time. A server that is away keeps none from the other."""
        self._try(self._look)
        now = time.monotonic()
        if now >= self.next_beat:
            self.next_beat = now + BEAT_SECONDS
            self._try(self._beat)
            self._try(self._beat_in_redis)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except SERVER_ERRORS as error:
            log.warning("heartbeat_missed", error=type(error).__name__)

    def _look(self) -> None:
        self.stopped = self.stopped or self.scratch.cancelled(self.run_id)
        self._publish()

    def _beat_in_redis(self) -> None:
        self.scratch.beat(self.run_id, self.attempt, self.number)
        self.scratch.weighed(self.run_id, self.attempt, psutil.Process().memory_info().rss)

    def _publish(self) -> None:
        if (self.best, self.proved) != self.told and self.best is not None:
            self.scratch.progress(self.run_id, self.attempt, self.number, self.best, self.proved)
            self.told = (self.best, self.proved)

    def _beat(self) -> None:
        alive = in_transaction(database(), lambda session: runs.beat(session, self.run_id, self.attempt))
        with reading(database()) as session:
            view = runs.get(session, self.run_id)
        if not alive and not self.stopped and view is not None and view.attempt != self.attempt:
            metrics.LEASES_LOST.inc()
            log.warning("lease_lost", now=view.attempt)
        self.stopped = self.stopped or not alive or (view is not None and view.cancel_requested)
