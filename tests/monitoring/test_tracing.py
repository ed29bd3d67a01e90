"""One trace leads from the HTTP request over the message to the task and its statements."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.settings import SettingsError
from monitoring import tracing


def test_without_the_switch_nothing_is_loaded() -> None:  # but what redis-py looks for
    headers: dict[str, object] = {}
    tracing.start(None, "test")
    tracing.carry(headers)
    with tracing.span("task", {}, {}):
        pass
    assert headers == {}
    code = "import sys, tasks.base, app.web; print('opentelemetry.instrumentation' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_extra_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opentelemetry", "opentelemetry.exporter.otlp.proto.http.trace_exporter"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SettingsError, match=r"NIGHTSHIFT_TRACES_URL needs the extra tracing.*nightshift\[tracing\]"):
        tracing.start("http://user:secret@127.0.0.1:4318/v1/traces", "test")
    assert tracing._tracer is None


def test_one_trace_from_the_request_to_the_task(tmp_path: Path, redis_url: str) -> None:
    pytest.importorskip("opentelemetry.instrumentation.flask")
    env = {name: value for name, value in os.environ.items() if not name.startswith("NIGHTSHIFT_")}
    env |= {"NIGHTSHIFT_HOME": str(tmp_path), "REDIS_URL": redis_url, "PYTHONPATH": str(Path.cwd())}
    env |= {"DATABASE_URL": f"sqlite:///{tmp_path / 'n.db'}"}
    command = [sys.executable, "-m", "tests.monitoring.traced"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    spans = {span["name"]: span for span in told["spans"]}
    request, task = spans["POST /v1/schedules"], spans["nightshift.plan"]
    assert request["trace"] == task["trace"]
    assert task["attributes"]["run_id"]
    assert "GET /livez" not in spans
    statements = [span for span in told["spans"] if span["name"] in ("database insert", "database update")]
    assert task["trace"] in {span["trace"] for span in statements}
    assert set(told["seen"]) == {"trace_id", "span_id"}
    assert told["token"] not in json.dumps(told["spans"])
    assert f"trace_id={told['seen']['trace_id']}" in done.stderr
