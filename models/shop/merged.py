"""Lots that a plan does not keep: what is left of an operation that is fixed in part is planned as one lot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from models.shop.problem import Problem
from models.shop.schedule import Assignment


def merged(problem: Problem, rows: Iterable[Assignment]) -> tuple[str, ...]:
    """In words, operations of ``problem`` that are fixed in part, and of whose rest ``rows`` still has several lots.

    The timeline makes one lot of them.
    """
    lots = Counter(row.operation for row in rows)
    return tuple(
        f"Operation {operation.operation_id} of job {problem.jobs[operation.job].job_id} has begun in lots, of which "
        f"{count} cannot stay where they were planned: what is left of it becomes one lot."
        for number, count in sorted(lots.items())
        for operation in (problem.operations[number],)
        if count > 1 and number in problem.fixed_by_operation
    )
