"""What the CP-SAT model does not hold, in one sentence; such a batch is the dispatch rules' to plan."""

from __future__ import annotations

from collections.abc import Sequence

from models.shop.problem import Operation, Problem
from workers.cpsat.scope import Scope

MAX_OPTIONS = 20_000
"""More (operation, machine) options than this are not searched in reasonable time; building the model takes over 1 s."""

MAX_ARCS = 60_000
"""More pairs of operations that may follow one another on a machine with setups than this are too many."""

MAX_GAPS = 150_000
"""More (operation, closed time) pairs than this are too many literals."""


def unsupported(problem: Problem, jobs: Sequence[int]) -> str | None:
    """Why CP-SAT does not plan these jobs; None where it does."""
    facts = [problem.jobs[job] for job in jobs]
    hard = next((job for job in facts if job.due_hard and job.due is not None), None)
    if hard is not None:
        return f"Job {hard.job_id} has a hard due date, which the CP-SAT model does not hold."
    options = 0
    for job in facts:
        for number in job.operations:
            operation = problem.operations[number]
            fixed = problem.fixed_by_operation.get(number, ())
            if fixed:
                if not all(problem.whole(work) for work in fixed):
                    return f"{_name(problem, operation)} is fixed in part, which the CP-SAT model does not hold."
                continue
            reason = _operation(problem, operation)
            if reason:
                return reason
            options += len(operation.options)
    if options > MAX_OPTIONS:
        return f"The batch has {options} pairs of operation and machine, more than the {MAX_OPTIONS} that the CP-SAT model takes."
    return None


def _operation(problem: Problem, operation: Operation) -> str | None:
    name = _name(problem, operation)
    if operation.skill is not None:
        return f"{name} needs an operator, which the CP-SAT model does not hold."
    if operation.end_before is not None:
        return f"{name} has a latest end (end_before), which the CP-SAT model does not hold."
    crowded = next((machine for machine in operation.options if problem.machines[machine].capacity > 1), None)
    if crowded is not None:
        machine_id = problem.machines[crowded].machine_id
        return f"{name} may run on machine {machine_id} of capacity above 1, which the CP-SAT model does not hold."
    if any(after in problem.fixed_by_operation for after in problem.successors[operation.number]):
        return f"{name} is followed by fixed work, which the CP-SAT model does not hold."
    return None


def too_large(scope: Scope, reach: int | None) -> str | None:
    """Why a batch whose operations may end as late as ``reach`` is too large or too odd a model; None where it is not."""
    if reach is None:
        return "The calendars leave too little open time for a plan, which the CP-SAT model does not hold."
    problem, calendars = scope.problem, scope.calendars
    arcs = gaps = 0
    on: dict[int, int] = {}
    for operation in scope.operations:
        seen = set()
        for machine in operation.options:
            on[machine] = on.get(machine, 0) + 1
            opened = calendars.machine(machine)
            if opened.always or id(opened) in seen:
                continue
            seen.add(id(opened))
            if opened.next_open(reach) is None:
                return f"The open time of machine {problem.machines[machine].machine_id} ends, which the CP-SAT model does not hold."
            gaps += len(opened.intervals(scope.earliest[operation.number], reach))
    for machine in scope.has_setups:
        nodes = on.get(machine, 0) + len(scope.standing.get(machine, ())) + 1
        arcs += nodes * nodes
    if arcs > MAX_ARCS:
        return f"The batch has {arcs} pairs of operations with a setup, more than the {MAX_ARCS} that the CP-SAT model takes."
    if gaps > MAX_GAPS:
        return f"The batch has {gaps} pairs of operation and closed time, more than the {MAX_GAPS} that the CP-SAT model takes."
    standing = any(a.end > 0 for machine in scope.has_setups for a in scope.standing.get(machine, ()))
    if standing and any(level.get("setup_time") for level in problem.objective):
        return "Setup time is an objective and fixed work stands on a machine with setups, which the CP-SAT model does not hold."
    return None


def _name(problem: Problem, operation: Operation) -> str:
    return f"Operation {operation.operation_id} of job {problem.jobs[operation.job].job_id}"
