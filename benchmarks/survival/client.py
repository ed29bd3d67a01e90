"""A client that goes on asking while the web process is away, and counts an answer only if it has it whole."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.stack import BenchmarkFailed

AWAY = (OSError, http.client.HTTPException)
PAUSE_SECONDS = 0.1
PATIENCE_SECONDS = 60.0


@dataclass
class Client:
    """``token`` is an API key."""

    host: str
    port: int
    token: str
    timeout: float = 40.0

    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> tuple[int, dict[str, Any]]:
        """One request on a connection of its own: status and document. Raises one of AWAY."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            headers |= {} if key is None else {"Idempotency-Key": key}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def insist(self, method: str, path: str, body: object = None, key: str | None = None) -> tuple[int, dict[str, Any]]:
        """Asks until there is an answer other than 503. A request that was cut off may have been carried out.

        Raises one of AWAY, or BenchmarkFailed, where there is none within PATIENCE_SECONDS.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                status, document = self.ask(method, path, body, key)
                if status != 503:
                    return status, document
            except AWAY:
                if time.monotonic() > end:
                    raise
            if time.monotonic() > end:
                raise BenchmarkFailed(f"{method} {path} answers 503")
            time.sleep(PAUSE_SECONDS)

    def submit(self, problem: object, query: str = "", key: str | None = None) -> str:
        """The id of a request that was answered 202; with an idempotency ``key`` it is accepted once.

        Raises BenchmarkFailed where it is refused.
        """
        status, document = self.insist("POST", f"/v1/schedules{query}", problem, key)
        if status != 202:
            raise BenchmarkFailed(f"POST was answered {status}: {document}")
        return str(document["id"])
