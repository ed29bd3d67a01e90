"""What people read of a run: how it stands, how far it is, its result. Never waits for Redis for long."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any, cast

import redis

from models.inflight import BatchState, Progress
from models.settings import settings
from models.shop.objective import LEVEL_UNIT
from models.shop.parts_of_json import only_field, part
from models.shop.problem import MAX_TERMS, SUM_TERMS, Level
from models.shop.reading.options import read_objective
from models.shop.reading.row import Faults, Row
from models.shop.result import objective_name
from models.store import listing, origins, plans, reserved, runs
from models.store.listing import Position, RunFilter
from models.store.views import RunView
from models.tables.session import reading
from monitoring.logs import get
from tasks.base import database, inflight
from tasks.board import incumbents
from tasks.deferred import COMMAND

log = get(__name__)

AWAY_SECONDS = 2.0
"""After Redis did not answer, reads go without progress for this long instead of waiting for it one by one."""

NEARLY = 0.99
"""The most that is told of a run that has not ended."""

DIGITS = 6

_away_until = 0.0


def status(run_id: str) -> dict[str, object] | None:
    """How a run stands, with its progress; None for an unknown id.

    ``progress`` is None before solving has begun and while Redis does not answer; an ended run's comes from its result.
    """
    with reading(database()) as session:
        view = runs.get(session, run_id)
    if view is None:
        return None
    origin = _origin(run_id)
    if origin is not None and isinstance(origin["detail"], dict) and COMMAND in origin["detail"]:
        _origin.cache_clear()  # it is still to be worked out
        origin = {**origin, "detail": {name: value for name, value in origin["detail"].items() if name != COMMAND}}
    return summary(view) | {"progress": _progress(view), "origin": origin}


def listed(wanted: RunFilter, *, limit: int, after: Position | None) -> tuple[list[dict[str, object]], Position | None]:
    """Up to ``limit`` runs, newest first, without progress, and where the next page begins; None on the last one."""
    with reading(database()) as session:
        found = listing.page(session, wanted, limit=limit + 1, after=after)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return [summary(view) for view in shown], None if last is None else Position(last.created_at, last.id)


def result(run_id: str) -> bytes | None:
    """The result document (JSON) of an ended run; None where there is none (yet)."""
    with reading(database()) as session:
        return runs.result(session, run_id)


@dataclass(frozen=True, slots=True)
class Plan:
    """The result document that a run has so far, as it is stored: one zstd frame, or None.

    ``final`` tells the plan that the run ended with from one that may still be improved.
    """

    view: RunView
    packed: bytes | None
    final: bool


def plan(run_id: str) -> Plan | None:
    """The plan of a run, or its best so far while it goes on; None for an unknown id."""
    with reading(database()) as session:
        # In this order: a run that ends meanwhile has its result by the time it is looked for.
        view = runs.get(session, run_id)
        if view is None:
            return None
        so_far = None if view.ended else plans.packed(session, run_id)
        packed = runs.packed_result(session, run_id)
    return Plan(view, packed or so_far, final=packed is not None)


def summary(view: RunView) -> dict[str, object]:
    """A run as it stands in the record. Times are UTC."""
    return {
        "id": view.id,
        "state": view.state,
        "plant": view.plant,
        "request_id": view.request_id,
        "jobs": view.jobs,
        "operations": view.operations,
        "created_at": _instant(view.created_at),
        "started_at": _instant(view.started_at),
        "finished_at": _instant(view.finished_at),
        "cancel_requested": view.cancel_requested,
        "attempt": view.attempt,
        "options": {"engine": view.engine, "time_limit_seconds": view.seconds, "first_plan": view.first_plan},
        "input_sha256": None if reserved.is_reserved(view) else view.digest,
        "error": None if view.error is None else dict(view.error),
    }


def forget() -> None:
    """Drops what this process remembers of runs and servers."""
    global _away_until
    _away_until = 0.0
    _objective.cache_clear()
    _origin.cache_clear()
    _final_levels.cache_clear()


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _progress(view: RunView) -> dict[str, object] | None:
    if view.ended:
        levels = _final_levels(view.id)
        total = view.batches_total
        return None if levels is None else _document(view.batches_done, total, 1.0, levels)
    if view.state == "queued":
        return None
    scratch = _scratch(view.id, view.attempt)
    if scratch is None:
        return None
    states, told, best = scratch
    total = view.batches_total
    done = sum(batch.state == "done" for number, batch in states.items() if number < total)
    share = _time_share(view) if view.state == "improving" else max(done / max(1, total) / 2, _time_share(view))
    return _document(done, total, min(NEARLY, share), _levels(_objective(view.id), best, told))


def _document(done: int, total: int, fraction: float, levels: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return {
        "batches_done": done,
        "batches_total": total,
        "fraction": round(fraction, 3),
        "levels": [dict(level) for level in levels],
    }


def _time_share(view: RunView) -> float:
    """Share of the solving budget that has passed; the deadline stands a hard limit behind its end."""
    if view.seconds_left is None or view.seconds <= 0:
        return 0.0
    left = max(0.0, view.seconds_left - settings().hard_limit_seconds)
    return max(0.0, 1.0 - left / view.seconds)


def _scratch(
    run_id: str, attempt: int
) -> tuple[dict[int, BatchState], dict[int, Progress], tuple[int, ...] | None] | None:
    global _away_until
    if monotonic() < _away_until:
        return None
    try:
        scratch = inflight()
        best = incumbents().value(run_id, attempt)
        return scratch.batch_states(run_id, attempt), scratch.read_progress(run_id, attempt), best
    except redis.RedisError as error:
        _away_until = monotonic() + AWAY_SECONDS
        log.warning("progress_unknown", error=type(error).__name__)
        return None


@lru_cache(maxsize=512)
def _origin(run_id: str) -> Mapping[str, object] | None:
    """Where a run comes from, which never changes; None where it was submitted as a problem of its own."""
    with reading(database()) as session:
        found = origins.of(session, run_id)
    if found is None:
        return None
    return {
        "parent_id": found.parent_id,
        "kind": found.kind,
        "group_id": found.group_id,
        "detail": dict(found.detail),
    }


@lru_cache(maxsize=512)
def _objective(run_id: str) -> tuple[Level, ...]:
    """The objective of a run's problem, which was checked before it was stored and never changes."""
    with reading(database()) as session:
        body = runs.problem_body(session, run_id)
    faults = Faults()
    found = read_objective(Row(faults, "", only_field(body, "objective")))
    if faults.total:  # it was no objective, but a calendar or the like of that name
        return read_objective(Row(Faults(), "", json.loads(body)))
    return found


@lru_cache(maxsize=512)
def _final_levels(run_id: str) -> tuple[Mapping[str, object], ...] | None:
    """The objective levels of an ended run's result, which never changes again; None where it has none."""
    body = result(run_id)
    if body is None:
        return None
    rows = cast("list[dict[str, Any]]", part(body, "quality")["levels"])
    return tuple({name: row[name] for name in ("objective", "value", "lower_bound")} for row in rows)


def _levels(
    objective: Sequence[Level], best: Sequence[int] | None, told: Mapping[int, Progress]
) -> list[dict[str, object]]:
    """The incumbent's value, level by level, and the bound that the batches' own make together.

    A bound for the jobs of a batch alone holds for the whole problem: bounds of terms that add up are added, of terms
    that are a maximum the greatest counts; what no batch has told bounds nothing. Only the first level's bound is
    kept, as those of later levels hold only for the batch's own earlier ones.
    """
    rows: list[dict[str, object]] = []
    for number, level in enumerate(objective, start=1):  # 0 is the weight of unscheduled jobs
        bounds = [row["bound"][number] for row in told.values() if row["bound"] and number < len(row["bound"])]
        value = None if best is None or number >= len(best) else best[number]
        bound = _together(level, [b for b in bounds if b is not None]) if number == 1 else None
        rows.append({"objective": objective_name(level), "value": _unit(value), "lower_bound": _unit(bound)})
    return rows


def _together(level: Level, values: Sequence[int]) -> int | None:
    if not values:
        return None
    if all(term in SUM_TERMS for term in level):
        return sum(values)
    return max(values) if all(term in MAX_TERMS for term in level) else None


def _unit(value: int | None) -> float | None:
    return None if value is None else round(value / LEVEL_UNIT, DIGITS)
