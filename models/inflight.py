"""Scratch of runs being solved, in Redis: deliveries, heartbeats, reports, progress, cancel flags.

Redis may be wiped at any moment and every key expires, so each answer may be "unknown": False, 0 or empty. Nothing here
is the record. Lost connections are retried and then raised as ``redis.ConnectionError`` or ``redis.TimeoutError``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict, cast
from urllib.parse import parse_qs, urlsplit

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

from models.celery_queue import Message, lists, messages
from models.compression import pack, unpack

PREFIX: Final = "nightshift:"
TTL_SECONDS: Final = 24 * 3600
"""Longer than any run: the largest time limit with all its attempts."""

SOCKET_TIMEOUT_SECONDS: Final = 5.0
HEALTH_CHECK_SECONDS: Final = 15

# Redis's own clock, so that ages do not depend on how well the workers' clocks agree.
_BEAT: Final = """
redis.call('HSET', KEYS[1], 'beat:' .. ARGV[2], table.concat(redis.call('TIME'), '.'))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""

_START: Final = """
local now, beat = redis.call('TIME'), redis.call('HGET', KEYS[1], 'beat:' .. ARGV[2])
if beat then
  local second, micros = string.match(beat, '^(%d+)%.(%d+)$')
  local age = now[1] - second + (now[2] - micros) / 1e6
  if age < tonumber(ARGV[3]) then return 0 end
end
redis.call('HSET', KEYS[1], 'beat:' .. ARGV[2], table.concat(now, '.'))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return redis.call('HINCRBY', KEYS[1], 'deliveries:' .. ARGV[2], 1)
"""


@dataclass(frozen=True, slots=True)
class BatchState:
    """Where a batch stands. ``beat_age``: seconds since its worker's last sign of life by Redis's clock; inf before."""

    state: Literal["queued", "started", "done"]
    deliveries: int
    beat_age: float


class Progress(TypedDict):
    """The best value found for a batch and the bounds proved for it (see ``workers.engine.Watch``)."""

    levels: list[int] | None
    bound: list[int | None] | None


class Inflight:
    """The scratch of all runs, on one Redis client that answers with bytes."""

    def __init__(self, client: redis.Redis, ttl_seconds: int = TTL_SECONDS) -> None:
        self._client = client
        self._ttl = ttl_seconds
        self._beat = client.register_script(_BEAT)
        self._start = client.register_script(_START)

    def open(self, run_id: str, attempt: int, batches: int) -> None:
        """Make an attempt known, with ``batches`` batches queued. Opening it again undoes nothing."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.hset(_key(run_id, attempt, "batches"), "batches", str(batches))
            pipe.expire(_key(run_id, attempt, "batches"), self._ttl)
            pipe.sadd(_attempts(run_id), attempt)
            pipe.expire(_attempts(run_id), self._ttl)
            pipe.execute()

    def known(self, run_id: str, attempt: int) -> bool:
        """Whether the attempt was opened here and is neither dropped, expired nor wiped."""
        return bool(self._client.hexists(_key(run_id, attempt, "batches"), "batches"))

    def started(self, run_id: str, attempt: int, batch: int, alive_seconds: float = 0.0) -> int:
        """Count one delivery of a batch; the answer is how many there were since the last wipe, this one included.

        0, and nothing is counted, where a worker at the batch has beaten within the last ``alive_seconds``. Any number
        may be counted, also before ``open``; ``batch_states`` tells of those from 0 to ``batches`` - 1.
        """
        args = [self._ttl, batch, alive_seconds]
        return int(self._start(keys=[_key(run_id, attempt, "batches")], args=args))

    def beat(self, run_id: str, attempt: int, batch: int) -> None:
        """A sign of life of the worker that solves the batch."""
        self._beat(keys=[_key(run_id, attempt, "batches")], args=[self._ttl, batch])

    def weighed(self, run_id: str, attempt: int, memory: int) -> None:
        """Note how many bytes a process of the attempt has taken, where that is more than any before."""
        key = _key(run_id, attempt, "batches")
        if memory > int(cast("bytes | None", self._client.hget(key, "memory")) or 0):
            self._client.hset(key, "memory", str(memory))

    def memory(self, run_id: str, attempt: int) -> int | None:
        """The most that one process of the attempt has taken, in bytes; None where nothing is known."""
        found = cast("bytes | None", self._client.hget(_key(run_id, attempt, "batches"), "memory"))
        return None if found is None else int(found)

    def left(self, run_id: str, attempt: int, batch: int) -> None:
        """Forget deliveries and beats of a batch: its worker came back alive."""
        self._client.hdel(_key(run_id, attempt, "batches"), f"deliveries:{batch}", f"beat:{batch}")

    def batch_states(self, run_id: str, attempt: int) -> dict[int, BatchState]:
        """Where every batch of the attempt stands, numbered from 0; empty where the attempt is unknown."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.time()
            pipe.hgetall(_key(run_id, attempt, "batches"))
            pipe.hkeys(_key(run_id, attempt, "reports"))
            (seconds, microseconds), fields, reported = pipe.execute()
        now = seconds + microseconds / 1e6
        done = {int(number) for number in reported}
        return {
            number: _batch_state(fields, number, number in done, now)
            for number in range(int(fields.get(b"batches", 0)))
        }

    def put_report(self, run_id: str, attempt: int, batch: int, data: bytes) -> int:
        """Keep what was found for a batch; the answer is how many distinct batches have reported since the last wipe.

        A second report of a batch replaces the first. Reports count even where the attempt is unknown: after a wipe the
        batches still being solved may be all there are.
        """
        return self._put(run_id, attempt, "reports", batch, pack(data))

    def reports(self, run_id: str, attempt: int) -> dict[int, bytes]:
        """What has been reported, by batch."""
        return {int(number): unpack(packed) for number, packed in self._hash(_key(run_id, attempt, "reports")).items()}

    def reported(self, run_id: str, attempt: int) -> int:
        """How many distinct batches have reported since the last wipe."""
        return int(cast("int", self._client.hlen(_key(run_id, attempt, "reports"))))

    def progress(
        self,
        run_id: str,
        attempt: int,
        batch: int,
        levels: Sequence[int] | None,
        bound: Sequence[int | None] | None = None,
    ) -> None:
        """Tell the best value found so far for a batch, and its bounds."""
        value = {"levels": None if levels is None else [*levels], "bound": None if bound is None else [*bound]}
        self._put(run_id, attempt, "progress", batch, json.dumps(value).encode())

    def read_progress(self, run_id: str, attempt: int) -> dict[int, Progress]:
        """The last told progress of every batch that has told any."""
        return {int(number): json.loads(text) for number, text in self._hash(_key(run_id, attempt, "progress")).items()}

    def cancel(self, run_id: str) -> None:
        """Wake up whoever solves the run; that it is cancelled stands in the database."""
        self._client.set(f"{PREFIX}cancel:{run_id}", 1, ex=self._ttl)

    def cancelled(self, run_id: str) -> bool:
        """Whether ``cancel`` was called. False may also mean that Redis was wiped since."""
        return bool(self._client.exists(f"{PREFIX}cancel:{run_id}"))

    def drop(self, run_id: str) -> None:
        """Forget all attempts of a run, and its cancel flag."""
        attempts = [int(number) for number in cast("set[bytes]", self._client.smembers(_attempts(run_id)))]
        parts = [_key(run_id, number, part) for number in attempts for part in ("batches", "reports", "progress")]
        self._client.unlink(*parts, _attempts(run_id), f"{PREFIX}cancel:{run_id}")

    def queue_depth(self, queue: str) -> int:
        """How many Celery messages wait in ``queue``, all priorities together; those at a worker are not counted."""
        with self._client.pipeline(transaction=False) as pipe:
            for name in lists(queue):
                pipe.llen(name)
            return sum(pipe.execute())

    def waiting(self, queue: str) -> set[Message]:
        """The Celery messages that wait in ``queue``; those that a worker has fetched are not among them."""
        return {message for name in lists(queue) for message in messages(self._client, name)}

    def _put(self, run_id: str, attempt: int, part: str, batch: int, data: bytes) -> int:
        key = _key(run_id, attempt, part)
        with self._client.pipeline(transaction=True) as pipe:
            pipe.hset(key, mapping={str(batch): data})
            pipe.expire(key, self._ttl)
            pipe.hlen(key)
            return int(pipe.execute()[-1])

    def _hash(self, key: str) -> dict[bytes, bytes]:
        return cast("dict[bytes, bytes]", self._client.hgetall(key))


def connect(url: str) -> redis.Redis:
    """A client for a Redis URL as Kombu understands it: redis://, rediss:// or ``redis+socket:///path?virtual_host=1``.

    Calls give up after SOCKET_TIMEOUT_SECONDS; lost connections are retried three times within about a second. A call
    that is retried may have been carried out twice.
    """
    options: dict[str, Any] = {
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "retry": Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.05), 3),
        "retry_on_error": [redis.ConnectionError, redis.TimeoutError],
    }
    parts = urlsplit(url)
    if parts.scheme == "redis+socket":
        database = parse_qs(parts.query).get("virtual_host", ["0"])[0]
        return redis.Redis.from_url(f"unix://{parts.path}?db={database}", **options)
    return redis.Redis.from_url(url, **options)


def _key(run_id: str, attempt: int, part: str) -> str:
    return f"{PREFIX}run:{run_id}:{attempt}:{part}"


def _attempts(run_id: str) -> str:
    return f"{PREFIX}run:{run_id}:attempts"


def _batch_state(fields: dict[bytes, bytes], number: int, done: bool, now: float) -> BatchState:
    deliveries = int(fields.get(b"deliveries:%d" % number, 0))
    beat = fields.get(b"beat:%d" % number)
    age = math.inf
    if beat is not None:
        seconds, _, microseconds = beat.partition(b".")
        age = max(0.0, now - int(seconds) - int(microseconds) / 1e6)
    return BatchState("done" if done else "started" if deliveries else "queued", deliveries, age)
