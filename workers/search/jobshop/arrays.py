"""The job shop as flat arrays for compiled kernels, and which problems it can stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Operation, Problem

Indices = npt.NDArray[np.int32]
Seconds = npt.NDArray[np.int64]


class Shop(NamedTuple):
    """A job shop without setups, calendars and operators; operations are numbered 0 to n - 1, machines 0 to m - 1.

    Rows of different length lie end to end: row i of ``xs`` is ``xs[x_start[i]:x_start[i + 1]]``. Times are in seconds.
    ``delay`` is the least time between the end of each predecessor and the operation's start; nothing starts before
    ``release``; after the end of an operation at least ``tail`` more seconds pass until the plan's end.
    """

    option_start: Indices
    """(n + 1,)"""
    option_machine: Indices
    """Eligible machines of each operation."""
    option_time: Seconds
    """Processing times on them, at least 1."""
    predecessor_start: Indices
    """(n + 1,)"""
    predecessor: Indices
    successor_start: Indices
    """(n + 1,)"""
    successor: Indices
    delay: Seconds
    """(n,)"""
    release: Seconds
    """(n,)"""
    tail: Seconds
    """(n,)"""
    machine_start: Indices
    """(m + 1,): room on each machine for all operations that it is eligible for."""
    ends: Indices
    """Operations at which a longest path may end: without successors, or with a tail of their own."""
    operation: Indices
    """(n,): numbers of the operations in the problem."""
    group: Indices
    """(n,): the job of each operation, numbered 0 to the number of jobs - 1; precedence stays within a job."""
    machine: Indices
    """(m,): indices of the machines in the problem."""


def covers(problem: Problem, jobs: Collection[int]) -> str | None:
    """Why the makespan search does not apply to these jobs, in one sentence; None where it does."""
    if not problem.objective or set(problem.objective[0]) != {"makespan"}:
        return "the first objective level is not the makespan alone"
    operations = _unfixed(problem, jobs)
    machines = sorted({machine for operation in operations for machine in operation.options})
    reasons = (
        (
            any(not work.completed or not problem.whole(work) for work in problem.fixed),
            "work is fixed on machines or in part",
        ),
        (any(problem.jobs[job].due_hard and problem.jobs[job].due is not None for job in jobs), "a due date is hard"),
        (any(not operation.options for operation in operations), "an operation has no machine"),
        (any(operation.skill is not None for operation in operations), "an operation needs an operator"),
        (any(operation.max_lots > 1 for operation in operations), "an operation may be cut into lots"),
        (any(operation.end_before is not None for operation in operations), "an operation must end before a date"),
        (any(problem.machines[k].capacity != 1 for k in machines), "a machine runs several operations at a time"),
        (any(problem.machines[k].setup_matrix is not None for k in machines), "a machine has setups"),
        (any(problem.machines[k].calendar or problem.machines[k].closed for k in machines), "a machine has a calendar"),
        (_longest(problem, operations) > MAX_SECONDS, "a plan might not end within the longest time there is"),
    )
    return next((reason for applies, reason in reasons if applies), None)


def from_problem(problem: Problem, jobs: Collection[int]) -> Shop:
    """The arrays for the unfixed operations of ``jobs``, which ``covers`` must have found to be covered."""
    operations = _unfixed(problem, jobs)
    local = {operation.number: i for i, operation in enumerate(operations)}
    machines = sorted({machine for operation in operations for machine in operation.options})
    index = {machine: k for k, machine in enumerate(machines)}
    groups = {job: i for i, job in enumerate(sorted(set(jobs)))}
    options = [[(index[machine], time) for machine, time in sorted(o.options.items())] for o in operations]
    before = [[local[p] for p in o.predecessors if p in local] for o in operations]
    after: list[list[int]] = [[] for _ in operations]
    for i, row in enumerate(before):
        for p in row:
            after[p].append(i)
    option_start, option_machine = _rows([[machine for machine, _ in row] for row in options])
    predecessor_start, predecessor = _rows(before)
    successor_start, successor = _rows(after)
    room = np.bincount(option_machine, minlength=len(machines))
    return Shop(
        option_start=option_start,
        option_machine=option_machine,
        option_time=_seconds(time for row in options for _, time in row),
        predecessor_start=predecessor_start,
        predecessor=predecessor,
        successor_start=successor_start,
        successor=successor,
        delay=_seconds(o.min_delay for o in operations),
        release=_seconds(_release(problem, o) for o in operations),
        tail=np.zeros(len(operations), np.int64),
        machine_start=np.concatenate(([0], np.cumsum(room))).astype(np.int32),
        ends=np.flatnonzero(np.diff(successor_start) == 0).astype(np.int32),
        operation=_indices(o.number for o in operations),
        group=_indices(groups[o.job] for o in operations),
        machine=_indices(machines),
    )


def with_tails(shop: Shop, tail: Seconds) -> Shop:
    """The same shop with at least ``tail`` (n,) seconds between each operation's end and the end of the plan."""
    ends = np.flatnonzero((np.diff(shop.successor_start) == 0) | (tail > 0)).astype(np.int32)
    return shop._replace(tail=np.ascontiguousarray(tail, np.int64), ends=ends)


def _unfixed(problem: Problem, jobs: Collection[int]) -> list[Operation]:
    """Operations of ``jobs`` that are yet to be planned, by number."""
    numbers = (number for job in sorted(set(jobs)) for number in problem.jobs[job].operations)
    return [problem.operations[number] for number in numbers if number not in problem.fixed_by_operation]


def _release(problem: Problem, operation: Operation) -> int:
    """The earliest start by release date, ``start_after`` and completed predecessors."""
    earliest = max(0, problem.jobs[operation.job].earliest, operation.start_after or 0)
    for before in operation.predecessors:
        for work in problem.fixed_by_operation.get(before, ()):
            if work.end is not None and work.share == WHOLE_SHARE:
                earliest = max(earliest, work.end + operation.min_delay)
    return earliest


def _longest(problem: Problem, operations: Sequence[Operation]) -> int:
    """No plan without idle time that nothing asks for ends later than this."""
    latest = max((_release(problem, operation) for operation in operations), default=0)
    return latest + sum(max(operation.options.values(), default=0) + operation.min_delay for operation in operations)


def _rows(rows: Sequence[Sequence[int]]) -> tuple[Indices, Indices]:
    start = np.zeros(len(rows) + 1, np.int32)
    np.cumsum([len(row) for row in rows], out=start[1:])
    return start, _indices(value for row in rows for value in row)


def _indices(values: Iterable[int]) -> Indices:
    return np.fromiter(values, np.int32)


def _seconds(values: Iterable[int]) -> Seconds:
    return np.fromiter(values, np.int64)
