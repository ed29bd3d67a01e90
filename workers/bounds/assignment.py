"""The assignment LP: machine loads when every item may be spread over its machines."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from workers.bounds.relaxations import Capacity

MOST_OPTIONS = 60_000
"""Groups with more (item, machine) pairs than this are left to the multipliers by speed."""

ROUNDS = 12


def lp_end(capacity: Capacity, floor: int, deadline: float) -> int:
    """A lower bound on the end of all items, at least ``floor``, from the assignment LP with options pruned at the
    bound.

    The LP (J. Lenstra, D. Shmoys, E. Tardos, Mathematical Programming 46, 1990) only supplies multipliers; the bound is
    recomputed from them, so that the LP's numerical error cannot make it untrue. ``deadline``: a reading of
    ``time.monotonic()``.
    """
    if len(capacity.seconds) > MOST_OPTIONS:
        return floor
    end = floor
    for _ in range(ROUNDS):
        left = deadline - time.monotonic()
        multipliers = _duals(capacity, end, left) if left > 0 else None
        if multipliers is None:
            break
        better = capacity.least(multipliers, end)
        if better <= end:
            break
        end = better
    return end


def _duals(capacity: Capacity, end: int, seconds: float) -> npt.NDArray[np.float64] | None:
    """Duals of the machines in: the least factor by which capacities up to ``end`` must grow to hold all items."""
    from ortools.linear_solver import pywraplp  # noqa: PLC0415  only processes that prove something load the solver

    offered = capacity.offered(end)
    solver = pywraplp.Solver.CreateSolver("GLOP")
    solver.SetTimeLimit(max(1, int(seconds * 1000)))
    factor = solver.NumVar(0, solver.infinity(), "")
    loads = []
    for seconds_offered in offered:
        row = solver.Constraint(-solver.infinity(), 0)
        row.SetCoefficient(factor, -float(seconds_offered))
        loads.append(row)
    wholes = [solver.Constraint(1, solver.infinity()) for _ in capacity.items]
    allowed = np.flatnonzero(capacity.least_end <= end)
    for item, column, work in zip(
        capacity.item[allowed].tolist(),
        capacity.column[allowed].tolist(),
        capacity.seconds[allowed].tolist(),
        strict=True,
    ):
        part = solver.NumVar(0, solver.infinity(), "")
        wholes[item].SetCoefficient(part, 1)
        loads[column].SetCoefficient(part, work)
    solver.Minimize(factor)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return None
    return np.asarray(np.maximum(0.0, [-row.dual_value() for row in loads]), float)
