"""The OpenAPI document: what the routes say of themselves, and the full form of a problem."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask_openapi3.models.info import Info
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI
from flask_openapi3.types import ResponseDict, SecuritySchemesDict
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.schemas import actuals, answers, life, plants, scenarios
from app.schemas.comparison import Difference
from app.schemas.edits import EditForm, EditPreview
from app.schemas.explanation import Explanation, JobExplained
from app.schemas.problem import EXAMPLE, ProblemForm
from models.tables.idempotency import IDEMPOTENCY_KEY_LENGTH

REFERENCE = "#/components/schemas/{model}"
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

DESCRIPTION = """\
Nightshift plans factories. Submit a problem, poll its state, fetch the checked plan.

Times are RFC 3339 with offset, durations hours. Every error is a problem document (RFC 9457)."""

SECURITY_SCHEMES: SecuritySchemesDict = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer nsk_...`"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "`X-API-Key: nsk_...`"},
}
SECURITY: list[dict[str, list[Any]]] = [{"bearer": []}, {"header": []}]

SCHEDULES = Tag(name="schedules", description="Requests for a plan. Roles: viewer reads, planner submits and cancels.")

LIFE = Tag(name="life", description="What happens to a plan: executions, disruptions, edits, scenarios.")

PLANTS = Tag(name="plants", description="A plant's data, its plan in force, and when it is replanned.")

ANSWERED: tuple[type[BaseModel], ...] = (
    answers.Accepted,
    answers.RunStatus,
    answers.RunList,
    answers.Result,
    Explanation,
    JobExplained,
    Difference,
    *life.ANSWERS,
    *plants.ANSWERS,
    *actuals.ANSWERS,
    *scenarios.ANSWERS,
    EditPreview,
    answers.ProblemDetails,
    answers.Alive,
    answers.Readiness,
    answers.Health,
)

HEADERS: dict[str, dict[str, Any]] = {
    "Location": {"description": "Path of the request.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before asking again.", "schema": {"type": "integer"}},
    "ETag": {"description": "Names this state of it; send it back as If-None-Match.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "How to send a key.", "schema": {"type": "string"}},
}

ERRORS = {
    400: "The body could not be read: empty, broken JSON (with line and column) or damaged gzip or zstd data.",
    401: "No API key, or one that is unknown or revoked.",
    403: "The key's role may not do this.",
    404: "There is no such schedule.",
    409: "There is no plan to read: `state` says whether there will be one.",
    412: "It is no longer what If-Match names; nothing was changed.",
    413: "The body is larger than the limit.",
    415: "The body is not JSON, plain or in gzip or zstd.",
    422: "Fields break their rules: up to 100 of them are listed, `total_errors` counts all. Nothing was stored.",
    428: "If-Match is missing.",
    500: "Something went wrong on our side; it is logged under the request_id.",
    503: "The database (or, where work is sent for, Redis) does not answer. Nothing was stored.",
}
UNCHANGED = {"description": "It is what If-None-Match names."}

IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "description": "ETags of earlier answers: 304 instead of what the caller has already.",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "description": "Makes it safe to send the request again: the same key and body get the same answer, "
    "and one run. Kept as long as the run.",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_LENGTH, "pattern": "^[!-~]+$"},
}
HEADER_PARAMETERS: dict[str, dict[str, Any]] = {
    "submitSchedule": IDEMPOTENCY_KEY,
    "postDisruption": IDEMPOTENCY_KEY,
    "getSchedule": IF_NONE_MATCH,
    "getResult": IF_NONE_MATCH,
    "applyEdit": {
        "name": "If-Match",
        "description": "The ETag of the preview: the edit is applied to that plan or not at all.",
        "schema": {"type": "string"},
    },
}
"""Header parameters by operation: they are read where they are used, not with the query."""

ERROR_HEADERS = {401: ("WWW-Authenticate",), 503: ("Retry-After",)}


def answer(model: type[BaseModel], description: str, *headers: str) -> dict[str, Any]:
    """An answer in JSON with these headers."""
    return _response(JSON, model.__name__, description, headers)


def errors(*statuses: int) -> ResponseDict:
    """Answers of these statuses as problem documents, beside those that every protected endpoint may give."""
    return {
        status: _response(PROBLEM_JSON, "ProblemDetails", ERRORS[status], ERROR_HEADERS.get(status, ()))
        for status in sorted({*statuses, 401, 403, 500, 503})
    }


def problem_body() -> dict[str, Any]:
    """The request body of a submission. It is read as bytes and checked by the shop's own rules, once."""
    content = {"schema": {"$ref": REFERENCE.format(model="ProblemForm")}, "example": EXAMPLE}
    description = "The problem; see docs/problem.md. It may be sent with Content-Encoding: gzip or zstd."
    return {"requestBody": {"required": True, "description": description, "content": {JSON: content}}}


def make_app(import_name: str) -> OpenAPI:
    """An empty application that collects the document as routes are added."""
    info = Info(title="Nightshift", version=product_version(), description=DESCRIPTION)
    return OpenAPI(import_name, info=info, security_schemes=SECURITY_SCHEMES, doc_ui=False, static_folder=None)


def product_version() -> str:
    """The version of the installed product; 0 where it runs without having been installed."""
    try:
        return version("nightshift")
    except PackageNotFoundError:
        return "0"


def document(app: OpenAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of ``app``.

    Schemas are taken from pydantic as they are: the library's own copy of them drops keywords it does not know. The
    answer that it adds to every route for its own kind of error is one that no route gives.
    """
    made: dict[str, Any] = app.api_doc
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (form, "validation") for form in (ProblemForm, EditForm, *life.BODIES, *plants.BODIES, *scenarios.FORMS)
    ]
    modes += [(model, "serialization") for model in ANSWERED]
    _, schemas = models_json_schema(modes, ref_template=REFERENCE)
    made["components"]["schemas"] = schemas["$defs"]
    for path in made["paths"].values():
        for operation in path.values():
            if operation["operationId"] in HEADER_PARAMETERS:
                parameter = HEADER_PARAMETERS[operation["operationId"]] | {"in": "header", "required": False}
                operation.setdefault("parameters", []).append(parameter)
            own = operation["responses"].get("422", {}).get("content", {})
            if JSON in own:
                del operation["responses"]["422"]
    return made


def _response(content_type: str, name: str, description: str, headers: tuple[str, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": description,
        "content": {content_type: {"schema": {"$ref": REFERENCE.format(model=name)}}},
    }
    if headers:
        made["headers"] = {header: HEADERS[header] for header in headers}
    return made
