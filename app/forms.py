"""Small request bodies: JSON read into a form of ``app.schemas``, every fault told with its path."""

from __future__ import annotations

from typing import Any, TypeVar

from flask import current_app, request
from pydantic import ValidationError

from app.auth import SETTINGS, caller
from app.bodies import read_json
from app.errors import ApiError, faulty
from app.openapi import JSON, REFERENCE
from app.schemas.base import BodyForm
from models.settings import Settings
from models.shop.faults import Fault, shown
from tasks.give import Who

F = TypeVar("F", bound=BodyForm)


def read_form(form: type[F]) -> F:
    """The current request's body. Raises ApiError: 400 where it is no JSON, 422 where fields break their rules."""
    settings: Settings = current_app.extensions[SETTINGS]
    body = read_json(request, settings.max_body_bytes)
    try:
        return form.model_validate_json(body)
    except ValidationError as error:
        raise _refused(error) from None


def form_body(form: type[BodyForm], description: str, example: Any) -> dict[str, Any]:
    """What the OpenAPI document says of such a body."""
    content = {"schema": {"$ref": REFERENCE.format(model=form.__name__)}, "example": example}
    return {"requestBody": {"required": True, "description": description, "content": {JSON: content}}}


def asker(why: str | None) -> Who:
    """Who gives the command of the current request."""
    return Who(caller().id, why, caller().id)


def _refused(error: ValidationError) -> ApiError:
    faults = [
        Fault(
            _path(found["loc"]),
            found["type"],
            found["msg"],
            "" if found["type"] == "missing" else shown(found["input"]),
        )
        for found in error.errors(include_url=False, include_context=False)
    ]
    if faults[0].rule == "json_invalid":
        return ApiError(400, "unreadable-body", f"The body is no JSON: {faults[0].message}.")
    count = "1 error" if len(faults) == 1 else f"{len(faults)} errors"
    detail = f"The body has {count}; nothing was stored. First: {faults[0]}."
    return faulty(faults, len(faults), status=422, name="invalid-problem", detail=detail)


def _path(places: tuple[int | str, ...]) -> str:
    path = ""
    for place in places:
        if isinstance(place, str) and "[" in place:
            continue  # which reader refused it, not where it stands
        path += f"[{place}]" if isinstance(place, int) else f".{place}" if path else str(place)
    return path or "body"
