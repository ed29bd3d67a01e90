"""Whether this process lives, whether it can serve, and its numbers; open to all unless the settings ask for a key."""

from __future__ import annotations

from flask import Flask, Response, current_app
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.auth import SETTINGS, authenticate
from app.openapi import answer
from app.probes import Probe, database_probe, redis_probe
from app.schemas.answers import Alive, Readiness
from app.standing import Sources, standing
from models.settings import Settings
from monitoring.exposition import render

api = APIBlueprint("health", __name__, abp_tags=[Tag(name="health", description="For probes and Prometheus.")])

PROBES = "nightshift_probes"
SOURCES = "nightshift_sources"


def prepare(app: Flask) -> None:
    """Makes the probes of an application."""
    settings: Settings = app.extensions[SETTINGS]
    probes = (database_probe(settings), redis_probe(settings))
    app.extensions[PROBES] = probes
    app.extensions[SOURCES] = Sources.of(settings, *probes)


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
    data, content_type = render(standing(current_app.extensions[SOURCES]))
    return Response(data, content_type=content_type)
