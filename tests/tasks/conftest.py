"""The tasks in this process: real database and Redis, messages caught instead of sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from models.inflight import Inflight
from models.settings import settings
from models.shop.parse import load
from models.store import runs
from models.store.views import RunView
from models.tables.session import reading
from tasks import base, board, commands, problems, queries
from tasks.due import due
from tasks.finish import finish
from tasks.improve import improve
from tasks.merge import merge
from tasks.plan import plan
from tasks.replan import replan
from tasks.solve import solve
from tasks.sweep import sweep
from workers.celery import app

TASKS = {f"nightshift.{task.__name__}": task for task in (plan, solve, merge, improve, finish, sweep, replan, due)}


def shop(jobs: int = 8, **changes: Any) -> dict[str, Any]:
    """A problem document of single-operation jobs on three machines, in batches of three jobs."""
    document = {
        "schedule_start": "2026-01-05T06:00:00+01:00",
        "time_zone": "Europe/Berlin",
        "machines": [{"machine_id": f"M{m}"} for m in range(3)],
        "jobs": [
            {
                "job_id": f"J{i}",
                "lcd_date": "2026-01-05T12:00:00+01:00",
                "machines": [{"machine_id": f"M{m}", "processing_time": 1 + (i + m) % 4} for m in range(3)],
            }
            for i in range(jobs)
        ],
        "options": {"engine": "dispatch", "time_limit_seconds": 2, "batch_size": 3},
    }
    return document | changes


@dataclass
class Road:
    """Submits to the tasks under test and carries their messages by hand."""

    sent: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def submit(self, document: dict[str, Any] | None = None, *, first_plan: bool = False) -> str:
        body = json.dumps(document or shop()).encode()
        return commands.submit(body, load(body), None, first_plan=first_plan)

    def view(self, run_id: str) -> RunView:
        with reading(base.database()) as session:
            found = runs.get(session, run_id)
        assert found is not None
        return found

    def result(self, run_id: str) -> dict[str, Any]:
        data = queries.result(run_id)
        assert data is not None
        return dict(json.loads(data))

    def died(self, run_id: str, attempt: int, number: int, times: int = 1) -> None:
        """A batch (or step) was begun that often, and its worker has not been heard of since."""
        scratch = base.inflight()
        for _ in range(times):
            scratch.started(run_id, attempt, number)
        scratch._client.hset(f"nightshift:run:{run_id}:{attempt}:batches", f"beat:{number}", "0.0")

    def take(self, name: str | None = None) -> list[tuple[str, tuple[Any, ...]]]:
        """Takes what was sent (of that name) out of the queue."""
        taken = [message for message in self.sent if name in (None, message[0].removeprefix("nightshift."))]
        self.sent[:] = [message for message in self.sent if message not in taken]
        return taken

    def deliver(self, messages: list[tuple[str, tuple[Any, ...]]] | None = None) -> None:
        """Runs these messages, or everything sent until nothing more is."""
        if messages is not None:
            for name, args in messages:
                TASKS[name](*args)
            return
        while self.sent:
            self.deliver(self.take())


@pytest.fixture
def road(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    """The road of a request, on a database without rows."""
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("NIGHTSHIFT_SOLVE_PROCESSES", "2")
    _forget()
    road = Road()
    monkeypatch.setattr(Inflight, "waiting", lambda *_: {(name, *args[:3]) for name, args in road.sent})
    monkeypatch.setattr(app, "send_task", lambda name, args, **_: road.sent.append((name, tuple(args))))
    yield road
    _forget()


def _forget() -> None:
    settings.cache_clear()
    base.forget_connections()
    board.incumbents.cache_clear()
    problems.loaded.cache_clear()
    queries.forget()
