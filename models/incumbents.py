"""The best plan so far of runs being improved, and who disturbs which machine, in Redis.

Scratch like ``models.inflight``: Redis may be wiped at any moment, every key expires, and each answer may be "unknown".
The record is the checkpoint in the database.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, cast

import redis

from models.compression import pack, unpack
from models.inflight import PREFIX, TTL_SECONDS

_PUT: Final = """
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', version + 1, 'value', ARGV[2], 'plan', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""

# A claim is "owner until", the end by Redis's clock; expired ones count as none.
_CLAIM: Final = """
local now = redis.call('TIME')
local second = tonumber(now[1]) + tonumber(now[2]) / 1e6
for i = 4, #ARGV do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if held then
    local owner, till = string.match(held, '^(%S+) (%S+)$')
    if owner ~= ARGV[1] and tonumber(till) > second then return 0 end
  end
end
for i = 4, #ARGV do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[1] .. ' ' .. string.format('%.3f', second + tonumber(ARGV[2])))
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""

_RELEASE: Final = """
for i = 2, #ARGV do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if held and string.match(held, '^(%S+) ') == ARGV[1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 1
"""


@dataclass(frozen=True, slots=True)
class StoredIncumbent:
    """A plan as its owner wrote it: ``plan`` is opaque here, ``value`` is what plans are compared by."""

    version: int
    value: tuple[int, ...]
    plan: bytes


class Incumbents:
    """Incumbents and claims of all runs, on one Redis client that answers with bytes."""

    def __init__(self, client: redis.Redis, ttl_seconds: int = TTL_SECONDS) -> None:
        self._client = client
        self._ttl = ttl_seconds
        self._put = client.register_script(_PUT)
        self._claim = client.register_script(_CLAIM)
        self._release = client.register_script(_RELEASE)

    def version(self, run_id: str, attempt: int) -> int:
        """The version of the incumbent; 0 where there is none."""
        return int(cast("bytes | None", self._client.hget(_key(run_id, attempt), "version")) or 0)

    def value(self, run_id: str, attempt: int) -> tuple[int, ...] | None:
        """The incumbent's value without its plan; None where there is none."""
        found = cast("bytes | None", self._client.hget(_key(run_id, attempt), "value"))
        return None if found is None else tuple(json.loads(found))

    def read(self, run_id: str, attempt: int) -> StoredIncumbent | None:
        """The incumbent of now; None where there is none or it was lost."""
        fields = cast("dict[bytes, bytes]", self._client.hgetall(_key(run_id, attempt)))
        if not fields:
            return None
        return StoredIncumbent(int(fields[b"version"]), tuple(json.loads(fields[b"value"])), unpack(fields[b"plan"]))

    def put(self, run_id: str, attempt: int, seen: int, value: Sequence[int], plan: bytes) -> bool:
        """Puts a plan in the place of version ``seen`` (0: of none); False where another came first."""
        args: list[bytes | str | int | float] = [seen, json.dumps([*value]), pack(plan), self._ttl]
        return bool(self._put(keys=[_key(run_id, attempt)], args=args))

    def claim(self, run_id: str, attempt: int, names: Collection[int], owner: str, seconds: float) -> bool:
        """Claims all of ``names`` for ``seconds``, or none: False where another holds one. Owners have no spaces."""
        return bool(self._claim(keys=[_claims(run_id, attempt)], args=[owner, seconds, self._ttl, *names]))

    def release(self, run_id: str, attempt: int, names: Collection[int], owner: str) -> None:
        """Gives claims back before they expire; what another holds by now stays."""
        self._release(keys=[_claims(run_id, attempt)], args=[owner, *names])

    def drop(self, run_id: str, attempt: int) -> None:
        """Forgets the incumbent and the claims of an attempt."""
        self._client.delete(_key(run_id, attempt), _claims(run_id, attempt))


def _key(run_id: str, attempt: int) -> str:
    return f"{PREFIX}run:{run_id}:{attempt}:incumbent"


def _claims(run_id: str, attempt: int) -> str:
    return f"{PREFIX}run:{run_id}:{attempt}:claims"
