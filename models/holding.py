"""Whether new solves are held because health is critical, and how health has been, in Redis.

Who holds says so again and again; where nobody does, the hold ends by itself.
"""

from __future__ import annotations

import json
from typing import Final, cast

import redis

from models.inflight import PREFIX

HOLD_SECONDS: Final = 60
KEPT_SCORES: Final = 240


class Holding:
    """The hold and the last scores, on one Redis client that answers with bytes."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def hold(self, reasons: tuple[str, ...]) -> None:
        """Holds new solves for the next HOLD_SECONDS, for these reasons; without any it lets them go."""
        if reasons:
            self._client.set(f"{PREFIX}hold", json.dumps(reasons), ex=HOLD_SECONDS)
        else:
            self._client.delete(f"{PREFIX}hold")

    def reasons(self) -> tuple[str, ...]:
        """Why new solves are held; empty where they are not."""
        found = cast("bytes | None", self._client.get(f"{PREFIX}hold"))
        return () if found is None else tuple(json.loads(found))

    def note(self, score: float) -> None:
        """Keeps a score, with the moment by Redis's clock."""
        seconds, _ = cast("tuple[int, int]", self._client.time())
        with self._client.pipeline() as pipe:
            pipe.lpush(f"{PREFIX}health", f"{seconds} {score:g}")
            pipe.ltrim(f"{PREFIX}health", 0, KEPT_SCORES - 1)
            pipe.execute()

    def scores(self) -> list[tuple[float, float]]:
        """The last scores from the latest on: how many seconds ago, and the score."""
        with self._client.pipeline() as pipe:
            pipe.time()
            pipe.lrange(f"{PREFIX}health", 0, -1)
            (now, _), rows = pipe.execute()
        pairs = [row.decode().split() for row in cast("list[bytes]", rows)]
        return [(float(now) - float(at), float(score)) for at, score in pairs]
