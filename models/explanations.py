"""Explanations of plans that have been worked out, in Redis: each can be worked out again from the database.

An explanation belongs to a run that has ended, whose plan never changes, and to all of it or one job. Keys expire, and
Redis may be wiped at any moment.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

import redis

from models.compression import pack, unpack
from models.inflight import PREFIX

TTL_SECONDS: Final = 3600
"""How long an explanation is kept; who asks later waits for it again."""

FAILED_SECONDS: Final = 60
"""How long it is told that an explanation failed, before it is tried again."""

Kind = Literal["whole", "partial", "unknown_job", "failed", "refused"]
"""``partial``: the conflicts of left-out jobs are still being looked for. ``refused``: it lists the faults."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A document (JSON) of its kind; empty where there is no such job or it failed."""

    kind: Kind
    document: bytes


class Explanations:
    """All explanations, on one Redis client that answers with bytes. ``job_id`` None asks for the whole plan."""

    def __init__(self, client: redis.Redis, ttl_seconds: int = TTL_SECONDS) -> None:
        self._client, self._ttl = client, ttl_seconds

    def read(self, run_id: str, job_id: str | None) -> Explanation | None:
        """What is kept; None where there is nothing."""
        found = cast("list[bytes | None]", self._client.hmget(_key(run_id, job_id), ["kind", "document"]))
        kind, document = found
        if kind is None or document is None or kind.decode() not in get_args(Kind):
            return None
        return Explanation(cast("Kind", kind.decode()), unpack(document))

    def keep(self, run_id: str, job_id: str | None, kind: Kind, document: bytes = b"") -> None:
        """Keeps a document in the place of an earlier one."""
        key = _key(run_id, job_id)
        with self._client.pipeline() as pipe:
            pipe.hset(key, mapping={"kind": kind, "document": pack(document)})
            pipe.expire(key, FAILED_SECONDS if kind == "failed" else self._ttl)
            pipe.execute()

    def ask(self, run_id: str, job_id: str | None, seconds: int) -> bool:
        """Whether the caller is the first to ask in ``seconds``, and is to send for it."""
        return bool(self._client.set(f"{_key(run_id, job_id)}:asked", b"1", nx=True, ex=seconds))

    def begun(self, run_id: str, job_id: str | None, part: str) -> int:
        """Counts that ``part`` of the work is begun; more than a few without ``ended``: it kills its worker."""
        key = f"{_key(run_id, job_id)}:begun:{part}"
        with self._client.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, self._ttl)
            return int(pipe.execute()[0])

    def ended(self, run_id: str, job_id: str | None, part: str) -> None:
        """The work came to an end, well or not."""
        self._client.delete(f"{_key(run_id, job_id)}:begun:{part}")


def _key(run_id: str, job_id: str | None) -> str:
    job = "all" if job_id is None else hashlib.sha256(job_id.encode()).hexdigest()
    return f"{PREFIX}why:{run_id}:{job}"
