"""Which problems are single-stage shops that this search plans."""

from __future__ import annotations

from collections.abc import Collection

from models.shop.problem import Problem


def covers(problem: Problem, jobs: Collection[int] | None = None) -> str | None:
    """Why the search does not cover the unfixed work of ``jobs`` (all if None), in one sentence; None where it does."""
    if any("changes" in level for level in problem.objective):
        return "Changes against a reference plan are an objective."
    several = {number for number, machine in enumerate(problem.machines) if machine.capacity > 1}
    for index in range(len(problem.jobs)) if jobs is None else jobs:
        for number in problem.jobs[index].operations:
            operation = problem.operations[number]
            if number in problem.fixed_by_operation and _whole(problem, number):
                continue
            if operation.skill is not None:
                return "Some operations need an operator."
            if operation.predecessors:
                return "Some operations have predecessors."
            if several and not several.isdisjoint(operation.options):
                return "Some machines run more than one operation at a time."
    return None


def _whole(problem: Problem, number: int) -> bool:
    return all(problem.whole(work) for work in problem.fixed_by_operation[number])
