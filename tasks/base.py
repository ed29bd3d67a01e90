"""What every task shares: log context, metrics, retries when a server is away, and a defined end when it fails."""

from __future__ import annotations

import functools
from time import perf_counter
from typing import Any

import redis
from celery import Task
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from models.inflight import Inflight, connect
from models.settings import settings
from models.tables.session import sessions
from monitoring import logs, metrics

SERVER_AWAY = (DBAPIError, redis.ConnectionError, redis.TimeoutError)
"""Errors that pass: the task is tried again, and in the end the sweep resumes its run."""

RETRIES = 6
RETRY_LONGEST_SECONDS = 10


class RunTask(Task):  # type: ignore[misc]  # Celery is untyped
    """Base of every task. Tasks of a run take ``run_id`` and ``attempt`` first.

    Servers that are away are waited for (backoff up to RETRY_LONGEST_SECONDS); any other failure of a run's task is
    handed to ``tasks.recovery.stumbled``, which starts the next attempt or stores the error.
    """

    abstract = True
    autoretry_for = SERVER_AWAY
    max_retries = RETRIES
    retry_backoff = 0.5
    retry_backoff_max = RETRY_LONGEST_SECONDS
    retry_jitter = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the task with its log context, and observes how long it took."""
        names = ("run_id", "attempt", "batch")
        context = dict(zip(names, args, strict=False)) | {k: v for k, v in kwargs.items() if k in names}
        begun = perf_counter()
        with logs.bound(task=self.name, **context):
            try:
                return super().__call__(*args, **kwargs)
            finally:
                metrics.TASK_SECONDS.labels(self.name).observe(perf_counter() - begun)

    def on_success(self, _retval: Any, _task_id: str, _args: Any, _kwargs: Any) -> None:
        """Counts."""
        metrics.TASKS.labels(self.name, "done").inc()

    def on_retry(self, exc: BaseException, _task_id: str, _args: Any, _kwargs: Any, _einfo: Any) -> None:
        """Counts and says what is away."""
        metrics.TASKS.labels(self.name, "retried").inc()
        logs.get(__name__).warning("task_retried", task=self.name, error=type(exc).__name__)

    def on_failure(self, exc: BaseException, _task_id: str, args: Any, _kwargs: Any, _einfo: Any) -> None:
        """Counts, and gives the run its next attempt or its stored error."""
        metrics.TASKS.labels(self.name, "failed").inc()
        logs.get(__name__).error("task_failed", task=self.name, args=list(args), error=repr(exc))
        if len(args) >= 2 and not isinstance(exc, SERVER_AWAY):
            from tasks.recovery import stumbled  # noqa: PLC0415  recovery sends tasks, which import this module

            stumbled(args[0], args[1], exc)


@functools.cache
def database() -> sessionmaker[Session]:
    """Sessions of this process."""
    return sessions()


@functools.cache
def inflight() -> Inflight:
    """Redis scratch of this process."""
    return Inflight(connect(settings().redis_url))


def forget_connections() -> None:
    """Drops what a fork must not share."""
    database.cache_clear()
    inflight.cache_clear()
