"""Whether database and Redis answer as they have to."""

from __future__ import annotations

from typing import Any, cast

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from models.inflight import connect
from models.settings import Settings
from models.tables.session import reading, sessions
from monitoring.health.probe import Impaired, NotReady, Probe
from monitoring.health.thresholds import REDIS_CRITICAL_SHARE, REDIS_WARNING_SHARE


def database_probe(settings: Settings) -> Probe:
    """Whether the database answers and has the tables this version needs."""
    maker = sessions(settings.database_url)
    return Probe("database", lambda: _schema(maker), holds=True)


def redis_probe(settings: Settings) -> Probe:
    """Whether Redis answers."""
    client = connect(settings.redis_url)

    def ping() -> str:
        client.ping()
        return "answers"

    return Probe("redis", ping, holds=True)


def redis_memory_probe(settings: Settings) -> Probe:
    """Whether Redis answers, has room left, and throws nothing away to make some."""
    client = connect(settings.redis_url)
    return Probe("redis", lambda: _room(client), holds=True)


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


def _room(client: redis.Redis) -> str:
    memory = cast("dict[str, Any]", client.info("memory"))
    used, most = int(memory["used_memory"]), int(memory.get("maxmemory") or 0)
    if not most:
        return f"answers, uses {used / 2**20:.0f} MiB, no limit set"
    told = f"uses {used / most:.0%} of its {most / 2**20:.0f} MiB"
    if used >= REDIS_CRITICAL_SHARE * most:
        raise NotReady(f"{told}: raise its maxmemory, or find what fills it")
    if used >= REDIS_WARNING_SHARE * most:
        raise Impaired(f"{told}: raise its maxmemory, or find what fills it")
    if memory.get("maxmemory_policy") != "noeviction":
        raise Impaired("may throw messages away when it is full: set its maxmemory-policy to noeviction")
    return f"answers, {told}"
