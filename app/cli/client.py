"""Talks to a Nightshift server over HTTP and turns its answers into results or one-line errors."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from app.cli.errors import BadInput, Failed, Unreachable

TIMEOUT_SECONDS = 60.0


class NotReady(Failed):
    """The server has no plan to give (409): not yet, or not at all."""


class Client:
    """A server at ``url``, spoken to with an API key. Calls raise BadInput for 4xx, Unreachable for 5xx and silence."""

    def __init__(self, url: str, key: str | None) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise BadInput(f"the server's address must start with http:// or https:// (got {url!r})")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise BadInput("the API key must be plain ASCII without line breaks or spaces around it")
        self.url = url.rstrip("/")
        self.key = key

    def submit(self, body: bytes) -> str:
        """Submits a problem; returns the id of its run."""
        return str(self._json("POST", "/v1/schedules", body)["id"])

    def status(self, run_id: str) -> Mapping[str, Any]:
        """State and progress of a run."""
        return self._json("GET", f"/v1/schedules/{quote(run_id, safe='')}")

    def result(self, run_id: str) -> bytes:
        """The result document of an ended run. Raises NotReady where there is none."""
        return self._call("GET", f"/v1/schedules/{quote(run_id, safe='')}/result")

    def cancel(self, run_id: str) -> Mapping[str, Any]:
        """Asks a run to stop and keep its best plan."""
        return self._json("DELETE", f"/v1/schedules/{quote(run_id, safe='')}")

    def ready(self) -> bool:
        """Whether the server says that it can serve."""
        try:
            self._call("GET", "/readyz")
        except (Unreachable, BadInput):
            return False
        return True

    def _json(self, method: str, path: str, body: bytes | None = None) -> Mapping[str, Any]:
        answer = self._call(method, path, body)
        try:
            document = json.loads(answer)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Unreachable(f"{self.url} is no Nightshift server: {method} {path} did not answer JSON")
        return document

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {"Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            raise _refusal(self.url, error.code, error.read()) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Unreachable(f"{self.url} does not answer: {reason or type(error).__name__}") from None


def _refusal(url: str, status: int, body: bytes) -> BadInput | NotReady | Unreachable:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    details = found if isinstance(found, dict) else {}
    message = str(details.get("detail") or details.get("title") or f"HTTP status {status}")
    stored = details.get("error")
    if isinstance(stored, dict) and stored.get("detail"):
        message = f"{message} {stored['detail']}"
    if status >= 500:
        return Unreachable(f"{url}: {message}")
    if status == 409:
        return NotReady(message)
    errors = details.get("errors") or []
    lines = [_fault(row) for row in errors if isinstance(row, dict)]
    if lines and int(details.get("total_errors") or 0) > len(lines):
        lines.append(f"and {details['total_errors'] - len(lines)} more")
    return BadInput(message, lines)


def _fault(row: Mapping[str, Any]) -> str:
    got = f" (got {row['value']})" if row.get("value") else ""
    return f"{row.get('field')}: {row.get('message')}{got} [{row.get('rule')}]"
