"""Signs of life, and how long messages have waited, on a real Redis."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator

import pytest
import redis

from models import signs as module
from models.celery_queue import PRIORITY_SEPARATOR, waiting
from models.signs import Signs


@pytest.fixture
def signs(redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signs]:
    monkeypatch.setattr(module, "PREFIX", f"test-{secrets.token_hex(4)}:")
    yield Signs(redis_client)
    for kind in ("worker", "beat", "engine"):
        redis_client.delete(f"{module.PREFIX}signs:{kind}")


def test_a_sign_grows_old_until_it_is_told_again(signs: Signs) -> None:
    assert signs.read("worker") == []
    signs.tell("worker", "a:1", {"queues": ["solve"]})
    signs.tell("worker", "b:2", {"queues": ["plan"]})
    time.sleep(0.05)
    first, second = signs.read("worker")
    assert (first.name, first.told) == ("a:1", {"queues": ["solve"]})
    assert 0.05 <= first.age < 5
    signs.tell("worker", "a:1", {"queues": ["solve"]})
    assert signs.read("worker")[0].age < first.age
    signs.drop("worker", second.name)
    assert [sign.name for sign in signs.read("worker")] == ["a:1"]
    assert signs.read("beat") == []


def test_signs_of_hosts_long_gone_are_dropped(
    signs: Signs, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs.tell("worker", "a:1", {})
    monkeypatch.setattr(module, "FORGOTTEN_SECONDS", 0.0)
    assert signs.read("worker") == []
    assert not redis_client.exists(f"{module.PREFIX}signs:worker")


def test_how_long_the_oldest_message_has_waited(redis_client: redis.Redis) -> None:
    queue, other = (f"test-{secrets.token_hex(4)}" for _ in range(2))
    low = f"{queue}{PRIORITY_SEPARATOR}9"
    seconds, _ = redis_client.time()  # type: ignore[misc]
    for name, age in ((queue, 30), (queue, 10), (low, 40)):  # the oldest lies at the end
        redis_client.lpush(name, json.dumps({"headers": {"sent_at": seconds - age}}))
    try:
        found = waiting(redis_client, [queue, other])
        assert found[queue].depth == 3
        assert 40 <= found[queue].oldest < 45
        assert (found[other].depth, found[other].oldest) == (0, 0.0)
        redis_client.delete(low)
        for strange in (b"no json", b'{"headers": {}}', b'{"headers": {"sent_at": "soon"}}'):
            redis_client.rpush(queue, strange)
            assert waiting(redis_client, [queue])[queue].oldest == 0.0
            redis_client.rpop(queue)
        redis_client.rpush(queue, json.dumps({"headers": {"sent_at": seconds + 1000}}))
        assert waiting(redis_client, [queue])[queue].oldest == 0.0, "a sender's clock may be ahead"
    finally:
        redis_client.delete(queue, low)
