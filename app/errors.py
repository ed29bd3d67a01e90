"""Every error answer is a problem document (RFC 9457) that says what was wrong and what to do; never a traceback."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from models.shop.faults import MAX_FAULTS, Fault, InvalidProblem, shown
from monitoring.logs import get

log = get(__name__)

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:nightshift:error:"

AWAY_RETRY_SECONDS = 2
"""``Retry-After`` where the database does not answer."""

BROKEN_FORM_RULES = ("json", "encoding", "empty")
"""Rules whose breach means that the body could not be read at all: 400; every other breach is 422."""

AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""Errors of a database that does not answer, or not in time."""

_DETAILS = {
    404: "Nothing is at this address.",
    405: "This address does not take that method; the Allow header lists those it takes.",
    500: "Something went wrong on our side. It is logged under the request_id.",
}


class ApiError(Exception):
    """An answer with an error status. ``name`` is the stable last part of the document's ``type``.

    ``members`` are extension members of the document (RFC 9457, section 3.2).
    """

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.name, self.detail = status, name, detail
        self.headers = dict(headers or {})
        self.members = members

    def response(self) -> Response:
        """The problem document as an answer to the current request."""
        document = {
            "type": TYPE_PREFIX + self.name,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": request.path,
            "request_id": g.get("request_id"),
            **self.members,
        }
        answer = Response(json.dumps(document, ensure_ascii=False), self.status, content_type=CONTENT_TYPE)
        answer.headers.update(self.headers)
        return answer


def faulty(faults: Sequence[Fault], total: int, *, status: int, name: str, detail: str) -> ApiError:
    """The error that lists ``faults``, at most MAX_FAULTS of ``total``."""
    errors = [
        {"field": fault.field, "rule": fault.rule, "message": fault.message, "value": fault.value}
        for fault in faults[:MAX_FAULTS]
    ]
    return ApiError(status, name, detail, errors=errors, total_errors=total)


def invalid_problem(error: InvalidProblem) -> ApiError:
    """400 for a body that could not be read, else 422; both list what is wrong."""
    if any(fault.rule in BROKEN_FORM_RULES for fault in error.faults):
        return faulty(error.faults, error.total, status=400, name="unreadable-body", detail=str(error))
    found = "1 error" if error.total == 1 else f"{error.total} errors"
    detail = f"The problem has {found}; nothing was stored. First: {error}."
    return faulty(error.faults, error.total, status=422, name="invalid-problem", detail=detail)


def invalid_parameters(error: ValidationError) -> Response:
    """422 for a query that breaks its form."""
    faults = [
        Fault(str(found["loc"][0]), found["type"], found["msg"], shown(found["input"]))
        for found in error.errors(include_url=False, include_context=False)
    ]
    detail = "The query is not valid. " + "; ".join(str(fault) for fault in faults[:3])
    return faulty(faults, len(faults), status=422, name="invalid-query", detail=detail).response()


def database_away() -> ApiError:
    """503 where the database does not answer: nothing was accepted."""
    return ApiError(
        503,
        "database-unavailable",
        "The database does not answer; nothing was stored. Try again shortly.",
        headers={"Retry-After": str(AWAY_RETRY_SECONDS)},
    )


def register(app: Flask) -> None:
    """Makes every error of ``app`` a problem document."""
    app.register_error_handler(ApiError, ApiError.response)
    app.register_error_handler(InvalidProblem, lambda error: invalid_problem(error).response())
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, _database)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:  # an answer that is already made, as flask-openapi3 aborts with
        return error.get_response()
    status = error.code or 500
    name = HTTPStatus(status).phrase.lower().replace(" ", "-")
    headers = {key: value for key, value in error.get_headers() if key in ("Allow", "Retry-After", "Location")}
    return ApiError(status, name, _DETAILS.get(status, error.description or ""), headers=headers).response()


def _database(error: SQLAlchemyError) -> Response:
    if not isinstance(error, AWAY):  # a statement that the database refuses is our mistake
        return _unexpected(error)
    log.error("database_away", error=type(error).__name__, cause=str(getattr(error, "orig", error))[:200])
    return database_away().response()


def _unexpected(error: Exception) -> Response:
    log.error("request_failed", exc_info=error, method=request.method, path=request.path)
    return ApiError(500, "internal", _DETAILS[500]).response()
