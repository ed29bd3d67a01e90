"""The ``Idempotency-Key`` header (draft-ietf-httpapi-idempotency-key-header): a submission may be sent again safely."""

from __future__ import annotations

import hashlib
import re

from flask import Request

from app.errors import ApiError
from models.shop.faults import shown
from models.store.idempotency import Claim
from models.tables.idempotency import IDEMPOTENCY_KEY_LENGTH

HEADER = "Idempotency-Key"
KEY = re.compile(rf"[!-~]{{1,{IDEMPOTENCY_KEY_LENGTH}}}", re.ASCII)


def claimed(request: Request, key_id: str, body: bytes) -> Claim | None:
    """What the request's key stands for: this body, asked for in this way. None without the header.

    Raises ApiError 422 for a key that is not 1 to 200 visible ASCII characters.
    """
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if not KEY.fullmatch(given):
        raise refused("must be 1 to 200 visible ASCII characters", "format", shown(given))
    asked = hashlib.sha256(body)
    asked.update(request.query_string)
    return Claim(key_id, given, asked.hexdigest())


def reused(name: str) -> ApiError:
    """The error for a key that came with another request before."""
    return refused(
        "was used before, with another body or query; make a new key for each request", "reused", shown(name)
    )


def refused(message: str, rule: str, value: str) -> ApiError:
    """422 that names the header."""
    errors = [{"field": HEADER, "rule": rule, "message": message, "value": value}]
    detail = f"{HEADER}: {message}; nothing was stored."
    return ApiError(422, "invalid-idempotency-key", detail, errors=errors, total_errors=1)
