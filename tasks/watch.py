"""Who looks on while a batch is solved or a plan improved: heartbeats, the cancel flag, progress."""

from __future__ import annotations

import time

import redis
from sqlalchemy.exc import DBAPIError

from models.inflight import Inflight
from models.store import runs
from models.tables.session import transaction
from monitoring.logs import get
from tasks.base import database
from workers.engine import Levels

log = get(__name__)

BEAT_SECONDS = 2.0
CANCEL_LOOK_SECONDS = 0.25


class BatchWatch:
    """Looks on while a batch is solved: heartbeats, cancel flag, progress. Servers that are away only delay them."""

    def __init__(self, scratch: Inflight, run_id: str, attempt: int, number: int) -> None:
        self.scratch, self.run_id, self.attempt, self.number = scratch, run_id, attempt, number
        self.stopped = False
        self.next_beat = 0.0
        self.next_look = 0.0
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

    def tick(self) -> None:
        """Called about ten times a second by the thread that waits for the engine."""
        now = time.monotonic()
        try:
            if now >= self.next_look:
                self.next_look = now + CANCEL_LOOK_SECONDS
                self.stopped = self.stopped or self.scratch.cancelled(self.run_id)
                self._publish()
            if now >= self.next_beat:
                self.next_beat = now + BEAT_SECONDS
                self.scratch.beat(self.run_id, self.attempt, self.number)
                self._beat()
        except (redis.RedisError, DBAPIError) as error:
            log.warning("heartbeat_missed", error=type(error).__name__)

    def _publish(self) -> None:
        if (self.best, self.proved) != self.told and self.best is not None:
            self.scratch.progress(self.run_id, self.attempt, self.number, self.best, self.proved)
            self.told = (self.best, self.proved)

    def _beat(self) -> None:
        with transaction(database()) as session:
            alive = runs.beat(session, self.run_id, self.attempt)
            view = runs.get(session, self.run_id)
        self.stopped = self.stopped or not alive or (view is not None and view.cancel_requested)
