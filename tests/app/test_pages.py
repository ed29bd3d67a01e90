"""The pages for people."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from app.pages import runbooks
from tests.app.conftest import Api

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

VOID = {"meta", "link", "br"}


class Outline(HTMLParser):
    """Collects ids, links and tags of a page, and checks that its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        assert not {"style", "onclick", "src"} & found.keys()
        if found.get("id"):
            assert found["id"] not in self.ids
            self.ids.add(str(found["id"]))
        if "href" in found:
            self.links.add(str(found["href"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", ["/", "/docs", "/runbooks", *(f"/runbooks/{name}" for name in runbooks.names())])
def test_a_page_needs_nothing_but_itself(api: Api, path: str) -> None:
    answer = api.client.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert len(answer.data) < 400_000
    outline = Outline(answer.text)
    assert not {"script", "img", "iframe", "object"} & outline.tags
    assert all(link.startswith(("#", "/")) for link in outline.links)
    assert {link[1:] for link in outline.links if link.startswith("#")} <= outline.ids
    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    allowed = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/runbooks", *(f"/runbooks/{name}" for name in runbooks.names())])
def test_links_lead_to_what_answers(api: Api, path: str) -> None:
    for link in Outline(api.client.get(path).text).links:
        assert api.client.get(link).status_code == 200


def test_the_api_page_tells_every_endpoint_field_and_status(api: Api) -> None:
    document = json.loads(api.client.get("/openapi.json").data)
    text = api.client.get("/docs").text
    outline = Outline(text)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["operationId"] in outline.ids
            assert all(f"<code>{status}</code>" in text for status in operation["responses"])
        assert f"<code>{path}</code>" in text
        assert f'"$NIGHTSHIFT{path.replace("{run_id}", "$ID")}"' in text
    for name, schema in document["components"]["schemas"].items():
        assert name in outline.ids
        assert all(f"<code>{field}</code>" in text for field in schema.get("properties", {}))
