"""What the CP-SAT model does not hold, in one sentence; such a batch is the dispatch rules' to plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from models.shop.problem import Operation, Problem
from workers.cpsat.scope import Part, Scope

MAX_OPTIONS = 20_000
"""More (operation, machine) options than this in a batch take over a second to build, and are not searched in time."""

MAX_ARCS = 8_000
"""With more pairs of operations that may follow one another with a setup, in one part, 10 s brought nothing."""

MAX_GAPS = 30_000
"""More (operation, calendar, closed time) triples in one part take over a second to build."""


def unsupported(problem: Problem, jobs: Sequence[int]) -> str | None:
    """Why CP-SAT does not plan these jobs; None where it does."""
    options = 0
    for job in (problem.jobs[job] for job in jobs):
        for number in job.operations:
            operation = problem.operations[number]
            fixed = problem.fixed_by_operation.get(number, ())
            if fixed:
                if not all(problem.whole(work) for work in fixed):
                    return f"{_name(problem, operation)} is fixed in part, which the CP-SAT model does not hold."
                continue
            options += len(operation.options)
    if options > MAX_OPTIONS:
        return f"{options} pairs of operation and machine are more than the {MAX_OPTIONS} that the CP-SAT model takes."
    return None


def unplanned(scope: Scope, part: Part) -> str | None:
    """Why a part of which no plan is known cannot be planned; None where it can.

    A plan that keeps every latest end and hard due date shows that no job need be left out; the model then holds them
    as they are. Which job to leave out where not all can be kept it does not decide.
    """
    for operation in part.operations:
        if operation.end_before is not None:
            return f"{_name(scope.problem, operation)} has a latest end, and no plan that leaves no job out is known."
        job = scope.problem.jobs[operation.job]
        if job.due_hard and job.due is not None:
            return f"Job {job.job_id} has a hard due date, and no plan that leaves no job out is known."
    return None


def too_large(scope: Scope, part: Part, reach: int | None) -> str | None:
    """Why one part of a batch, to end by ``reach``, is too large or too odd a model; None where it is not."""
    if reach is None:
        return "The calendars leave too little open time for a plan, which the CP-SAT model does not hold."
    problem = scope.problem
    gaps = 0
    on: dict[int, int] = defaultdict(int)
    for operation in part.operations:
        for machine in operation.options:
            on[machine] += 1
        for opened in scope.open_times([operation]):
            if opened.always:
                continue
            if opened.next_open(reach) is None:
                return f"The open time of {_name(problem, operation)} ends, which the CP-SAT model does not hold."
            gaps += len(opened.intervals(scope.earliest[operation.number], reach))
    set_up = scope.has_setups & on.keys()
    arcs = sum((on[machine] + len(scope.standing.get(machine, ())) + 1) ** 2 for machine in set_up)
    if arcs > MAX_ARCS:
        return f"{arcs} pairs of operations with a setup are more than the {MAX_ARCS} that the CP-SAT model takes."
    if gaps > MAX_GAPS:
        return f"{gaps} pairs of operation and closed time are more than the {MAX_GAPS} that the CP-SAT model takes."
    standing = any(a.end > 0 for machine in set_up for a in scope.standing.get(machine, ()))
    if standing and any(level.get("setup_time") for level in problem.objective):
        return "Setup time counts and fixed work stands on machines with setups, which the CP-SAT model does not hold."
    return None


def _name(problem: Problem, operation: Operation) -> str:
    return f"Operation {operation.operation_id} of job {problem.jobs[operation.job].job_id}"
