"""Reads large problems in a process of its own, so that those who poll do not wait for the interpreter.

``python -m app.reader FD`` is the process: it takes bounds and body from a socket, answers with what was found, and
ends when nothing comes for a while or the web process is gone. ``Reader`` is the web process's side.
"""

from __future__ import annotations

import gc
import json
import signal
import socket
import subprocess
import sys
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

from models.shop.faults import Fault, InvalidProblem
from models.shop.parse import Bounds, load
from models.store.views import RunSummary
from tasks.checked import Checked, checked

IDLE_SECONDS = 60.0
"""A reader with nothing to do ends after this long and gives its memory back."""

ANSWER_SECONDS = 60.0
END_SECONDS = 5.0


class ReaderLost(RuntimeError):
    """The reading process died over a body, or did not answer in time."""


class Reader:
    """One reading process, started when it is first needed. For one thread at a time."""

    def __init__(self, seconds: float = ANSWER_SECONDS) -> None:
        self.seconds = seconds
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection | None = None

    def read(self, body: bytes, bounds: Bounds) -> Checked:
        """What ``body`` holds. Raises InvalidProblem, and ReaderLost where the process does not survive it."""
        if self.process is not None:
            try:
                return _taken(self._ask(body, bounds))
            except (OSError, EOFError):  # it may have ended because it was idle; a new one is asked
                self.close()
        try:
            return _taken(self._ask(body, bounds))
        except (OSError, EOFError) as error:
            self.close()
            raise ReaderLost(f"the reading process died ({type(error).__name__})") from error

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        if self.connection is not None:
            self.connection.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait(END_SECONDS)
        self.connection = self.process = None

    def _ask(self, body: bytes, bounds: Bounds) -> dict[str, Any]:
        connection = self.connection or self._connect()
        connection.send_bytes(json.dumps(asdict(bounds)).encode())
        connection.send_bytes(body)
        if not connection.poll(self.seconds):
            self.close()
            raise ReaderLost(f"the reading process did not answer within {self.seconds:g} s")
        answer: dict[str, Any] = json.loads(connection.recv_bytes())
        return answer

    def _connect(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "app.reader", str(theirs.fileno())]
            self.process = subprocess.Popen(command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL)
        self.connection = Connection(ours.detach())
        return self.connection


def _taken(answer: dict[str, Any]) -> Checked:
    if "faults" in answer:
        raise InvalidProblem([Fault(**fault) for fault in answer["faults"]], answer["total"])
    return Checked(RunSummary(**answer["summary"]), answer["digest"])


def answered(body: bytes, bounds: Bounds) -> dict[str, Any]:
    """What the process answers for a body: ``summary`` and ``digest``, or ``faults`` and their ``total``."""
    try:
        return asdict(checked(load(body, bounds)))
    except InvalidProblem as error:
        return {"faults": [asdict(fault) for fault in error.faults], "total": error.total}


def serve(connection: Connection, idle: float = IDLE_SECONDS) -> None:
    """Answers bodies until the other side is gone or nothing comes for ``idle`` seconds."""
    try:
        while connection.poll(idle):
            bounds = Bounds(**json.loads(connection.recv_bytes()))
            connection.send_bytes(json.dumps(answered(connection.recv_bytes(), bounds)).encode())
            gc.collect()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def main() -> None:
    """The reading process. Its end is its web process's: it leaves signals to that."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    gc.disable()  # while a problem grows there is nothing to collect; serve collects between bodies
    with Connection(int(sys.argv[1])) as connection:
        serve(connection)


if __name__ == "__main__":
    main()
