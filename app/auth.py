"""Who may: an API key in each request, a role on each endpoint.

A key comes as ``Authorization: Bearer nsk_...`` (RFC 6750) or as ``X-API-Key: nsk_...``. Every endpoint of a blueprint
that ``guard`` protects names the role it needs; one that names none is refused when the application is built.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, g, request
from flask.sansio.scaffold import Scaffold

from app.errors import ApiError
from models.settings import Settings
from models.store import keys
from models.store.views import KeyView, Role
from models.tables.session import sessions
from monitoring import metrics

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])

SETTINGS = "nightshift_settings"
"""Where an application keeps its settings among its extensions."""

KEYS = "nightshift_keys"
KEY_SECONDS = 1.0
"""For this long a key found good is not looked up again: polls come by the hundred with the same one, and a revoked key
opens nothing a second later."""

KEYS_REMEMBERED = 1024

ROLE = "__nightshift_role__"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="nightshift"'}


def role(needed: Role) -> Callable[[Endpoint], Endpoint]:
    """Marks an endpoint with the least role that may call it."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, ROLE, needed)
        return endpoint

    return mark


def guard(scaffold: Scaffold) -> None:
    """Lets only keys of the right role reach the endpoints of ``scaffold``, before a request is read."""
    scaffold.before_request(_admit)


def check(app: Flask, blueprint: str) -> None:
    """Raises LookupError where an endpoint of ``blueprint`` names no role."""
    for endpoint in app.view_functions:
        if endpoint.startswith(f"{blueprint}."):
            needed_role(app, endpoint)


def needed_role(app: Flask, endpoint: str) -> Role:
    """The role that ``endpoint`` asks for. Raises LookupError where it names none."""
    found: Role | None = getattr(app.view_functions[endpoint], ROLE, None)
    if found is None:
        raise LookupError(f"endpoint {endpoint} names no role")
    return found


def caller() -> KeyView:
    """The key of the current request."""
    key: KeyView = g.key
    return key


def _admit() -> None:
    key = authenticate()
    needed = needed_role(current_app, request.endpoint or "")
    if not key.may(needed):
        raise ApiError(
            403, "wrong-role", f"This needs a key with role {needed}; key {key.id} has role {key.role}.", needed=needed
        )
    g.key = key


def authenticate() -> KeyView:
    """The key that the current request carries. Raises ApiError 401 for none, a wrong or a revoked one."""
    token = _token()
    if token is None:
        detail = "Send an API key: Authorization: Bearer nsk_... or X-API-Key: nsk_..."
        raise ApiError(401, "key-missing", detail, headers=CHALLENGE)
    key = _known(token)
    if key is None:
        headers = {"WWW-Authenticate": CHALLENGE["WWW-Authenticate"] + ', error="invalid_token"'}
        raise ApiError(401, "key-invalid", "The API key is unknown, mistyped or revoked.", headers=headers)
    return key


def _known(token: str) -> KeyView | None:
    """The key of a token, as the database has it or had it KEY_SECONDS ago; only keys found good are remembered."""
    settings: Settings = current_app.extensions[SETTINGS]
    remembered: dict[bytes, tuple[float, KeyView]] = current_app.extensions.setdefault(KEYS, {})
    digest, now = hashlib.sha256(token.encode()).digest(), time.monotonic()
    until, key = remembered.get(digest, (0.0, None))
    fresh = key is not None and now < until
    metrics.cache_request("key", hit=fresh)
    if fresh:
        return key
    found = keys.authenticate(sessions(settings.database_url), token)
    if len(remembered) >= KEYS_REMEMBERED:
        remembered.clear()
    if found is not None:
        remembered[digest] = (now + KEY_SECONDS, found)
    return found


def _token() -> str | None:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return request.headers.get("X-API-Key", "").strip() or None
