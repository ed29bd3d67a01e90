"""The API as one page, written from its OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app.pages.html import block, code, inline, link, prose, table
from app.schemas.base import NULL

Schema = dict[str, Any]

_LIMITS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} entries"),
    ("maxItems", "at most {} entries"),
    ("minProperties", "at least {} fields"),
)
_DETAILS = "ProblemDetails"
_METHODS = ("post", "get", "put", "delete")


def guide(document: Schema) -> str:
    """The page's body: how to begin, every endpoint, every object."""
    schemas = document["components"]["schemas"]
    operations = list(_operations(document))
    contents = "".join(
        f'<li><span class="method {method}">{method}</span> {link(operation["operationId"], operation["summary"])}</li>'
        for _, method, operation in operations
    )
    return "".join(
        (
            f"<header><h1>Nightshift API</h1>{prose(document['info']['description'])}",
            f'<p class="soft">Version {inline(document["info"]["version"])} · ',
            '<a href="/openapi.json">OpenAPI document</a> · <a href="/">This server</a></p></header>',
            f"<nav aria-label='Endpoints'><ul>{contents}<li>{link('objects', 'All objects')}</li></ul></nav><main>",
            f"<h2>Keys</h2>{_keys(document)}",
            "<h2>Endpoints</h2>",
            *(_endpoint(path, method, operation) for path, method, operation in operations),
            '<h2 id="objects">Objects</h2>',
            prose("Fields marked * are always there, or have to be. Durations are hours unless it says otherwise."),
            *(_object(name, schemas[name]) for name in sorted(schemas, key=_first_asked)),
            "</main>",
        )
    )


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method in sorted(methods, key=_METHODS.index):
            yield path, method.upper(), methods[method]


def _first_asked(name: str) -> tuple[int, str]:
    """The problem's form first: it is what people write."""
    order = ("ProblemForm", "Accepted", "RunStatus", "Result", _DETAILS)
    return (order.index(name), name) if name in order else (len(order), name)


def _keys(document: Schema) -> str:
    told = " or as ".join(scheme["description"] for scheme in document["components"]["securitySchemes"].values())
    return (
        prose(f"Send an API key with every request under `/v1`, as {told}.")
        + prose("A viewer reads, a planner also submits and cancels. The examples use two variables:")
        + block("export NIGHTSHIFT=http://127.0.0.1:8080\nexport KEY=nsk_...   # nightshift apikey create NAME")
    )


def _endpoint(path: str, method: str, operation: Schema) -> str:
    parts = [
        f'<section><h3 id="{operation["operationId"]}"><span class="method {method}">{method}</span> {code(path)}</h3>',
        f"<p><b>{inline(operation['summary'])}.</b> {inline(operation.get('description', ''))}</p>",
        block(_curl(path, method, operation)),
    ]
    parameters = table(
        ("Parameter", "In", "Form", "Meaning"),
        (
            (_named(p["name"], p.get("required", False)), p["in"], _form(p["schema"]), inline(p.get("description", "")))
            for p in operation.get("parameters", ())
        ),
    )
    if parameters:
        parts += ["<h4>Parameters</h4>", parameters]
    if "requestBody" in operation:
        body = operation["requestBody"]
        (content,) = body["content"].values()
        parts += [f"<h4>Body</h4><p>{_form(content['schema'])}. {inline(body['description'])}</p>"]
        parts += [f"<details><summary>Example</summary>{block(json.dumps(content['example'], indent=2))}</details>"]
    answers = ((code(status), _body(told), inline(told["description"])) for status, told in _answers(operation))
    return "".join((*parts, "<h4>Answers</h4>", table(("Status", "Body", "When"), answers), "</section>"))


def _answers(operation: Schema) -> list[tuple[str, Schema]]:
    return sorted(operation["responses"].items())


def _body(told: Schema) -> str:
    return " or ".join(_form(content["schema"]) for content in told.get("content", {}).values())


def _curl(path: str, method: str, operation: Schema) -> str:
    words = ["curl"]
    if method != "GET":
        words += ["-X", method] if "requestBody" not in operation else []
    words += [f'"$NIGHTSHIFT{path.replace("{run_id}", "$ID")}"']
    if operation.get("security"):
        words += ["-H", '"Authorization: Bearer $KEY"']
    if "requestBody" in operation:
        words += ["\\\n ", "-H", '"Content-Type: application/json"', "--data-binary", "@problem.json"]
    return " ".join(words)


def _object(name: str, schema: Schema) -> str:
    required = schema.get("required", ())
    fields = schema.get("properties", {})
    if schema.get("additionalProperties") is False:  # only requests refuse unknown fields
        fields = {field: _without_null(told) for field, told in fields.items()}
    rows = (
        (_named(field, field in required), _form(told), inline(told.get("description", "")))
        for field, told in fields.items()
    )
    return f'<section><h3 id="{name}">{name}</h3>{prose(schema.get("description", ""))}' + (
        table(("Field", "Form", "Meaning"), rows) + "</section>"
    )


def _named(name: str, required: bool) -> str:
    return code(name) + ('<span class="need" title="required"> *</span>' if required else "")


def _without_null(schema: Schema) -> Schema:
    """The form of a request's field that may be null, as all that may be left out: not said of each."""
    found = dict(schema)
    if "anyOf" in found:
        found["anyOf"] = [choice for choice in found["anyOf"] if choice != NULL]
    if "enum" in found:
        found["enum"] = [value for value in found["enum"] if value is not None]
    if isinstance(found.get("type"), list):
        found["type"] = next(name for name in found["type"] if name != "null")
    return found


def _form(schema: Schema) -> str:
    """What values a schema takes, as HTML."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return link(name, name)
    if "enum" in schema:
        return " | ".join(code(value) for value in schema["enum"])
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    for kind in ("anyOf", "oneOf"):
        if kind in schema:
            return " or ".join(_form(choice) for choice in schema[kind]) + _limits(schema)
    if schema.get("type") == "array":
        return f"list of {_form(schema.get('items', {}))}" + _limits(schema)
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_form(schema['additionalProperties'])}" + _limits(schema)
    return inline(schema.get("format") or schema.get("type", "anything")) + _limits(schema)


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def _limits(schema: Schema) -> str:
    told = [words.format(_number(schema[name])) for name, words in _LIMITS if name in schema]
    if "pattern" in schema:
        told.append(code(schema["pattern"]))
    if schema.get("default") not in (None, [], {}):
        told.append(f"default {code(json.dumps(schema['default']))}")
    return f'<span class="soft">, {", ".join(told)}</span>' if told else ""
