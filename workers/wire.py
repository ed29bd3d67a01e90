"""Answers of batches as bytes, so that they can wait in Redis or cross a process border: JSON, never pickle."""

from __future__ import annotations

import json
from dataclasses import fields

from models.shop.schedule import Decision
from workers.batch import Answer
from workers.engine import Report


def to_bytes(answer: Answer) -> bytes:
    """An answer as compact JSON; a decision is [operation, machine, operator, lot, share]."""
    report = answer.report
    document = {name: getattr(answer, name) for name in ("asked", "tried", "fallback", "hung")}
    document["report"] = {
        field.name: getattr(report, field.name) for field in fields(report) if field.name != "decisions"
    } | {"decisions": [(d.operation, d.machine, d.operator, d.lot, d.share) for d in report.decisions]}
    return json.dumps(document, separators=(",", ":"), default=str).encode()


def from_bytes(data: bytes) -> Answer:
    """The answer that ``to_bytes`` wrote."""
    document = json.loads(data)
    report = document["report"]
    report["decisions"] = tuple(Decision(*row) for row in report["decisions"])
    report["bounds"] = tuple(report["bounds"])
    return Answer(
        report=Report(**report),
        asked=document["asked"],
        tried=tuple(document["tried"]),
        fallback=document["fallback"],
        hung=document["hung"],
    )
