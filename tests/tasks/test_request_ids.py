"""The id of an HTTP request goes with its work: into messages, tasks, engines and beats."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import cast

import pytest
import structlog

from models.shop.parse import load
from models.shop.problem import Problem
from monitoring import logs
from tasks.base import RunTask
from tasks.pulse import every
from tests.app.conftest import Api, api, api_settings  # noqa: F401  fixtures
from tests.tasks.conftest import shop
from workers import batch, engine
from workers.celery import app
from workers.engine import Limits, Report, Watch


@pytest.fixture(autouse=True)
def no_request() -> Iterator[None]:
    """No request of another test is bound."""
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


def test_it_is_in_the_message(api: Api) -> None:  # noqa: F811
    answer = api.submit(shop(), headers={"X-Request-Id": "order-4711"})
    assert answer.status_code == 202
    rows = cast("list[bytes]", api.redis.lrange(api.prefix + "plan", 0, -1))
    (message,) = [json.loads(row) for row in rows]
    assert message["headers"]["request_id"] == "order-4711"
    assert message["headers"]["sent_at"] > 1.7e9


def test_it_is_bound_while_a_task_runs() -> None:
    seen = []

    @app.task(bind=True, base=RunTask, name="nightshift.test_request_id")  # type: ignore[untyped-decorator]
    def look(task: RunTask, run_id: str, attempt: int) -> None:
        seen.append(structlog.contextvars.get_contextvars() | {"told": (run_id, attempt)})

    try:
        look.push_request(request_id="order-4711")
        look("run-1", 2)
        look.pop_request()
    finally:
        app.tasks.pop("nightshift.test_request_id")
    assert seen[0]["request_id"] == "order-4711"
    assert (seen[0]["run_id"], seen[0]["attempt"]) == ("run-1", 2)
    assert logs.request_id() is None


def test_it_reaches_the_engine_and_the_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Looking:
        name = "looking"

        def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
            seen.append(logs.request_id())
            return engine.load("dispatch").solve(problem, jobs, limits, watch)

    monkeypatch.setattr(batch, "_started", lambda *_: Looking())
    problem = load(json.dumps(shop()).encode())
    with logs.bound(request_id="order-4711"):
        batch.solve_batch(problem, range(len(problem.jobs)), "cpsat", Limits.within(2.0))
        with every(10.0, lambda: seen.append(logs.request_id())):
            pass
    assert seen == ["order-4711"] * 2
