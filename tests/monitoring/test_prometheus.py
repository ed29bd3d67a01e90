"""A real Prometheus scrapes every metric and answers for each."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics import MetricWrapperBase

from monitoring import exposition, metrics
from monitoring.labels import VALUES
from tests.monitoring.listed import everything, registered
from workers.boot import free_port

pytestmark = [pytest.mark.services, pytest.mark.slow]

CONFIGURATION = """
global: {scrape_interval: 1s}
scrape_configs: [{job_name: nightshift, static_configs: [{targets: ["127.0.0.1:%d"]}]}]
"""
START_SECONDS = 30.0


class _Scraped(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data, content_type = exposition.render(everything())
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus that scrapes this process."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Scraped)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "prometheus.yml").write_text(CONFIGURATION % server.server_port)
    address = f"127.0.0.1:{free_port('127.0.0.1')}"
    command = [program, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
    yield f"http://{address}"
    process.terminate()
    process.wait(20)
    server.shutdown()
    server.server_close()


def ask(address: str, query: str) -> list[Any]:
    """The series that a query finds."""
    try:
        with urllib.request.urlopen(f"{address}/api/v1/query?query={urllib.parse.quote(query)}", timeout=5) as answer:
            return list(json.load(answer)["data"]["result"])
    except urllib.error.HTTPError as error:
        if error.code == 503:
            return []  # still starting
        raise
    except urllib.error.URLError:
        return []


def test_every_metric_can_be_queried(prometheus: str) -> None:
    for metric in (value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)):
        if metric._labelnames:
            metric.labels(*(min(VALUES.get(name, {"known"})) for name in metric._labelnames))
    end = time.monotonic() + START_SECONDS
    while not ask(prometheus, "nightshift_build_info"):
        assert time.monotonic() < end
        time.sleep(0.2)
    suffix = {"histogram": "_count"}
    missing = [m.name for m in registered() if not ask(prometheus, m.name + suffix.get(m.kind, ""))]
    assert not missing
    assert ask(prometheus, "up")[0]["value"][1] == "1"
