"""A request and its first task, traced, in a process of its own: OpenTelemetry is set up once in a process."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import create_app
from models.settings import load_settings
from models.tables import migrate
from models.tables.session import sessions, transaction
from monitoring import logs, tracing
from workers.celery import app as celery_app


def main() -> None:
    """Submits, runs the message that was sent, and prints the spans as JSON."""
    settings, exporter = load_settings(), InMemorySpanExporter()
    migrate.upgrade(settings.database_url)
    tracing.start("http://127.0.0.1:1/v1/traces", "test", exporter)
    from models.store import keys
    from tasks.plan import plan
    from tests.tasks.conftest import shop

    with transaction(sessions(settings.database_url)) as session:
        token = keys.create(session, "planner", "planner")[1]
    client = create_app(settings).test_client()
    sent: list[dict[str, Any]] = []

    def send(name: str, args: Any, **_: Any) -> None:
        headers: dict[str, Any] = {}
        tracing.carry(headers)
        sent.append({"name": name, "args": args, "headers": headers})

    celery_app.send_task = send
    client.get("/livez")
    answer = client.post("/v1/schedules", json=shop(), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 202, answer.text
    message = sent[0]
    plan.push_request(**message["headers"])
    try:
        plan(*message["args"])
    finally:
        plan.pop_request()
    with tracing.span("last", {}, {}):
        seen = tracing.ids()
        logs.get("test").info("inside")
    tracing._provider.force_flush()
    spans = [
        {
            "name": span.name,
            "trace": format(span.context.trace_id, "032x"),
            "attributes": {name: str(value) for name, value in (span.attributes or {}).items()},
        }
        for span in exporter.get_finished_spans()
    ]
    print(json.dumps({"spans": spans, "seen": seen, "token": token}))


main()
