"""Structured logs: one event a line, JSON in production, readable in development; nothing secret."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import structlog

SECRET_WORDS = ("password", "secret", "token", "api_key", "authorization", "database_url", "redis_url")
HIDDEN = "[hidden]"

SECRETS: Final = re.compile(
    r"""nsk_[A-Za-z0-9_.~+/=-]+                          # an API key
    | (?<=://)[^\s/:@'"]*:[^\s/@'"]+(?=@)               # user and password in a URL
    | (?i:(?<=bearer\ )[A-Za-z0-9_.~+/=-]{8,})""",
    re.VERBOSE,
)
"""What is hidden wherever it stands in a line, be it in the text of an error."""

LEAST_SECRET: Final = 6
"""A password shorter than this is hidden only where it stands in a URL: it would be found in innocent words."""

NOISY = ("kombu", "amqp", "werkzeug", "alembic", "gunicorn.access")


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces the value of every field whose name speaks of a secret."""
    for key in event:
        if any(word in key.lower() for word in SECRET_WORDS):
            event[key] = HIDDEN
    return event


def scrubbed(line: str, passwords: tuple[str, ...] = ()) -> str:
    """A line without API keys, passwords in URLs, bearer tokens, and ``passwords`` wherever they stand."""
    for password in passwords:
        line = line.replace(password, HIDDEN)
    return SECRETS.sub(HIDDEN, line)


def _passwords(env: Mapping[str, str]) -> tuple[str, ...]:
    """The passwords in the environment's URLs, as they are and as they are quoted there."""
    found: set[str] = set()
    for name, value in env.items():
        if not name.endswith("_URL"):
            continue
        try:
            password = urlsplit(value).password
        except ValueError:  # the settings refuse it
            continue
        found |= {password, unquote(password)} if password else set()
    return tuple(sorted((secret for secret in found if len(secret) >= LEAST_SECRET), key=len, reverse=True))


_enrichers: list[Callable[[], Mapping[str, str]]] = []


def enrich(enricher: Callable[[], Mapping[str, str]]) -> None:
    """Adds what ``enricher`` answers to every line from now on."""
    _enrichers.append(enricher)


def enriched(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A line with what the enrichers say."""
    for enricher in _enrichers:
        event.update(enricher())
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


class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what stderr is at the moment. Of a line that cannot be written it tells no more than that."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"a log line was lost ({type(sys.exception()).__name__})\n")


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
        enriched,
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
    passwords, render = _passwords(os.environ), last

    def rendered(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        return scrubbed(render(logger, method, event), passwords)

    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, rendered],
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


def request_id() -> str | None:
    """The id of the HTTP request that this work goes back to; None where there is none."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return None if found is None else str(found)
