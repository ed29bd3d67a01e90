"""Reading a request's body: the right kind, not too large, inflated within the same bound."""

from __future__ import annotations

import zlib

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import ApiError
from models.shop.faults import shown

GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""zlib's way to say: gzip header and trailer (RFC 1952)."""

GZIP = ("gzip", "x-gzip")


def read_json(request: Request, limit: int) -> bytes:
    """The body of a request that has to be JSON, inflated where it came with ``Content-Encoding: gzip``.

    ``limit`` bounds the bytes sent, with or without Content-Length, and the bytes after inflating. Raises ApiError: 415
    for another content type or encoding, 413 above the limit, 400 for an empty body or damaged gzip data.
    """
    _check_type(request)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "", *GZIP):
        raise ApiError(
            415,
            "unsupported-encoding",
            f"Content-Encoding must be gzip or none (got {shown(encoding)}).",
            headers={"Accept-Encoding": "gzip, identity"},
        )
    if (request.content_length or 0) > limit:
        raise _too_large(limit, f"Content-Length is {request.content_length} bytes")
    request.max_content_length = limit + 1  # a body without length is cut there, and then known to be too large
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _too_large(limit, "more came") from error
    if len(data) > limit:
        raise _too_large(limit, "more came")
    if encoding in GZIP:
        data = _inflate(data, limit)
    if not data.strip():
        raise ApiError(400, "empty-body", "The body is empty; send the problem as JSON.")
    return data


def _check_type(request: Request) -> None:
    if request.mimetype == "application/json":
        return
    sent = request.headers.get("Content-Type")
    raise ApiError(
        415,
        "unsupported-media-type",
        f"Content-Type must be application/json (got {shown(sent) if sent else 'none'}).",
        headers={"Accept": "application/json"},
    )


def _inflate(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(GZIP_WINDOW)
    try:
        inflated = inflater.decompress(data, limit + 1)
    except zlib.error as error:
        raise ApiError(400, "damaged-gzip", f"The body is not gzip data: {error}.") from error
    if len(inflated) > limit:
        raise _too_large(limit, "more came out of the gzip data")
    if not inflater.eof:
        raise ApiError(400, "damaged-gzip", "The body's gzip data ends too early.")
    return inflated


def _too_large(limit: int, what: str) -> ApiError:
    return ApiError(413, "body-too-large", f"A body may have at most {limit} bytes; {what}.", limit=limit)
