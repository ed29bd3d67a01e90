"""Traces of requests through web, queue, tasks and database (OpenTelemetry): the extra ``tracing``, one switch.

Without NIGHTSHIFT_TRACES_URL nothing of this is loaded, and every function here does nothing. Messages carry the trace
as ``traceparent`` (W3C Trace Context). Spans of tasks and statements are made here: OpenTelemetry's own for Celery
never ends the span of a task that is sent by name alone, and its own for SQLAlchemy goes up to 2.0. Sampling and
resource attributes follow the ``OTEL_...`` variables of the SDK. A collector that is away loses spans and delays
nobody.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from models.settings import SettingsError, masked
from monitoring import logs

if TYPE_CHECKING:
    from flask import Flask

TRACE_HEADERS: Final = ("traceparent", "tracestate")
UNTRACED: Final = "livez,readyz,health,metrics"
"""Paths that are asked every few seconds and lead nowhere."""

_tracer: Any = None
_provider: Any = None


def start(url: str | None, process: str, exporter: Any = None) -> None:
    """Sends spans of this process to ``url`` (OTLP over HTTP) from now on; None leaves it as it is.

    To be called after a fork. Raises SettingsError where the extra is not installed.
    """
    global _tracer, _provider
    if url is None or _tracer is not None:
        return
    try:
        # only who traces has these
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        rule = f"needs the extra tracing: pip install 'nightshift[tracing]' ({error})"
        raise SettingsError("NIGHTSHIFT_TRACES_URL", rule, masked(url)) from error
    _provider = provider = TracerProvider(resource=Resource.create({"service.name": f"nightshift-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter(endpoint=url)))
    _tracer = provider.get_tracer("nightshift")
    # a collector that is away is told once a batch is given up, not at each of its tries
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    logs.enrich(ids)


def trace_requests(app: Flask) -> None:
    """Makes every request of ``app`` a span, but for probes and scrapes."""
    if _tracer is None:
        return
    from opentelemetry.instrumentation.flask import FlaskInstrumentor  # noqa: PLC0415

    instrumentor: Any = FlaskInstrumentor()  # has no types
    instrumentor.instrument_app(app, tracer_provider=_provider, excluded_urls=UNTRACED)


def carry(headers: dict[str, Any]) -> None:
    """Adds the trace of now to the headers of a message."""
    if _tracer is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        TraceContextTextMapPropagator().inject(headers)


@contextmanager
def span(name: str, carrier: Mapping[str, str], attributes: Mapping[str, str | int]) -> Iterator[None]:
    """A span around a task, in the trace that ``carrier`` (its message's TRACE_HEADERS) names."""
    if _tracer is None:
        yield
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    context = TraceContextTextMapPropagator().extract(carrier)
    with _tracer.start_as_current_span(name, context=context, kind=SpanKind.CONSUMER, attributes=attributes):
        yield


def statement(operation: str, seconds: float) -> None:
    """A span for a database statement that has just taken ``seconds``; its text and values stay out."""
    if _tracer is None:
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    now = time.time_ns()
    attributes = {"db.operation.name": operation}
    made = _tracer.start_span(
        f"database {operation}", kind=SpanKind.CLIENT, start_time=now - int(seconds * 1e9), attributes=attributes
    )
    made.end(now)


def ids() -> dict[str, str]:
    """``trace_id`` and ``span_id`` of now, for log lines; empty outside of a span."""
    from opentelemetry.trace import format_span_id, format_trace_id, get_current_span  # noqa: PLC0415

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}
