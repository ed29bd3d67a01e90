"""Pages for people: what this server is, and its API as one page; plain HTML without scripts."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from functools import cache, partial

from flask import Response
from flask_openapi3.openapi import OpenAPI

from app.openapi import document
from app.pages import runbooks
from app.pages.guide import guide
from app.pages.html import page
from app.pages.style import STYLE

POLICY = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'"
)
KEPT = "public, max-age=300"

LANDING = """\
<header><h1>Nightshift</h1>
<p>Plans factories: a problem goes in, a checked plan with a proof of its quality comes out.</p>
</header>
<main class="cards">
<a href="/docs"><b>API</b><span>Every endpoint, field and error, with examples.</span></a>
<a href="/openapi.json"><b>OpenAPI</b><span>The same for programs.</span></a>
<a href="/readyz"><b>Health</b><span>Whether it can serve; <code>/health</code> asks more.</span></a>
<a href="/metrics"><b>Metrics</b><span>Numbers for Prometheus.</span></a>
<a href="/runbooks"><b>Runbooks</b><span>What to do when an alert comes.</span></a>
</main>
"""


def register(app: OpenAPI) -> None:
    """Adds the pages and the document that the API page is made from; each is made when it is first asked for."""

    @cache
    def described() -> str:
        return json.dumps(document(app), ensure_ascii=False)

    @cache
    def written() -> str:
        return page("Nightshift API", guide(json.loads(described())))

    _add(app, "/openapi.json", described, "application/json")
    _add(app, "/docs", written, "text/html; charset=utf-8")
    _add(app, "/", lambda: page("Nightshift", LANDING), "text/html; charset=utf-8")
    _add(app, runbooks.PATH, runbooks.contents, "text/html; charset=utf-8")
    for name in runbooks.names():
        _add(app, f"{runbooks.PATH}/{name}", partial(runbooks.runbook, name), "text/html; charset=utf-8")


def _add(app: OpenAPI, path: str, text: Callable[[], str], content_type: str) -> None:
    def show() -> Response:
        response = Response(text(), content_type=content_type)
        response.headers["Cache-Control"] = KEPT
        if content_type.startswith("text/html"):
            response.headers["Content-Security-Policy"] = POLICY
        return response

    app.add_url_rule(path, endpoint=f"pages:{path}", view_func=show)
