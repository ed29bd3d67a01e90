"""Structured logs: one event a line, JSON in production, readable in development; nothing secret."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

SECRET_WORDS = ("password", "secret", "token", "api_key", "authorization", "database_url", "redis_url")
HIDDEN = "[hidden]"

NOISY = ("kombu", "amqp", "werkzeug", "alembic", "gunicorn.access")


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces the value of every field whose name speaks of a secret."""
    for key in event:
        if any(word in key.lower() for word in SECRET_WORDS):
            event[key] = HIDDEN
    return event


_watchers: list[Callable[[str], None]] = []
COUNTED = ("warning", "error", "critical")


def watch(watcher: Callable[[str], None]) -> None:
    """Tells ``watcher`` the level of every line from ``warning`` up that this process logs."""
    _watchers.append(watcher)


def count(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Tells the watchers, unless the line says ``uncounted``."""
    if not event.pop("uncounted", False) and event.get("level") in COUNTED:
        for watcher in _watchers:
            watcher(event["level"])
    return event


def configure(log_format: str = "console", level: str = "INFO") -> None:
    """Sends every log of this process, structlog's and the standard library's, to stderr in one form.

    ``log_format`` is ``json`` (one object a line) or ``console``.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        count,
        hide_secrets,
    ]
    # tracebacks without local variables: a frame may hold a key
    last: Any = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    if log_format == "json":
        frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        shared.append(structlog.processors.ExceptionRenderer(frames))
        last = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger that carries the context bound with ``bound``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


bound = structlog.contextvars.bound_contextvars
"""Context manager: fields (``run_id``, ``attempt``, ``batch``) that every log line inside carries."""
