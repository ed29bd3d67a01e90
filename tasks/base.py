"""What every task shares: log context, metrics, patience where a server is away, and a defined end when it fails."""

from __future__ import annotations

import functools
from itertools import count
from time import perf_counter, process_time
from typing import Any

from celery import Task
from sqlalchemy.orm import Session, sessionmaker

from models.explanations import Explanations
from models.inflight import Inflight, connect
from models.settings import settings
from models.tables.session import sessions
from monitoring import logs, metrics, tracing
from monitoring.statements import watch_statements
from tasks.away import DATABASE_AWAY, REDIS_AWAY, SERVER_ERRORS, patiently

RETRIES = 6
RETRY_LONGEST_SECONDS = 10


class RunTask(Task):  # type: ignore[misc]  # Celery is untyped
    """Base of every task. Tasks of a run take ``run_id`` and ``attempt`` first; each may be run twice.

    A Redis that is away is waited for here, a database by Celery's retries (backoff up to RETRY_LONGEST_SECONDS). Any
    other failure of a run's task is handed to ``tasks.recovery.stumbled``, which starts the next attempt or stores the
    error; so is a database that answers again but still refuses after all retries.
    """

    abstract = True
    autoretry_for = DATABASE_AWAY
    max_retries = RETRIES
    retry_backoff = 0.5
    retry_backoff_max = RETRY_LONGEST_SECONDS
    retry_jitter = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the task with its log context, and observes how long it took."""
        names = ("run_id", "attempt", "batch")
        context = dict(zip(names, args, strict=False)) | {k: v for k, v in kwargs.items() if k in names}
        if request := self.request.get("request_id"):
            context["request_id"] = request
        begun, worked, tries = perf_counter(), process_time(), count()

        def call() -> Any:
            self.request.update(tried_here=next(tries))
            return self.run(*args, **kwargs)

        carrier = {name: value for name in tracing.TRACE_HEADERS if (value := self.request.get(name))}
        with tracing.span(self.name, carrier, context), logs.bound(task=self.name, **context):
            try:
                return patiently(call)
            except MemoryError as error:
                # Celery ends the whole worker where a task raises MemoryError
                raise RuntimeError("there is not enough memory") from error
            finally:
                metrics.TASK_SECONDS.labels(self.name).observe(perf_counter() - begun)
                metrics.TASK_CPU_SECONDS.labels(self.name).inc(process_time() - worked)

    @property
    def again(self) -> bool:
        """Whether this message was begun before: its worker died, or a server was away."""
        delivery = self.request.delivery_info or {}
        return bool(delivery.get("redelivered") or self.request.retries or self.request.get("tried_here"))

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
        log = logs.get(__name__)
        log.error("task_failed", task=self.name, args=list(args), error=repr(exc))
        if len(args) < 2 or isinstance(exc, REDIS_AWAY):
            return  # the sweep goes on with its run when Redis is back
        from tasks.recovery import stumbled  # noqa: PLC0415  recovery sends tasks, which import this module

        try:
            stumbled(args[0], args[1], exc)
        except SERVER_ERRORS as error:
            log.warning("left_to_the_sweep", run_id=args[0], error=type(error).__name__)


@functools.cache
def database() -> sessionmaker[Session]:
    """Sessions of this process."""
    watch_statements()
    return sessions()


@functools.cache
def inflight() -> Inflight:
    """Redis scratch of this process."""
    return Inflight(connect(settings().redis_url))


@functools.cache
def explanations() -> Explanations:
    """Explanations that this process keeps and reads."""
    return Explanations(connect(settings().cache_redis_url))


def forget_connections() -> None:
    """Drops what a fork must not share."""
    database.cache_clear()
    inflight.cache_clear()
    explanations.cache_clear()
