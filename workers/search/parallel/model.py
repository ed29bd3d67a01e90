"""From a problem to the arrays of one search."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from models.shop.calendar import Calendars
from models.shop.problem import MAX_SECONDS, Problem
from workers.search.parallel.pieces import Pieces
from workers.search.parallel.random import seeded
from workers.search.parallel.state import (
    BASE,
    JOB,
    LENGTH,
    LONGEST,
    NOWHERE,
    ON,
    OPTION,
    ROOM,
    USABLE,
    Integers,
    State,
)
from workers.search.parallel.weights import Weights

LEEWAY = 6
"""How many times the time that all work takes, spread evenly over its machines, calendars are expanded."""


def horizon(problem: Problem, jobs: Collection[int], calendars: Calendars) -> int:
    """How far calendars have to be known: several times as far as plans of ``jobs`` reach. Seconds from second zero."""
    numbers = range(len(problem.machines))
    times = {id(opened): opened for m in numbers if not (opened := calendars.machine(m)).always}
    if not times:
        return 0
    work = np.zeros(len(numbers))
    longest = ready = 0
    for index in jobs:
        job = problem.jobs[index]
        for number in job.operations:
            operation = problem.operations[number]
            for machine, seconds in operation.options.items():
                work[machine] += seconds / len(operation.options)
            longest = max(longest, *operation.options.values())
            ready = max(ready, job.earliest, operation.start_after or 0)
    ready += max((max(0, fixed.start) + (fixed.remaining or longest) for fixed in problem.fixed), default=0)
    total = LEEWAY * (int(work.max(initial=0)) + longest)
    ends = [opened.finish(ready, total) for opened in times.values()]
    return max(MAX_SECONDS if end is None else end for end in ends)


def new_state(pieces: Pieces, weights: Weights, usable: Collection[int] | None, machines: int, seed: int) -> State:
    """The arrays of a search with no piece in the plan. ``usable`` machines (None: all) are those that may be used."""
    count, jobs = len(pieces.facts), len(pieces.jobs)
    money = np.zeros((count, 4))
    money[:, :3] = weights.jobs[pieces.facts[:, JOB]]
    table = np.zeros((machines, 6), np.int64)
    table[:, USABLE] = 1
    if usable is not None:
        table[:, USABLE] = 0
        table[list(usable), USABLE] = 1

    def whole(*shape: int) -> Integers:
        return np.zeros(shape, np.int64)

    state = State(
        facts=pieces.facts,
        options=pieces.options,
        money=money,
        now=whole(count, 10),
        machines=table,
        row=np.zeros(0, np.int32),
        slope=np.zeros(0),
        jobs=pieces.jobs,
        job_cost=np.zeros(jobs),
        weights=weights.shop,
        totals=np.zeros(5),
        counts=whole(4),
        control=np.zeros(5),
        tops=whole(3) - 1,
        worsts=whole(3) - 1,
        hot=whole(count),
        touched=whole(jobs),
        movable=whole(0),
        fresh=whole(2, 3 * LONGEST),
        move=whole(2, 4),
        random=seeded(seed),
        best_row=np.zeros(0, np.int32),
        best_machines=whole(machines, 2),
        best_option=whole(count),
    )
    return laid_out(state, np.full(count, NOWHERE, np.int64), whole(count))


def laid_out(state: State, option: Integers, rank: Integers) -> State:
    """The state with rows of the pieces that have an option, in order of ``rank``, each with room to grow.

    Only the rows are new: ends and costs have to be worked out anew. The best plan stays as it was kept.
    """
    planned = np.flatnonzero(option >= 0)
    machine = state.options[option[planned], ON]
    ordered = planned[np.lexsort((rank[planned], machine))]
    length = np.bincount(machine, minlength=len(state.machines)).astype(np.int64)
    room = length + length // 2 + 16
    base = np.cumsum(room) - room
    row = np.zeros(int(room.sum()), np.int32)
    row[np.repeat(base - (np.cumsum(length) - length), length) + np.arange(len(ordered))] = ordered
    state.machines[:, BASE], state.machines[:, LENGTH], state.machines[:, ROOM] = base, length, room
    state.now[:, OPTION] = option
    usable = state.machines[machine, USABLE] == 1
    best_row = np.zeros(max(len(row), len(state.best_row)), np.int32)
    best_row[: len(state.best_row)] = state.best_row
    return state._replace(
        row=row, slope=np.zeros(len(row)), best_row=best_row, movable=planned[usable].astype(np.int64)
    )
