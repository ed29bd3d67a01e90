"""Problems for these tests, and the check of what comes back."""

from __future__ import annotations

from typing import Any

from models.shop.generate import factory
from models.shop.parse import parse
from models.shop.result_reader import read_result
from models.shop.validator import validate


def shop(
    seconds: float = 4.0, *, jobs: int = 60, engine: str = "cpsat", batch_size: int = 30, **changes: Any
) -> dict[str, Any]:
    """Batches that CP-SAT works on until their time is up, where there are jobs enough."""
    document = factory(jobs=jobs, machines=12, seed=3, routings=True)
    options = {"engine": engine, "time_limit_seconds": seconds, "batch_size": batch_size}
    return document | {"options": options, "objective": "weighted_tardiness"} | changes


def check(document: dict[str, Any], result: dict[str, Any]) -> None:
    """The validator takes the result, and every job is in it."""
    problem = parse(document)
    schedule, metrics = read_result(problem, result)
    verdict = validate(problem, schedule, metrics)
    assert verdict.valid, verdict.violations
    assert not schedule.unscheduled
