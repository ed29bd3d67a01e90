"""Problems for those who survive, and the check of what comes back."""

from __future__ import annotations

from typing import Any

from models.shop.generate import factory
from models.shop.parse import parse
from models.shop.result_reader import read_result
from models.shop.validator import validate


def shop(
    seconds: float = 4.0, *, jobs: int = 60, engine: str = "cpsat", batch_size: int = 30, **changes: Any
) -> dict[str, Any]:
    """A problem whose batches CP-SAT works on until their time is up, where there are jobs enough.

    ``changes`` are fields of the document.
    """
    document = factory(jobs=jobs, machines=12, seed=3, routings=True)
    options = {"engine": engine, "time_limit_seconds": seconds, "batch_size": batch_size}
    return document | {"options": options, "objective": "weighted_tardiness"} | changes


def faults(document: dict[str, Any], result: dict[str, Any]) -> list[str]:
    """What is wrong with a result: the validator's violations, or jobs left out; none where all is well."""
    problem = parse(document)
    schedule, metrics = read_result(problem, result)
    found = [f"{violation.rule}: {violation.detail}" for violation in validate(problem, schedule, metrics).violations]
    return [*found, *(f"job {entry.job} is left out: {entry.reason}" for entry in schedule.unscheduled)]
