"""What a document or text is refused for, as (field, rule, value) triples."""

from __future__ import annotations

import copy
from typing import Any

from models.shop.faults import InvalidProblem
from models.shop.parse import load, parse

Told = tuple[str, str, str]


def told(error: InvalidProblem) -> list[Told]:
    return [(fault.field, fault.rule, fault.value) for fault in error.faults]


def faults(document: object) -> list[Told]:
    """The faults of a document; none where it is accepted."""
    try:
        parse(document)
    except InvalidProblem as error:
        return told(error)
    return []


def faults_in(data: bytes) -> list[Told]:
    """The faults of a file; none where it is accepted."""
    try:
        load(data)
    except InvalidProblem as error:
        return told(error)
    return []


def changed(document: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of a document with another value at ``jobs.0.priority``."""
    copied = copy.deepcopy(document)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = copied
    for step in way:
        place = place[step]
    place[last] = value
    return copied
