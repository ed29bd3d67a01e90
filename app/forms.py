"""Small request bodies: JSON read into a form of ``app.schemas``, every fault told with its path."""

from __future__ import annotations

from typing import Any, TypeVar

from flask import current_app, request
from pydantic import ValidationError
from pydantic_core import from_json

from app.auth import SETTINGS, caller
from app.bodies import read_json
from app.errors import ApiError, faulty
from app.idempotency import claimed
from app.openapi import JSON, REFERENCE
from app.schemas.base import BodyForm
from models.settings import Settings
from models.shop.faults import Fault, shown
from models.store.idempotency import Claim
from tasks.give import Who

F = TypeVar("F", bound=BodyForm)


def read_form(form: type[F]) -> F:
    """The current request's body. Raises ApiError: 400 where it is no JSON, 422 where fields break their rules."""
    return read_claimed(form)[0]


def read_claimed(form: type[F]) -> tuple[F, Claim | None]:
    """The same, with what the request's Idempotency-Key stands for; None without one."""
    settings: Settings = current_app.extensions[SETTINGS]
    body = read_json(request, settings.max_body_bytes)
    claim = claimed(request, caller().id, body)
    try:
        document = _filled(from_json(body, allow_inf_nan=False))
    except ValueError as error:
        raise ApiError(400, "unreadable-body", f"The body is no JSON: {error}.") from None
    try:
        return form.model_validate(document), claim
    except ValidationError as error:
        raise _refused(error, document) from None


def _filled(value: Any) -> Any:
    """A document without the fields that are null: that is the same as leaving them out. Its depth is bounded."""
    if isinstance(value, dict):
        return {name: _filled(field) for name, field in value.items() if field is not None}
    return [_filled(entry) for entry in value] if isinstance(value, list) else value


def form_body(form: type[BodyForm], description: str, example: Any) -> dict[str, Any]:
    """What the OpenAPI document says of such a body."""
    content = {"schema": {"$ref": REFERENCE.format(model=form.__name__)}, "example": example}
    return {"requestBody": {"required": True, "description": description, "content": {JSON: content}}}


def asker(why: str | None) -> Who:
    """Who gives the command of the current request."""
    return Who(caller().id, why, caller().id)


def _refused(error: ValidationError, document: Any) -> ApiError:
    details = error.errors(include_url=False, include_context=False)
    faults = [
        Fault(
            _path(document, found["loc"], missing=found["type"] == "missing"),
            found["type"],
            found["msg"],
            "" if found["type"] == "missing" else shown(found["input"]),
        )
        for found in details
        if found["type"] != "none_required"  # of a field that may be null, beside what is wrong with its value
    ]
    count = "1 error" if len(faults) == 1 else f"{len(faults)} errors"
    detail = f"The body has {count}; nothing was stored. First: {faults[0]}."
    return faulty(faults, len(faults), status=422, name="invalid-problem", detail=detail)


def _path(document: Any, places: tuple[int | str, ...], *, missing: bool) -> str:
    """Where a fault stands in the document: what else pydantic names are the readers that refused it."""
    path = ""
    for number, place in enumerate(places):
        if isinstance(place, int) and isinstance(document, list) and place < len(document):
            path, document = f"{path}[{place}]", document[place]
        elif isinstance(place, str) and isinstance(document, dict):
            if place not in document and not (missing and number == len(places) - 1):
                continue
            path, document = f"{path}.{place}" if path else place, document.get(place)
    return path or "body"
