"""Reading a request's body: the right kind, not too large, inflated within the same bound."""

from __future__ import annotations

import zlib

from backports import zstd
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import ApiError
from models.shop.faults import shown

GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""zlib's way to say: gzip header and trailer (RFC 1952)."""

GZIP = ("gzip", "x-gzip")
ZSTD = ("zstd",)
PLAIN = ("identity", "")
ZSTD_WINDOW_LOG = 23
"""The largest window that a decoder has to support, 8 MiB (RFC 9659); a greater one is refused."""


def read_json(request: Request, limit: int) -> bytes:
    """The body of a request that has to be JSON, inflated where it came with ``Content-Encoding: gzip`` or ``zstd``.

    ``limit`` bounds the bytes sent, with or without Content-Length, and the bytes after inflating. Raises ApiError: 415
    for another content type or encoding, 413 above the limit, 400 for an empty body or damaged data.
    """
    _check_type(request)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in (*PLAIN, *GZIP, *ZSTD):
        raise ApiError(
            415,
            "unsupported-encoding",
            f"Content-Encoding must be gzip, zstd or none (got {shown(encoding)}).",
            headers={"Accept-Encoding": "gzip, zstd, identity"},
        )
    if (request.content_length or 0) > limit:
        raise _too_large(limit, f"Content-Length is {request.content_length} bytes")
    request.max_content_length = limit + 1  # a body without length is cut there, and then known to be too large
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _too_large(limit, "more came") from error
    except OSError as error:  # what the server raises for damaged chunks, or a client that went away
        raise ApiError(400, "damaged-body", f"The body ended or was damaged on the way ({error}).") from error
    if len(data) > limit:
        raise _too_large(limit, "more came")
    if encoding in GZIP:
        data = _gunzipped(data, limit)
    elif encoding in ZSTD:
        data = _unpacked(data, limit)
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


def _gunzipped(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(GZIP_WINDOW)
    try:
        inflated = inflater.decompress(data, limit + 1)
    except zlib.error as error:
        raise ApiError(400, "damaged-gzip", f"The body is not gzip data: {error}.") from error
    if len(inflated) > limit:
        raise _too_large(limit, "more came out of the gzip data")
    if not inflater.eof or inflater.unused_data:
        raise ApiError(400, "damaged-gzip", "The body must be one complete piece of gzip data.")
    return inflated


def _unpacked(data: bytes, limit: int) -> bytes:
    unpacker = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG})
    try:
        unpacked = unpacker.decompress(data, limit + 1)
    except zstd.ZstdError as error:
        raise ApiError(400, "damaged-zstd", f"The body is not zstd data: {error}.") from error
    if len(unpacked) > limit:
        raise _too_large(limit, "more came out of the zstd data")
    if not unpacker.eof or unpacker.unused_data:
        raise ApiError(400, "damaged-zstd", "The body must be one complete zstd frame.")
    return unpacked


def _too_large(limit: int, what: str) -> ApiError:
    return ApiError(413, "body-too-large", f"A body may have at most {limit} bytes; {what}.", limit=limit)
