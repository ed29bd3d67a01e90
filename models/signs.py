"""Signs of life, in Redis: what workers, beat and self-tests last told of themselves, and how long ago.

Ages are by Redis's own clock, so that they do not depend on how well the hosts' clocks agree. Redis may be wiped at any
moment; whoever lives tells again within seconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import redis

from models.inflight import PREFIX

Kind = Literal["worker", "beat", "engine"]

FORGOTTEN_SECONDS: Final = 3600.0
"""A sign older than this is dropped: its host is gone."""

_PUT: Final = """
redis.call('HSET', KEYS[1], ARGV[1], table.concat(redis.call('TIME'), '.') .. ' ' .. ARGV[2])
return 1
"""


@dataclass(frozen=True, slots=True)
class Sign:
    """What ``name`` told ``age`` seconds ago."""

    name: str
    age: float
    told: dict[str, Any]


class Signs:
    """All signs of life, on one Redis client that answers with bytes."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._put = client.register_script(_PUT)

    def tell(self, kind: Kind, name: str, told: dict[str, Any]) -> None:
        """Puts a sign in the place of the last one of that name."""
        self._put(keys=[_key(kind)], args=[name, json.dumps(told, separators=(",", ":"))])

    def drop(self, kind: Kind, name: str) -> None:
        """Forgets one that ended as it was asked to."""
        self._client.hdel(_key(kind), name)

    def read(self, kind: Kind) -> list[Sign]:
        """The last sign of each, by name; those long gone are dropped."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.time()
            pipe.hgetall(_key(kind))
            (seconds, microseconds), fields = pipe.execute()
        now = seconds + microseconds / 1e6
        found = [_sign(name, value, now) for name, value in sorted(cast("dict[bytes, bytes]", fields).items())]
        gone = [sign.name for sign in found if sign.age > FORGOTTEN_SECONDS]
        if gone:
            self._client.hdel(_key(kind), *gone)
        return [sign for sign in found if sign.age <= FORGOTTEN_SECONDS]


def _sign(name: bytes, value: bytes, now: float) -> Sign:
    at, _, told = value.partition(b" ")
    seconds, _, microseconds = at.partition(b".")
    return Sign(name.decode(), max(0.0, now - int(seconds) - int(microseconds) / 1e6), json.loads(told))


def _key(kind: Kind) -> str:
    return f"{PREFIX}signs:{kind}"
