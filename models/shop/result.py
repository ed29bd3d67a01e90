"""A finished schedule as the JSON document that people and programs read (``read_result`` reads it back)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.shop.objective import LEVEL_UNIT, as_document, measure
from models.shop.problem import Level, Problem
from models.shop.schedule import Assignment, FixedConflict, Schedule

STATUSES = ("optimal", "feasible", "infeasible", "unknown", "cancelled", "failed")
HOUR_DIGITS = 6


@dataclass(frozen=True, slots=True)
class LevelQuality:
    """One objective level of a finished plan. ``value`` and ``lower_bound`` in integer level units."""

    objective: Level
    value: int
    lower_bound: int | None
    proved_by: str | None

    def as_document(self) -> dict[str, object]:
        """Value, bound and gaps in the term's units (hours or counts); the bound is rounded down, never up."""
        value = round(self.value / LEVEL_UNIT, HOUR_DIGITS)
        document: dict[str, object] = {"objective": objective_name(self.objective), "value": value}
        if self.lower_bound is None:
            return document | {"lower_bound": None, "absolute_gap": None, "gap": None, "proved_by": None}
        bound = value if self.lower_bound >= self.value else _down(self.lower_bound / LEVEL_UNIT)
        gap = 0.0 if bound == value else (value - bound) / value
        return document | {
            "lower_bound": bound,
            "absolute_gap": round(value - bound, HOUR_DIGITS),
            "gap": round(gap, HOUR_DIGITS),
            "proved_by": self.proved_by,
        }


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a result is and how it was made. ``unscheduled``: the level before all others, if jobs are left out."""

    levels: tuple[LevelQuality, ...]
    engine: str
    engines_tried: tuple[str, ...]
    parameters: Mapping[str, object]
    seed: int
    input_sha256: str
    versions: Mapping[str, str]
    policy: str | None = None
    unscheduled: LevelQuality | None = None

    def as_document(self) -> dict[str, object]:
        """The result's ``quality``. ``validated`` is true: nothing unvalidated is ever written."""
        rows = ([self.unscheduled] if self.unscheduled else []) + list(self.levels)
        levels = [row.as_document() for row in rows]
        if self.unscheduled:
            levels[0]["objective"] = "unscheduled"
        return {
            "levels": levels,
            "engine": self.engine,
            "engines_tried": list(self.engines_tried),
            "parameters": dict(self.parameters),
            "policy": self.policy,
            "seed": self.seed,
            "input_sha256": self.input_sha256,
            "versions": dict(self.versions),
            "validated": True,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything of a result beside its schedule."""

    status: str
    metrics: Mapping[str, float | None]
    quality: Quality
    schedule_id: str = ""
    warnings: tuple[str, ...] = ()
    fallback_used: bool = False
    timing: Mapping[str, float] = field(default_factory=dict)


def objective_name(level: Level) -> str | dict[str, float]:
    """A level as a request writes it: a bare term, or term -> coefficient."""
    if len(level) == 1:
        (term, coefficient), *_ = level.items()
        if coefficient == 1000:
            return term
    return {term: coefficient / 1000 for term, coefficient in level.items()}


def to_document(problem: Problem, schedule: Schedule, outcome: Outcome) -> dict[str, object]:
    """The result document of a schedule. Instants are in the plant's time zone, with offset."""
    at = _Clock(problem)
    document: dict[str, object] = {
        "schedule_id": outcome.schedule_id,
        "schedule_start": at(0),
        "status": outcome.status,
        "scheduled_jobs": [_row(problem, a, at) for a in schedule.assignments],
        "unscheduled_jobs": [
            {"job_id": problem.jobs[u.job].job_id, "reason": u.reason, "detail": u.detail} for u in schedule.unscheduled
        ],
        "fixed_conflicts": [_conflict(problem, c) for c in schedule.fixed_conflicts],
        "metrics": dict(outcome.metrics),
        "quality": outcome.quality.as_document(),
        "warnings": list(outcome.warnings),
        "fallback_used": outcome.fallback_used,
        "timing": dict(outcome.timing),
    }
    if problem.request_id is not None:
        document["request_id"] = problem.request_id
    return document


def plan_document(problem: Problem, schedule: Schedule, name: str = "") -> dict[str, object]:
    """The document of a plan that no engine has answered for yet, with its metrics and without quality."""
    metrics = as_document(measure(problem, schedule))
    document = to_document(problem, schedule, Outcome("feasible", metrics, Quality((), "", (), {}, 0, "", {}), name))
    del document["quality"]
    return document


def _down(value: float) -> float:
    return math.floor(value * 10.0**HOUR_DIGITS + 1e-9) / 10.0**HOUR_DIGITS


class _Clock:
    """Seconds from second zero to an instant in the plant's time zone."""

    def __init__(self, problem: Problem) -> None:
        self.epoch, self.zone = problem.epoch, problem.zone
        self.known: dict[int, str] = {}

    def __call__(self, second: int) -> str:
        text = self.known.get(second)
        if text is None:
            text = self.known[second] = datetime.fromtimestamp(self.epoch + second, self.zone).isoformat()
        return text


def _row(problem: Problem, a: Assignment, at: _Clock) -> dict[str, object]:
    operation = problem.operations[a.operation]
    return {
        "job_id": problem.jobs[operation.job].job_id,
        "operation_id": operation.operation_id,
        "lot": a.lot,
        "share": a.share,
        "machine_id": problem.machines[a.machine].machine_id,
        "operator_id": None if a.operator is None else problem.operators[a.operator].operator_id,
        "start_time": at(a.start),
        "end_time": at(a.end),
        "processing_time": round(a.seconds / 3600, HOUR_DIGITS),
        "setup_start": None if a.setup_start is None else at(a.setup_start),
    }


def _conflict(problem: Problem, conflict: FixedConflict) -> dict[str, object]:
    return {
        "rule": conflict.rule,
        "fixed": [
            {
                "job_id": problem.jobs[problem.operations[number].job].job_id,
                "operation_id": problem.operations[number].operation_id,
                "lot": lot,
            }
            for number, lot in conflict.fixed
        ],
        "detail": conflict.detail,
    }
