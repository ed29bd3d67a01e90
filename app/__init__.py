"""The thin face of Nightshift: HTTP API and command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_openapi3.openapi import OpenAPI

    from models.settings import Settings


def create_app(settings: Settings | None = None) -> OpenAPI:
    """The web application for ``settings`` (default: the process's own), as WSGI servers ask for it."""
    from app.web import build  # noqa: PLC0415  the command line lives in this package too and must not load Flask

    return build(settings)
