"""Parts of stored documents without reading all of them, which for a large plan takes a second and much memory.

A quotation mark within a text is written with a backslash before it, so that ``"name":`` is always a field, or with a
backslash before it the end of a longer field's name.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_decoder = json.JSONDecoder()
_BETWEEN = " ,\n\r\t"


def part(document: bytes, name: str) -> Any:
    """The value of the last field called ``name`` in a document. Raises KeyError without one."""
    key = f'"{name}":'.encode()
    found = document.rfind(key)
    while found > 0 and document[found - 1 : found] == b"\\":
        found = document.rfind(key, 0, found)
    if found < 0:
        raise KeyError(name)
    return _decoder.raw_decode(document[found + len(key) :].decode().lstrip())[0]


def only_field(document: bytes, name: str) -> dict[str, Any]:
    """A document with no more than the field ``name``, where it has that; written by whoever.

    Where it has none of its own it may be one further in, such as a calendar that somebody called so.
    """
    key = f'"{name}"'.encode()
    count = document.count(key)
    if count == 1:
        found = document.index(key)
        rest = document[found + len(key) :].lstrip()
        if rest.startswith(b":") and document[found - 1 : found] != b"\\":
            return {name: _decoder.raw_decode(rest[1:].decode().lstrip())[0]}
    elif count == 0 and b"\\" not in document:
        return {}
    whole = json.loads(document)
    return {name: whole[name]} if name in whole else {}


def rows(parts: Iterable[bytes], name: str) -> Iterator[dict[str, Any]]:
    """The objects in the first list called ``name`` of a document that comes in parts, one after the other."""
    key, decoder, text = re.compile(rf'(?<!\\)"{name}":\s*\['), codecs.getincrementaldecoder("utf-8")(), ""
    begun = False
    for data in parts:
        text += decoder.decode(data)
        if not begun:
            found = key.search(text)
            if found is None:
                text = text[-(len(name) + 64) :]
                continue
            text, begun = text[found.end() :], True
        at = 0
        while True:
            while at < len(text) and text[at] in _BETWEEN:
                at += 1
            if at < len(text) and text[at] == "]":
                return
            try:
                value, at = _decoder.raw_decode(text, at)
            except ValueError:
                break  # the rest of it is in the next part
            yield value
        text = text[at:]
