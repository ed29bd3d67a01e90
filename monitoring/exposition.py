"""Serving metrics: those that processes of this host have counted, and what stands at this moment."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, start_http_server

from monitoring.shared import SharedFiles, fold
from monitoring.standing import Standing


def registry(standing: Standing | None = None) -> CollectorRegistry:
    """All metrics of this host's processes, and what stands at this moment where it is given."""
    found = CollectorRegistry()
    folder = metrics_folder()
    found.register(REGISTRY if folder is None else SharedFiles(folder))
    if standing is not None:
        found.register(standing)
    return found


def render(standing: Standing | None = None) -> tuple[bytes, str]:
    """The metrics in Prometheus' text form, and its content type."""
    return generate_latest(registry(standing)), CONTENT_TYPE_LATEST


def serve(port: int) -> None:
    """Serves the metrics of this host's processes on ``port`` from a thread of its own."""
    start_http_server(port, registry=registry())


def tidy() -> None:
    """Folds what dead processes left, so that the number of files is bounded also where nobody scrapes."""
    folder = metrics_folder()
    if folder is not None:
        fold(folder)


def metrics_folder() -> Path | None:
    """The folder of shared metric files; None where this process counts for itself alone."""
    named = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(named) if named else None
