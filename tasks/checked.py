"""What is kept of a problem beside its body once it has been checked: small enough to be passed between processes."""

from __future__ import annotations

from dataclasses import dataclass

from models.shop.canonical import digest
from models.shop.problem import Problem
from models.store.views import RunSummary


@dataclass(frozen=True, slots=True)
class Checked:
    """A problem that keeps its rules, in short; ``digest`` is equal for equal problems."""

    summary: RunSummary
    digest: str


def checked(problem: Problem) -> Checked:
    """A parsed problem in short."""
    options = problem.options
    summary = RunSummary(
        plant=problem.plant,
        request_id=problem.request_id,
        jobs=len(problem.jobs),
        operations=len(problem.operations),
        engine=options.engine,
        seconds=options.seconds,
    )
    return Checked(summary, digest(problem))
