"""One question about health, answered within a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from typing import Final, Literal

import redis
from sqlalchemy.exc import SQLAlchemyError

from monitoring.logs import get

log = get(__name__)

PROBE_SECONDS: Final = 2.0

Level = Literal["healthy", "warning", "critical"]
LEVELS: Final[tuple[Level, ...]] = ("healthy", "warning", "critical")
"""From good to bad."""


class NotReady(Exception):
    """Something is not as it has to be; the message says what to do. Critical."""


class Impaired(Exception):
    """Something works, but not for long or not well; the message says what. A warning."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found, in how many ``seconds``, and when (seconds since 1970)."""

    level: Level
    detail: str
    seconds: float = 0.0
    at: float = field(default_factory=time.time)

    @property
    def ok(self) -> bool:
        """Whether it is not critical."""
        return self.level != "critical"


class Probe:
    """Asks ``question`` in a thread of its own, one at a time: a server that hangs holds one thread, not one a request.

    ``question`` returns what to tell of a good answer; it raises Impaired or NotReady for others, and errors of
    database and Redis are critical. ``holds``: while it is critical no new solve is begun: it would be lost or do harm.
    """

    def __init__(
        self, name: str, question: Callable[[], str], seconds: float = PROBE_SECONDS, *, holds: bool = False
    ) -> None:
        self.name, self.question, self.seconds, self.holds = name, question, seconds, holds
        self.lock = threading.Lock()
        self.asked: Future[Finding] | None = None

    def begin(self) -> Future[Finding]:
        """Asks, unless an answer is still waited for."""
        with self.lock:
            if self.asked is None or self.asked.done():
                self.asked = Future()
                threading.Thread(target=self._run, args=(self.asked,), name=f"probe-{self.name}", daemon=True).start()
            return self.asked

    def ask(self) -> Finding:
        """The answer, or that there was none within ``seconds``."""
        return self.within(self.begin(), self.seconds)

    def within(self, asked: Future[Finding], seconds: float) -> Finding:
        """The answer that comes within ``seconds`` from now."""
        try:
            return asked.result(max(0.0, seconds))
        except FutureTimeout:
            return Finding("critical", f"no answer within {self.seconds:g} s", self.seconds)

    def _run(self, answer: Future[Finding]) -> None:
        begun = time.perf_counter()
        level, detail = self._found()
        answer.set_result(Finding(level, detail, time.perf_counter() - begun))

    def _found(self) -> tuple[Level, str]:
        try:
            return "healthy", self.question()
        except Impaired as reason:
            return "warning", str(reason)
        except NotReady as reason:
            return "critical", str(reason)
        except (SQLAlchemyError, redis.RedisError, OSError) as error:
            # the message may name hosts and users; whoever runs the platform finds it in the log
            log.warning("probe_failed", probe=self.name, error=type(error).__name__, cause=str(error)[:200])
            return "critical", f"does not answer ({type(error).__name__})"
        except Exception as error:  # a probe that breaks must not look like one that hangs
            log.exception("probe_broken", probe=self.name)
            return "critical", f"could not be asked ({type(error).__name__})"
