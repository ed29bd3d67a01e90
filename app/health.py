"""Whether this process lives, whether it can serve, and its numbers; open to all unless the settings ask for a key."""

from __future__ import annotations

from datetime import UTC, datetime

import redis
from flask import Flask, Response, current_app
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.auth import SETTINGS, authenticate
from app.openapi import answer
from app.schemas.answers import Alive, Health, Readiness
from app.standing import Sources, standing
from models.holding import Holding
from models.settings import Settings
from monitoring.exposition import render
from monitoring.health.checks import probes as health_probes
from monitoring.health.probe import Probe
from monitoring.health.report import Watcher, trend
from monitoring.health.servers import database_probe, redis_probe
from monitoring.logs import get

api = APIBlueprint("health", __name__, abp_tags=[Tag(name="health", description="For probes and Prometheus.")])

log = get(__name__)

PROBES = "nightshift_probes"
HEALTH = "nightshift_health"
FRESH_SECONDS = 5.0
"""Health is examined at most this often, however many ask."""

SOURCES = "nightshift_sources"


def prepare(app: Flask) -> None:
    """Makes the probes of an application."""
    settings: Settings = app.extensions[SETTINGS]
    probes = (database_probe(settings), redis_probe(settings))
    app.extensions[PROBES] = probes
    app.extensions[HEALTH] = asked = health_probes(settings)
    watcher = Watcher(asked)
    app.extensions[SOURCES] = Sources.of(settings, *probes, watcher)


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
    "/health",
    summary="How the platform is",
    operation_id="health",
    responses={200: answer(Health, "Healthy, or with warnings."), 503: answer(Health, "Something is critical.")},
)
def health() -> tuple[dict[str, object], int]:
    """Examines servers, disks, memory, engines, workers, queues, beat and clock; each within two seconds."""
    sources: Sources = current_app.extensions[SOURCES]
    report = sources.health.report(FRESH_SECONDS)
    asked: tuple[Probe, ...] = current_app.extensions[HEALTH]
    tends, held = _kept(Holding(sources.redis), redis_answers=report.findings["redis"].ok)
    checks = {
        probe.name: {
            "status": (found := report.findings[probe.name]).level,
            "message": found.detail,
            "checked_at": datetime.fromtimestamp(found.at, UTC).isoformat(timespec="milliseconds"),
            "seconds": round(found.seconds, 4),
            "holds": probe.holds,
            "timeout_seconds": probe.seconds,
        }
        for probe in asked
    }
    document: dict[str, object] = {
        "status": report.level,
        "score": report.score,
        "trend": tends,
        "solves_held": held,
        "checks": checks,
    }
    return document, 503 if report.level == "critical" else 200


def _kept(holding: Holding, *, redis_answers: bool) -> tuple[str | None, list[str] | None]:
    """Trend and hold as Redis has them; None where it does not answer."""
    if not redis_answers:
        return None, None
    try:
        return trend(holding.scores()), list(holding.reasons())
    except redis.RedisError as error:
        log.warning("hold_unknown", error=type(error).__name__)
        return None, None


@api.get(
    "/metrics",
    summary="Prometheus metrics",
    operation_id="metrics",
    responses={200: {"description": "The text form.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def numbers() -> Response:
    """All metrics of this host's processes; what stands in queues and database where Redis and the database answer."""
    data, content_type = render(standing(current_app.extensions[SOURCES]))
    return Response(data, content_type=content_type)
