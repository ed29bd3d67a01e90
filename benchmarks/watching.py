"""A Prometheus and an Alertmanager of our own on free ports, and somebody who is told: for tests and rehearsals."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.stack import BenchmarkFailed
from monitoring import servers
from workers.boot import free_port

HOST = "127.0.0.1"
START_SECONDS = 30.0
LOOK_SECONDS = 0.1
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as the receiver was told it, ``at`` a time of ``time.monotonic``."""

    at: float
    status: str
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]


@dataclass
class Watch:
    """What watches a Nightshift: both servers, and everything that the receiver was told, in order."""

    at: servers.Addresses
    folder: Path
    told: list[Told] = field(default_factory=list)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The series that a PromQL query finds. Raises BenchmarkFailed where Prometheus refuses it."""
        return list(self._api("query", {"query": query})["result"])

    def value(self, query: str) -> float | None:
        """The value of the only series that a query finds; None without any."""
        found = self.ask(query)
        return float(found[0]["value"][1]) if found else None

    def firing(self) -> set[str]:
        """Names of the alerts that fire in Prometheus now, but for the one that always does."""
        firing = self.ask('ALERTS{alertstate="firing", severity!="none"}')
        return {series["metric"]["alertname"] for series in firing}

    def rules(self) -> list[dict[str, Any]]:
        """Every rule that Prometheus has loaded, with its health."""
        return [rule for group in self._api("rules", {})["groups"] for rule in group["rules"]]

    def until(self, condition: Callable[[], object], seconds: float, what: str) -> None:
        """Waits for a condition; raises BenchmarkFailed with ``what`` and what fires where that takes too long."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise BenchmarkFailed(f"{what} within {seconds:g} s{self._told_firing()}\n{self.logs()}")
            time.sleep(LOOK_SECONDS)

    def _told_firing(self) -> str:
        try:
            firing = sorted(self.firing())
        except OSError:  # Prometheus itself does not answer
            return ""
        return f"; {', '.join(firing)} fires" if firing else ""

    def logs(self) -> str:
        """The last lines of both servers."""
        tails = []
        for path in sorted(self.folder.glob("*.log")):
            tails.append(f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:]))
        return "\n".join(tails)

    def _api(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        url = f"http://{self.at.prometheus}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return dict(json.load(answer)["data"])
        except urllib.error.HTTPError as error:
            raise BenchmarkFailed(f"{query} was answered {error.code}: {error.read().decode()}") from None


@contextmanager
def watching(folder: Path, web: str, *, scrape_seconds: int = 2, haste: int = 1) -> Iterator[Watch]:
    """Watches the metrics at ``web`` (host:port) with the product's rules, from servers kept in ``folder``.

    Raises ``servers.NotInstalled``, and BenchmarkFailed where they do not start.
    """
    at = servers.Addresses(web, f"{HOST}:{free_port(HOST)}", f"{HOST}:{free_port(HOST)}")
    commands = servers.commands(folder, at)
    watch = Watch(at, folder)
    receiver = ThreadingHTTPServer((HOST, 0), _receiver(watch.told))
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    webhook = f"http://{HOST}:{receiver.server_port}/alerts"
    servers.configure(folder, at, scrape_seconds=scrape_seconds, webhook=webhook, haste=haste)
    try:
        for name, command in commands.items():
            with (folder / f"{name}.log").open("ab") as log:
                watch.running[name] = subprocess.Popen(command, stdout=log, stderr=log)
        for address in (at.prometheus, at.alertmanager):
            watch.until(lambda: _ready(address), START_SECONDS, f"{address} does not start")  # noqa: B023
        yield watch
    finally:
        for process in watch.running.values():
            process.terminate()
        for process in watch.running.values():
            process.wait(STOP_SECONDS)
        receiver.shutdown()
        receiver.server_close()


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _receiver(told: list[Told]) -> type[BaseHTTPRequestHandler]:
    """Takes what Alertmanager posts to a webhook."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Notes every alert of a message."""
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            now = time.monotonic()
            for alert in message["alerts"]:
                labels = alert["labels"]
                told.append(Told(now, alert["status"], labels["alertname"], labels, alert["annotations"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Receiver
