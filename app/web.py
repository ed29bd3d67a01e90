"""Builds the web application. It stays small and starts fast: no solver is ever imported here."""

from __future__ import annotations

from flask_openapi3.openapi import OpenAPI

from app import auth, errors, headers, health, pages
from app.api import actuals, compare, edits, jobs, life, plants, replans, scenarios, schedules
from app.openapi import make_app
from models.settings import Settings
from models.settings import settings as process_settings
from monitoring import logs, tracing
from monitoring.statements import watch_statements


def build(settings: Settings | None = None) -> OpenAPI:
    """The web application. Raises LookupError where a protected endpoint names no role."""
    settings = settings or process_settings()
    logs.configure(settings.log_format, settings.log_level.upper())
    watch_statements()
    tracing.start(settings.traces_url, "web")
    app = make_app("nightshift")
    app.validation_error_callback = errors.invalid_parameters
    app.json.sort_keys = False  # type: ignore[attr-defined]  # answers keep the order of their documentation
    app.url_map.strict_slashes = True
    app.extensions[auth.SETTINGS] = settings
    tracing.trace_requests(app)
    health.prepare(app)
    headers.register(app)
    errors.register(app)
    for part in (schedules, compare, jobs, life, edits, scenarios, plants, actuals, replans):
        app.register_api(part.api)
        auth.check(app, part.api.name)
    app.register_api(health.api)
    pages.register(app)
    return app
