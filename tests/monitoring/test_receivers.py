"""Everybody that ``alertmanager.yml`` names is told in the way that it says: e-mail, Slack, webhook, watchdog."""

from __future__ import annotations

import email
import email.policy
import json
import shutil
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring import servers
from tests.conftest import _missing
from tests.monitoring.test_rules import ALERTS
from workers.boot import free_port

pytestmark = pytest.mark.services

HOST = "127.0.0.1"
PATIENCE_SECONDS = 30.0
USER, PASSWORD = "nightshift@example.com", "secret"
HEARTBEAT = "/heartbeat"
RUNBOOKS = "http://nightshift.example.com/runbooks"


@dataclass
class Inbox:
    """Mails, and bodies that were posted to each path."""

    mails: list[email.message.EmailMessage] = field(default_factory=list)
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def posted(self, path: str) -> list[dict[str, Any]]:
        return [body for found, body in self.posts if found == path]


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """Takes what an Alertmanager with the product's file sends; only addresses and the mail server's issuer differ."""
    controller = pytest.importorskip("aiosmtpd.controller")
    for program in ("prometheus-alertmanager", "openssl"):
        if shutil.which(program) is None:
            _missing(f"{program} is not installed")
    found = Inbox()
    web = ThreadingHTTPServer((HOST, 0), _taker(found))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    mail = controller.Controller(
        _Mailbox(found),
        hostname=HOST,
        port=free_port(HOST),
        tls_context=_tls(tmp_path),
        require_starttls=True,
        auth_required=True,
        authenticator=_knows,
        auth_exclude_mechanism=["LOGIN"],  # it asks in other words than Alertmanager waits for
    )
    mail.start()
    at = f"{HOST}:{free_port(HOST)}"
    _configure(tmp_path, f"{HOST}:{mail.port}", f"http://{HOST}:{web.server_port}")
    command = servers.commands(tmp_path, servers.Addresses("", alertmanager=at))["alertmanager"]
    process = subprocess.Popen(command)
    try:
        _tell(at)
        yield found
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        mail.stop()
        web.shutdown()
        web.server_close()


def _configure(folder: Path, mail: str, web: str) -> None:
    document = yaml.safe_load(servers.ALERTMANAGER.read_text())
    (folder / "smtp.password").write_text(PASSWORD)
    (folder / "slack.url").write_text(f"{web}/slack")
    document["global"] |= {
        "smtp_smarthost": mail,
        "smtp_auth_password_file": str(folder / "smtp.password"),
        "slack_api_url_file": str(folder / "slack.url"),
    }
    receivers = {receiver["name"]: receiver for receiver in document["receivers"]}
    for name in ("team", "on-call"):
        receivers[name]["email_configs"][0]["tls_config"] = {"ca_file": str(folder / "mail.pem")}
    receivers["on-call"]["webhook_configs"][0]["url"] = f"{web}/pager"
    receivers["watchdog"]["webhook_configs"] = [{"url": web + HEARTBEAT, "send_resolved": False}]
    document["route"]["group_wait"] = "1s"
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(document))


def _tell(at: str) -> None:
    """Tells Alertmanager of three alerts, as Prometheus does."""
    alerts = []
    for name in ("NightshiftPlanRefused", "NightshiftDiskFilling", "Watchdog"):
        annotations = {"summary": f"{name} it is.", "runbook_url": f"{RUNBOOKS}/{name}"}
        alerts.append({"labels": {"alertname": name, **ALERTS[name]["labels"]}, "annotations": annotations})
    url, body = f"http://{at}/api/v2/alerts", json.dumps(alerts).encode()
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=5)
        except OSError:
            assert time.monotonic() < end, "Alertmanager does not start"
            time.sleep(0.1)
        else:
            return


def test_everybody_is_told_with_summary_and_runbook(inbox: Inbox) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while len(inbox.mails) < 2 or len(inbox.posted("/slack")) < 2 or len(inbox.posts) < 4:
        assert time.monotonic() < end, inbox
        time.sleep(0.05)
    mails = {mail["To"]: mail for mail in inbox.mails}
    slack = {body["channel"]: body["attachments"][0] for body in inbox.posted("/slack")}
    for name, address, channel in (
        ("NightshiftPlanRefused", "on-call@example.com", "#nightshift-on-call"),
        ("NightshiftDiskFilling", "planning-it@example.com", "#nightshift"),
    ):
        page = mails[address].get_body(("html",)).get_content()
        assert mails[address]["From"] == USER
        assert f"{name} it is." in page
        assert f"{RUNBOOKS}/{name}" in page
        assert slack[channel]["text"] == f"{name} it is. {RUNBOOKS}/{name}\n"
        assert slack[channel]["title"] == f"FIRING: {ALERTS[name]['labels']['part']}"
    (page,) = inbox.posted("/pager")
    assert [alert["labels"]["alertname"] for alert in page["alerts"]] == ["NightshiftPlanRefused"]
    (beat,) = inbox.posted(HEARTBEAT)
    assert [alert["labels"]["alertname"] for alert in beat["alerts"]] == ["Watchdog"]


def _taker(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            inbox.posts.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Taker


class _Mailbox:
    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        self.inbox.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


def _knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
    from aiosmtpd.smtp import AuthResult

    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))


def _tls(folder: Path) -> ssl.SSLContext:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail"]
    made += ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(folder / "mail.key")]
    subprocess.run([*made, "-out", str(folder / "mail.pem")], capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mail.pem", folder / "mail.key")
    return context
