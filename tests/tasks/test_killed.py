"""Real processes, killed in mid-solve: every accepted request still ends in one checked result."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from benchmarks.survival.stack import WORKERS, Stack
from models.inflight import Inflight, connect
from models.shop.generate import factory
from models.shop.parse import parse
from models.shop.result_reader import read_result
from models.shop.validator import validate
from tests.conftest import _redis_program, embedded_redis

pytestmark = pytest.mark.slow


@pytest.fixture
def own_redis() -> Iterator[str]:
    yield from embedded_redis(_redis_program())


@pytest.fixture
def stack(database_url: str, own_redis: str, tmp_path: Path) -> Iterator[Stack]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("NIGHTSHIFT_")}
    env |= {
        "NIGHTSHIFT_HOME": str(tmp_path),
        "DATABASE_URL": database_url,
        "REDIS_URL": own_redis,
        "NIGHTSHIFT_SOLVE_PROCESSES": "2",
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), env.get("PYTHONPATH", "")]),
    }
    stack = Stack(env, tmp_path, database_url)
    yield stack
    stack.stop()


def shop(seconds: float = 4.0) -> dict[str, Any]:
    """Two batches that CP-SAT works on until their time is up."""
    document = factory(jobs=60, machines=12, seed=3, routings=True)
    return document | {
        "options": {"engine": "cpsat", "time_limit_seconds": seconds, "batch_size": 30},
        "objective": "weighted_tardiness",
    }


def scratch(url: str) -> Inflight:
    return Inflight(connect(url))


def busy(stack: Stack, url: str, run_id: str) -> bool:
    states = scratch(url).batch_states(run_id, stack.view(run_id).attempt)
    return any(batch.state == "started" for batch in states.values())


def check(document: dict[str, Any], result: dict[str, Any]) -> None:
    problem = parse(document)
    schedule, metrics = read_result(problem, result)
    verdict = validate(problem, schedule, metrics)
    assert verdict.valid, verdict.violations
    assert not schedule.unscheduled


def test_a_child_killed_in_mid_solve_is_survived_without_a_sweep(stack: Stack, own_redis: str) -> None:
    stack.start(*WORKERS)
    run_id = stack.submit(shop())
    stack.until(lambda: busy(stack, own_redis, run_id))
    for child in stack.children("solve"):
        child.kill()
    view = stack.ended(run_id)
    assert (view.state, view.attempt) == ("finished", 1)
    check(shop(), stack.result(run_id))


def test_a_worker_killed_whole_in_mid_solve_is_survived(stack: Stack, own_redis: str) -> None:
    stack.start()
    run_id = stack.submit(shop())
    stack.until(lambda: busy(stack, own_redis, run_id))
    stack.kill("solve")
    stack.start("solve")
    view = stack.ended(run_id)
    assert view.state == "finished"
    check(shop(), stack.result(run_id))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_redis_wiped_in_mid_solve_is_survived(stack: Stack, own_redis: str) -> None:
    stack.start()
    run_id = stack.submit(shop())
    stack.until(lambda: busy(stack, own_redis, run_id))
    client: redis.Redis = connect(own_redis)
    client.flushall()
    view = stack.ended(run_id)
    assert view.state == "finished"
    check(shop(), stack.result(run_id))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_cancel_in_mid_solve_keeps_the_best_plan(stack: Stack, own_redis: str) -> None:
    stack.start(*WORKERS)
    document = shop(seconds=60.0)
    run_id = stack.submit(document)
    stack.until(lambda: busy(stack, own_redis, run_id))
    stack.cancel(run_id)
    view = stack.ended(run_id, seconds=30.0)
    assert view.state == "cancelled"
    result = stack.result(run_id)
    assert result["status"] == "cancelled"
    check(document, result)
