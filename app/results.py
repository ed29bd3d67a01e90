"""Result documents on their way out: as small as the client takes them, with a tag for each form."""

from __future__ import annotations

import hashlib
import zlib

from flask import Request, Response

from app.bodies import GZIP_WINDOW
from models.compression import unpack

TAG_DIGITS = 32
GZIP_LEVEL = 1
"""Result documents repeat themselves so much that the fastest level already takes off nine tenths."""


def result_answer(request: Request, packed: bytes) -> Response:
    """A stored document (one zstd frame) in the best form that the request accepts, or 304 where it has that already.

    Clients that take zstd get the frame as it is stored.
    """
    encoding = _accepted(request)
    tag = hashlib.sha256(packed).hexdigest()[:TAG_DIGITS] + (f"-{encoding}" if encoding else "")
    response = Response(content_type="application/json")
    response.set_etag(tag)
    response.vary.add("Accept-Encoding")
    if encoding:
        response.content_encoding = encoding
    if not request.if_none_match.contains_weak(tag):
        response.set_data(_encoded(packed, encoding))
    response.make_conditional(request)
    return response


def _accepted(request: Request) -> str | None:
    """``zstd``, ``gzip`` or None for neither; only what the client names counts, not its ``*``."""
    named = {name.lower(): quality for name, quality in request.accept_encodings}
    best = max(("zstd", "gzip"), key=lambda name: named.get(name, 0))
    return best if named.get(best, 0) > 0 else None


def _encoded(packed: bytes, encoding: str | None) -> bytes:
    if encoding == "zstd":
        return packed
    plain = unpack(packed)
    if encoding is None:
        return plain
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW)
    return packer.compress(plain) + packer.flush()
