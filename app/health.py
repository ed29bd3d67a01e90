"""Whether this process lives, whether it can serve, and its numbers; open to all unless the settings ask for a key."""

from __future__ import annotations

import redis
from flask import Flask, Response, current_app
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy.exc import SQLAlchemyError

from app.auth import SETTINGS, authenticate
from app.openapi import answer
from app.probes import Probe, database_probe, redis_probe
from app.schemas.answers import Alive, Readiness
from models.inflight import Inflight, connect
from models.settings import Settings
from models.store.standing import OpenRuns, open_runs
from models.tables.session import reading, sessions
from monitoring import metrics
from monitoring.logs import get

log = get(__name__)

api = APIBlueprint("health", __name__, abp_tags=[Tag(name="health", description="For probes and Prometheus.")])

QUEUES = ("control", "plan", "solve")
PROBES = "nightshift_probes"
BROKER = "nightshift_broker"


def prepare(app: Flask) -> None:
    """Makes the probes of an application."""
    settings: Settings = app.extensions[SETTINGS]
    app.extensions[PROBES] = (database_probe(settings), redis_probe(settings))
    app.extensions[BROKER] = Inflight(connect(settings.redis_url))


@api.before_request
def _admit() -> None:
    settings: Settings = current_app.extensions[SETTINGS]
    if settings.protect_metrics:
        authenticate()


@api.get(
    "/livez",
    summary="Whether the process answers",
    operation_id="live",
    responses={200: answer(Alive, "It does.")},
)
def livez() -> dict[str, str]:
    """Asks nothing of database or Redis: restarting this process would not help them."""
    return {"status": "ok"}


@api.get(
    "/readyz",
    summary="Whether requests can be served",
    operation_id="ready",
    responses={200: answer(Readiness, "They can."), 503: answer(Readiness, "They cannot; the checks say why.")},
)
def readyz() -> tuple[dict[str, object], int]:
    """The database answers and has the tables of this version, and Redis answers; each within two seconds."""
    probes: tuple[Probe, ...] = current_app.extensions[PROBES]
    findings = {probe.name: probe.ask() for probe in probes}
    ready = all(finding.ok for finding in findings.values())
    checks = {name: {"ok": finding.ok, "detail": finding.detail} for name, finding in findings.items()}
    return {"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503


@api.get(
    "/metrics",
    summary="Prometheus metrics",
    operation_id="metrics",
    responses={200: {"description": "The text form.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def numbers() -> Response:
    """All metrics of this host's processes; what stands in queues and database where Redis and the database answer."""
    data, content_type = metrics.render(_standing())
    return Response(data, content_type=content_type)


def _standing() -> metrics.Standing:
    found = _open_runs()
    queues = _depths()
    if found is None:
        return metrics.Standing(queues)
    return metrics.Standing(queues, found.counts, found.oldest, found.heartbeat_age)


def _open_runs() -> OpenRuns | None:
    if not _answers("database"):
        return None
    settings: Settings = current_app.extensions[SETTINGS]
    try:
        with reading(sessions(settings.database_url)) as session:
            return open_runs(session)
    except SQLAlchemyError as error:
        log.warning("open_runs_unknown", error=type(error).__name__)
        return None


def _depths() -> dict[str, int]:
    if not _answers("redis"):
        return {}
    scratch: Inflight = current_app.extensions[BROKER]
    try:
        return {queue: scratch.queue_depth(queue) for queue in QUEUES}
    except redis.RedisError as error:
        log.warning("queue_depth_unknown", error=type(error).__name__)
        return {}


def _answers(name: str) -> bool:
    """Whether this server answers its probe: a scrape must not wait for one that hangs."""
    probes: tuple[Probe, ...] = current_app.extensions[PROBES]
    return all(probe.ask().ok for probe in probes if probe.name == name)
