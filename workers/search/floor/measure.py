"""The objective terms of a whole plan."""

from __future__ import annotations

from workers.search.floor.shop import NO_REFERENCE, Floats, Floor, Integers
from workers.search.floor.terms import (
    CHANGES,
    MAKESPAN,
    MAX_TARDINESS,
    SETUP_TIME,
    TARDY_JOBS,
    TOTAL_FLOW_TIME,
    TOTAL_TARDINESS,
    WEIGHTED_TARDINESS,
    WEIGHTED_TARDY_JOBS,
)
from workers.search.kernel import inner, kernel

TOLERANCE = 3600
"""A piece that starts this many seconds or fewer from its reference has not moved."""


@kernel
def measure(floor: Floor) -> None:
    """Works out completions and objective terms from the pieces' times."""
    amounts = floor.amounts
    amounts[:] = 0
    for piece in range(len(floor.order)):
        amounts[SETUP_TIME] += floor.piece[piece].setup
        if floor.piece[piece].reference_machine != NO_REFERENCE:
            amounts[CHANGES] += moved(floor, piece, floor.piece[piece].option, floor.piece[piece].start)
    for job in range(len(floor.job) - 1):
        done = floor.job[job].standing
        for k in range(floor.job[job].first_piece, floor.job[job + 1].first_piece):
            done = max(done, floor.piece[floor.pieces_of[k]].end)
        floor.job[job].done = done
        if not floor.job[job].counted:
            continue
        amounts[MAKESPAN] = max(amounts[MAKESPAN], done)
        amounts[MAX_TARDINESS] = max(amounts[MAX_TARDINESS], done - floor.job[job].due)
        add_job(floor, amounts, job, done, 1)


@inner
def add_job(floor: Floor, amounts: Integers, job: int, done: int, sign: int) -> None:
    """Adds what a job adds to the sums over jobs if it is completed at ``done``; a ``sign`` of -1 takes it off."""
    amounts[TOTAL_FLOW_TIME] += sign * (done - floor.job[job].released)
    late = done - floor.job[job].due
    if late > 0:
        weight = floor.job[job].weight
        amounts[TOTAL_TARDINESS] += sign * late
        amounts[WEIGHTED_TARDINESS] += sign * weight * late
        amounts[TARDY_JOBS] += sign
        amounts[WEIGHTED_TARDY_JOBS] += sign * weight


@inner
def moved(floor: Floor, piece: int, option: int, start: int) -> int:
    """Whether a piece is not where the reference plan has it."""
    away = abs(start - floor.piece[piece].reference_start) > TOLERANCE
    return 1 if away or floor.option[option].machine != floor.piece[piece].reference_machine else 0


@kernel
def cost_of(amounts: Integers, weights: Floats) -> float:
    """Objective terms as one number."""
    total = 0.0
    for k in range(len(weights)):
        total += weights[k] * amounts[k]
    return total
