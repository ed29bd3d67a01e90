"""Small request bodies: JSON read into a form of ``app.schemas``, every fault told with its path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from flask import current_app, request
from pydantic import ValidationError
from pydantic_core import from_json

from app.auth import SETTINGS, caller
from app.bodies import read_json
from app.errors import ApiError, faulty
from app.idempotency import claimed
from app.intake import passed
from app.openapi import JSON, REFERENCE
from app.schemas.base import BodyForm
from models.settings import Settings
from models.shop.faults import MAX_FAULTS, Fault
from models.shop.reading.row import DUPLICATE, Doubled, build_object, join, quoted
from models.store.idempotency import Claim
from tasks.give import Who

MOST_BYTES = 4 * 1024 * 1024
"""What such a body may have at most: it is read in the web's own process, and takes many times its size there."""

F = TypeVar("F", bound=BodyForm)


def read_form(form: type[F]) -> F:
    """The current request's body. Raises ApiError: 400 where it is no JSON, 422 where fields break their rules."""
    return read_claimed(form)[0]


def read_claimed(form: type[F]) -> tuple[F, Claim | None]:
    """The same, with what the request's Idempotency-Key stands for; None without one."""
    settings: Settings = current_app.extensions[SETTINGS]
    body = read_json(request, min(settings.max_body_bytes, MOST_BYTES))
    claim = claimed(request, caller().id, body)
    with passed(body):
        document = _read(body)
        try:
            return form.model_validate(document), claim
        except ValidationError as error:
            raise _refused(error, document) from None


def _read(body: bytes) -> Any:
    """The document without the fields that are null: that is the same as leaving them out.

    Raises ApiError: 400 where it is no JSON, 422 where an object has a field more than once.
    """
    try:
        from_json(body, allow_inf_nan=False)  # stricter, with bounded depth, but it does not tell repeated fields
        found: list[Doubled] = []
        document = json.loads(body.decode(), object_pairs_hook=lambda pairs: _filled(pairs, found))
    except ValueError as error:
        raise ApiError(400, "unreadable-body", f"The body is no JSON: {error}.") from None
    if found:
        faults = [Fault(path, "duplicate_field", DUPLICATE) for path in _doubled(document, "")]
        raise _faulty(faults, len(faults))
    return document


def _filled(pairs: list[tuple[str, object]], found: list[Doubled]) -> dict[str, object]:
    fields = build_object(pairs)
    if isinstance(fields, Doubled):
        found.append(fields)
    for name in [name for name, value in fields.items() if value is None]:
        del fields[name]
    return fields


def _doubled(value: Any, path: str) -> Iterator[str]:
    """Paths of the fields that their objects have more than once."""
    if isinstance(value, dict):
        if isinstance(value, Doubled):
            yield from (join(path, name) for name in value.names)
        for name, field in value.items():
            yield from _doubled(field, join(path, name))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _doubled(entry, f"{path}[{number}]")


def form_body(form: type[BodyForm], description: str, example: Any) -> dict[str, Any]:
    """What the OpenAPI document says of such a body."""
    content = {"schema": {"$ref": REFERENCE.format(model=form.__name__)}, "example": example}
    return {"requestBody": {"required": True, "description": description, "content": {JSON: content}}}


def asker(why: str | None) -> Who:
    """Who gives the command of the current request."""
    return Who(caller().id, why, caller().id)


def _refused(error: ValidationError, document: Any) -> ApiError:
    details = [
        found
        for found in error.errors(include_url=False, include_context=False)
        if found["type"] != "none_required"  # of a field that may be null, beside what is wrong with its value
    ]
    faults = [
        Fault(
            _path(document, found["loc"], missing=found["type"] == "missing"),
            found["type"],
            found["msg"],
            "" if found["type"] == "missing" else quoted(found["input"]),
        )
        for found in details[:MAX_FAULTS]
    ]
    return _faulty(faults, len(details))


def _faulty(faults: list[Fault], total: int) -> ApiError:
    count = "1 error" if total == 1 else f"{total} errors"
    detail = f"The body has {count}; nothing was stored. First: {faults[0]}."
    return faulty(faults, total, status=422, name="invalid-problem", detail=detail)


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
