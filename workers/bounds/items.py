"""Which jobs no good plan leaves out, and the work that they bring to the machines."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from models.shop.alone import topological
from models.shop.calendar import Calendars
from models.shop.problem import WHOLE_SHARE, Job, Operation, Problem
from workers.bounds.work import Work, table


def safe_jobs(problem: Problem, calendars: Calendars, ends: Sequence[int | None]) -> list[int]:
    """Jobs that can be scheduled after everything else, whatever the rest of the plan: no optimal plan leaves them out.

    That takes no hard due date, no end of a window, no unfixed work that fixed work has to wait for, and machines and
    operators whose calendars go on being open after the last of their one-off closures and extra shifts.
    """
    known: dict[object, bool] = {}
    return [job.index for job in problem.jobs if _safe(problem, calendars, job, ends, known)]


def impossible(problem: Problem, job: Job, ends: Sequence[int | None]) -> bool:
    """Whether no plan can schedule the job: not even alone in the shop. Jobs with fixed work are never said to be."""
    if any(number in problem.fixed_by_operation for number in job.operations):
        return False
    late = job.due if job.due_hard else None
    return any((end := ends[number]) is None or (late is not None and end > late) for number in job.operations)


def _safe(
    problem: Problem,
    calendars: Calendars,
    job: Job,
    ends: Sequence[int | None],
    known: dict[object, bool],
) -> bool:
    if job.due_hard and job.due is not None:
        return False
    for number in job.operations:
        operation = problem.operations[number]
        if ends[number] is None or operation.end_before is not None:
            return False
        fixed = problem.fixed_by_operation.get(number, ())
        if not fixed:
            if any(after in problem.fixed_by_operation for after in problem.successors[number]):
                return False
            if not _lasting(problem, calendars, operation, known):
                return False
        elif sum(work.share for work in fixed) < WHOLE_SHARE:
            return False
    return True


def _lasting(problem: Problem, calendars: Calendars, operation: Operation, known: dict[object, bool]) -> bool:
    """Whether some machine (and operator) can still run the whole operation once calendars have settled."""
    able: Iterable[int | None] = (None,)
    if operation.skill is not None:
        able = problem.operators_by_skill[operation.skill, operation.skill_level]
    for machine, seconds in operation.options.items():
        for operator in able:
            opened = calendars.both(machine, operator)
            key = (id(opened), seconds, operation.interruptible)
            if key not in known:
                settled = opened.settled
                start = opened.next_open(settled) if operation.interruptible else opened.fit(settled, seconds)
                known[key] = start is not None and opened.finish(start, seconds) is not None
            if known[key]:
                return True
    return False


def work_of(problem: Problem, jobs: Iterable[int], ends: Sequence[int | None]) -> Work:
    """The unfixed work of ``jobs`` with heads from the operations' earliest starts alone and tails of fastest times."""
    operations: list[Operation] = []
    heads: list[int] = []
    tails: list[int] = []
    for index in jobs:
        job = problem.jobs[index]
        after: dict[int, int] = defaultdict(int)
        order = reversed(topological(problem, job.operations)) if job.count > 1 else (job.first,)
        for number in order:
            operation = problem.operations[number]
            if number in problem.fixed_by_operation:
                continue
            head = max(0, job.earliest, operation.start_after or 0)
            for before in operation.predecessors:
                head = max(head, (ends[before] or 0) + operation.min_delay)
            operations.append(operation)
            heads.append(head)
            tails.append(after[number])
            least = after[number] + least_seconds(operation) + operation.min_delay
            for before in operation.predecessors:
                after[before] = max(after[before], least)
    return table(operations, heads, tails)


def least_seconds(operation: Operation) -> int:
    """Seconds from start to end of an operation that no plan can undercut, cut into lots or not."""
    return min(operation.options.values()) // operation.max_lots


def grain(problem: Problem) -> int:
    """Seconds of which every completion is a multiple once a plan has no needless waits; a makespan rounds up to it.

    In a shop that is always open every start is second zero, a release, or sums of processing, setup and delay after
    one.
    """
    if problem.fixed or any(operation.max_lots > 1 for operation in problem.operations):
        return 1
    if any(machine.calendar is not None or machine.closed for machine in problem.machines):
        return 1
    if any(operator.calendar is not None or operator.absent for operator in problem.operators):
        return 1
    step = math.gcd(*(job.earliest for job in problem.jobs))
    for operation in problem.operations:
        step = math.gcd(step, *operation.options.values(), operation.min_delay, operation.start_after or 0)
    for matrix in problem.setup_matrices.values():
        step = math.gcd(step, matrix.default, *matrix.changes.values())
    return max(1, step)
