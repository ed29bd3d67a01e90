"""The size of Celery's messages, as they go over the wire to Redis."""

from __future__ import annotations

import threading
from types import TracebackType

import redis

from models.inflight import connect

QUEUES = ("control", "plan", "solve")


class MessageSizes:
    """Listens to everything that Redis is told while it lives; ``sizes`` are those of messages, in bytes."""

    def __init__(self, url: str) -> None:
        self._client = connect(url)
        self.sizes: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> MessageSizes:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(10)

    def _listen(self) -> None:
        with self._client.monitor() as monitor:  # type: ignore[no-untyped-call]
            while not self._stop.is_set():
                try:
                    told = monitor.next_command()
                except redis.TimeoutError:
                    continue
                words = told["command"].split(" ", 2)
                if len(words) == 3 and words[0].upper() == "LPUSH" and words[1].split("\x06")[0] in QUEUES:
                    self.sizes.append(len(words[2]))
