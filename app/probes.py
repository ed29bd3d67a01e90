"""Questions to the servers this process needs, each answered within a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from models.inflight import connect
from models.settings import Settings
from models.tables.session import reading, sessions
from monitoring.logs import get

log = get(__name__)

PROBE_SECONDS = 2.0


class NotReady(Exception):
    """A server answers, but not as it has to; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found."""

    ok: bool
    detail: str


class Probe:
    """Asks ``question`` in a thread of its own, one at a time: a server that hangs holds one thread, not one a request.

    ``question`` returns what to tell of a good answer; ``NotReady``, database and Redis errors are bad ones.
    """

    def __init__(self, name: str, question: Callable[[], str], seconds: float = PROBE_SECONDS) -> None:
        self.name, self.question, self.seconds = name, question, seconds
        self.lock = threading.Lock()
        self.asked: Future[Finding] | None = None

    def ask(self) -> Finding:
        """The answer, or that there was none within ``seconds``."""
        with self.lock:
            if self.asked is None or self.asked.done():
                self.asked = Future()
                threading.Thread(target=self._run, args=(self.asked,), name=f"probe-{self.name}", daemon=True).start()
            asked = self.asked
        try:
            return asked.result(self.seconds)
        except FutureTimeout:
            return Finding(False, f"no answer within {self.seconds:g} s")

    def _run(self, answer: Future[Finding]) -> None:
        try:
            answer.set_result(Finding(True, self.question()))
        except NotReady as reason:
            answer.set_result(Finding(False, str(reason)))
        except (SQLAlchemyError, redis.RedisError, OSError) as error:
            # the message may name hosts and users; whoever runs the platform finds it in the log
            log.warning("probe_failed", probe=self.name, error=type(error).__name__, cause=str(error)[:200])
            answer.set_result(Finding(False, f"does not answer ({type(error).__name__})"))


def database_probe(settings: Settings) -> Probe:
    """Whether the database answers and has the tables this version needs."""
    maker = sessions(settings.database_url)
    return Probe("database", lambda: _schema(maker))


def redis_probe(settings: Settings) -> Probe:
    """Whether Redis answers."""
    client = connect(settings.redis_url)

    def ping() -> str:
        client.ping()
        return "answers"

    return Probe("redis", ping)


def _schema(maker: sessionmaker[Session]) -> str:
    from models.tables.migrate import head  # noqa: PLC0415  loads Alembic, which serving requests does not need

    with reading(maker) as session:
        session.execute(text("SELECT 1"))
        try:
            found = session.scalar(text("SELECT version_num FROM alembic_version"))
        except SQLAlchemyError as error:
            raise NotReady("has no tables yet: run nightshift db upgrade") from error
    if found != head():
        raise NotReady(f"is at revision {found}, this version needs {head()}: run nightshift db upgrade")
    return f"answers, at revision {found}"
