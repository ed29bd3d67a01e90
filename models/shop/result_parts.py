"""One field of a result document without reading the rest of it, which for a large plan takes much time and memory."""

from __future__ import annotations

import json
from typing import Any


def part(document: bytes, name: str) -> Any:
    """The value of the last field called ``name`` in a result document as it is stored. Raises KeyError without one.

    A quotation mark within a text is written with a backslash before it, so that ``"name":`` is always a field.
    """
    key = f'"{name}":'.encode()
    found = document.rfind(key)
    if found < 0:
        raise KeyError(name)
    rest = document[found + len(key) :].decode().lstrip()
    return json.JSONDecoder().raw_decode(rest)[0]
