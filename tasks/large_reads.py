"""Reads of large plans: a worker does them when they are first asked for, and the answer is kept for who asks again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import redis

from models.shop.faults import Fault, InvalidProblem
from models.store.plants import PlanInForce
from models.store.views import RunView
from monitoring import metrics
from monitoring.logs import get
from tasks.base import explanations
from tasks.commands import send
from tasks.why import ASK_SECONDS, RedisAway

log = get(__name__)

ASKED = ":asked"
"""Behind a read's name: what was asked, which the worker needs."""


class ReadFailed(Exception):
    """A worker could not work the answer out; its log says why."""


def preview(view: RunView, seen: str, document: Mapping[str, Any], at: datetime | None) -> bytes | None:
    """The preview (JSON) of an edit that is based on ``seen``; None while a worker is at it.

    Raises InvalidProblem where the edit does not fit, ReadFailed, RedisAway.
    """
    asked = {"document": dict(document), "at": None if at is None else at.isoformat(), "seen": seen}
    return _answer("preview", view.id, asked)


def difference(a: str, b: str, tolerance: int, most: int, of: tuple[str, str]) -> bytes | None:
    """The difference (JSON) of the plans of two runs; None while a worker is at it.

    ``of`` tells the plans of now from earlier ones. Raises ReadFailed, RedisAway.
    """
    return _answer("compare", a, {"other": b, "tolerance": tolerance, "most": most, "of": list(of)})


def actuals(force: PlanInForce, last: int, at: datetime) -> bytes | None:
    """A plan in force beside what was told up to event number ``last`` (JSON); None while a worker is at it.

    Raises ReadFailed, RedisAway.
    """
    asked = {"plant": force.plant, "number": force.number, "last": last, "at": at.isoformat()}
    return _answer("actuals", force.run_id, asked)


def _answer(task: str, run_id: str, asked: Mapping[str, Any]) -> bytes | None:
    body = json.dumps(asked, sort_keys=True).encode()
    name = f"\x00{task}:{hashlib.sha256(body).hexdigest()}"
    try:
        kept = explanations()
        found = kept.read(run_id, name)
        metrics.cache_request("explanation", hit=found is not None)
        if found is None and kept.ask(run_id, name, ASK_SECONDS):
            kept.keep(run_id, name + ASKED, "whole", body)
            send(task, run_id, job_id=name)
    except redis.RedisError as error:
        log.warning("large_read_unknown", error=type(error).__name__)
        raise RedisAway from error
    if found is None:
        return None
    if found.kind == "refused":
        told = json.loads(found.document)
        raise InvalidProblem([Fault(**fault) for fault in told["faults"]], told["total"])
    if found.kind == "failed":
        raise ReadFailed
    return found.document
