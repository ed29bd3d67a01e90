"""A problem with only some of its jobs, numbered anew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from models.shop.problem import Job, Operation, Problem


@dataclass(frozen=True, slots=True)
class Part:
    """A problem of some jobs; ``jobs`` and ``operations`` map the whole problem's indices to its own."""

    problem: Problem
    jobs: dict[int, int]
    operations: dict[int, int]


def only(problem: Problem, jobs: Collection[int]) -> Part:
    """The problem with ``jobs`` alone, and their fixed work and reference."""
    place = {old: index for index, old in enumerate(sorted(jobs))}
    numbers: dict[int, int] = {}
    made: list[Job] = []
    operations: list[Operation] = []
    for old, index in place.items():
        made.append(replace(problem.jobs[old], index=index, first=len(numbers)))
        for number in problem.jobs[old].operations:
            numbers[number] = len(numbers)
    for number, new in numbers.items():
        operation = problem.operations[number]
        before = tuple(numbers[one] for one in operation.predecessors)
        operations.append(replace(operation, number=new, job=place[operation.job], predecessors=before))
    part = replace(
        problem,
        jobs=tuple(made),
        operations=tuple(operations),
        fixed=tuple(replace(w, operation=numbers[w.operation]) for w in problem.fixed if w.operation in numbers),
        reference=tuple(
            replace(w, operation=numbers[w.operation]) for w in problem.reference if w.operation in numbers
        ),
    )
    return Part(part, place, numbers)
