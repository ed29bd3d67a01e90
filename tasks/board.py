"""A run's incumbent for everyone who improves it: in Redis while it goes on, checkpointed to the database."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import cache

from models.incumbents import Incumbents
from models.inflight import connect
from models.settings import settings
from models.shop.schedule import Decision
from workers.improve.incumbent import Incumbent, Value


@cache
def incumbents() -> Incumbents:
    """Incumbents of all runs, on this process's Redis."""
    return Incumbents(connect(settings().redis_url))


class RedisBoard:
    """The board of one run and attempt (see ``workers.improve.incumbent.Board``)."""

    def __init__(self, run_id: str, attempt: int) -> None:
        self._of = (run_id, attempt)
        self._known: Incumbent | None = None

    def read(self) -> Incumbent | None:
        """The incumbent of now; unpacked again only when its version has changed."""
        version = incumbents().version(*self._of)
        if self._known is None or self._known.version != version:
            stored = incumbents().read(*self._of)
            self._known = None if stored is None else Incumbent(stored.version, stored.value, from_bytes(stored.plan))
        return self._known

    def put(self, seen: int, value: Value, decisions: tuple[Decision, ...]) -> bool:
        """Puts a plan in the place of version ``seen`` (0: where there is none)."""
        return incumbents().put(*self._of, seen, value, to_bytes(decisions))

    def offer(self, value: Value, decisions: tuple[Decision, ...]) -> Incumbent:
        """Puts a plan if it is better than the incumbent; the answer is the incumbent after that."""
        while True:
            now = self.read()
            if now is not None and now.value <= value:
                return now
            seen = 0 if now is None else now.version
            if self.put(seen, value, decisions):
                return Incumbent(seen + 1, value, decisions)

    def claim(self, machines: Collection[int], owner: str, seconds: float) -> bool:
        """Claims all of these machines, or none."""
        return incumbents().claim(*self._of, machines, owner, seconds)

    def release(self, machines: Collection[int], owner: str) -> None:
        """Gives claims back."""
        incumbents().release(*self._of, machines, owner)


def to_bytes(decisions: Sequence[Decision]) -> bytes:
    """Decisions as compact JSON rows: operation, machine, operator, lot, share."""
    return json.dumps(
        [(d.operation, d.machine, d.operator, d.lot, d.share) for d in decisions], separators=(",", ":")
    ).encode()


def from_bytes(data: bytes) -> tuple[Decision, ...]:
    """The decisions that ``to_bytes`` wrote."""
    return tuple(Decision(*row) for row in json.loads(data))
