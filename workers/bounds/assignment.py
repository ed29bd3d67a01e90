"""The assignment LP: machine loads when every piece of work may be spread over its machines.

The LP (J. Lenstra, D. Shmoys, E. Tardos, Mathematical Programming 46, 1990) only supplies multipliers; the bound is
recomputed from them in ``Capacity``, so that no numerical error can make it untrue. Small groups are solved by GLOP.
Large ones get prices instead: work goes to its machines by a smoothed choice, and what is overloaded becomes dearer
(Sinkhorn's scaling, M. Cuturi, NIPS 2013, with the temperature falling), on a sample of the work where there is more
than prices need.
"""

from __future__ import annotations

import time

import numpy as np

from workers.bounds.capacity import Capacity, Multipliers

MOST_OPTIONS = 12_000
"""Groups with more (work, machine) pairs than this get prices: GLOP would take seconds."""

LP_ROUNDS = 12
PRICE_ROUNDS = 2

STAGES = (
    (60_000, np.geomspace(0.3, 0.02, 6), 20),
    (400_000, np.geomspace(0.02, 0.001, 6), 10),
)
"""Options in the sample (about), temperatures, steps at each: a small sample shows where prices lie, a large one sets
them. The temperature is how undecided the choice is: machines whose prices differ by that part are about equally good.
"""

MOMENTUM = 0.9
"""How much of each change goes on into the next: machines that nobody is short of have far to fall."""


def lp_end(capacity: Capacity, floor: int, deadline: float) -> int:
    """A lower bound on the end of all work, at least ``floor``, from multipliers for the options left at the bound.

    ``deadline``: a reading of ``time.monotonic()``.
    """
    small = len(capacity.column) <= MOST_OPTIONS
    end = floor
    for _ in range(LP_ROUNDS if small else PRICE_ROUNDS):
        if time.monotonic() >= deadline:
            break
        multipliers = _duals(capacity, end, deadline) if small else _prices(capacity, end, deadline)
        if multipliers is None:
            break
        better = capacity.least(multipliers, end)
        if better <= end:
            break
        end = better
    return end


def _duals(capacity: Capacity, end: int, deadline: float) -> Multipliers | None:
    """Duals of the machines in: the least factor by which capacities up to ``end`` must grow to hold all work."""
    from ortools.linear_solver import pywraplp  # noqa: PLC0415  only processes that prove something load the solver

    solver = pywraplp.Solver.CreateSolver("GLOP")
    solver.SetTimeLimit(max(1, int((deadline - time.monotonic()) * 1000)))
    factor = solver.NumVar(0, solver.infinity(), "")
    loads = []
    for offered in capacity.offered(end).tolist():
        row = solver.Constraint(-solver.infinity(), 0)
        row.SetCoefficient(factor, -offered)
        loads.append(row)
    work = capacity.work
    wholes = [solver.Constraint(1, solver.infinity()) for _ in range(len(work))]
    allowed = np.flatnonzero(capacity.least_end <= end)
    for row, column, seconds in zip(
        work.row[allowed].tolist(), capacity.column[allowed].tolist(), work.seconds[allowed].tolist(), strict=True
    ):
        part = solver.NumVar(0, solver.infinity(), "")
        wholes[row].SetCoefficient(part, 1)
        loads[column].SetCoefficient(part, seconds)
    solver.Minimize(factor)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return None
    return np.asarray(np.maximum(0.0, [-row.dual_value() for row in loads]), float)


def _prices(capacity: Capacity, end: int, deadline: float) -> Multipliers:
    """Prices of machine seconds at which work and capacity up to ``end`` come close to the LP's optimum."""
    offered = np.maximum(1.0, capacity.offered(end))
    logged = np.log(capacity.speeds())
    for options, temperatures, steps in STAGES:
        sample = _Sample(capacity, end, options)
        best, best_value = logged, sample.value(logged, offered)
        change = np.zeros_like(logged)
        for temperature in temperatures.tolist():
            for _ in range(steps):
                if time.monotonic() >= deadline:
                    return np.exp(best)
                load = sample.loads(logged, temperature) / offered
                change = MOMENTUM * change + temperature * np.log(np.maximum(1e-9, load / load.max()))
                logged = logged + change
                logged -= logged.max()
                value = sample.value(logged, offered)
                if value > best_value:
                    best, best_value = logged, value
        logged = best
    return np.exp(best)


class _Sample:
    """Some of the rows, each with the more weight the less likely it was to be drawn.

    Systematic sampling by length: the long rows are all there, the short ones in place of others like them.
    """

    def __init__(self, capacity: Capacity, end: int, options: int) -> None:
        work = capacity.work
        length = work.shortest.astype(float)
        wanted = len(work) * options / len(work.row)
        weight = np.ones(len(work))
        if wanted < len(work):
            chance = np.minimum(1.0, length / (length.sum() / wanted))
            weight = np.diff(np.floor(np.cumsum(chance) + 0.5), prepend=0.0) / chance
        allowed = (capacity.least_end <= end) & (weight > 0)[work.row]
        row = work.row[allowed]
        new = np.diff(row, prepend=-1) > 0
        self.first, self.place = np.flatnonzero(new), np.cumsum(new) - 1
        self.column, self.seconds = capacity.column[allowed], work.seconds[allowed].astype(float)
        self.logs, self.weight = np.log(self.seconds), weight[row[new]]

    def value(self, logged: Multipliers, offered: Multipliers) -> float:
        """What the sample needs of what is offered, at prices given by their logarithms."""
        prices = np.exp(logged)
        return float(self.weight @ np.minimum.reduceat(self.seconds * prices[self.column], self.first)) / float(
            offered @ prices
        )

    def loads(self, logged: Multipliers, temperature: float) -> Multipliers:
        """Seconds on each machine where rows are shared out by a smoothed choice of the cheapest."""
        dear = (self.logs + logged[self.column]) / temperature
        share = np.exp(np.minimum.reduceat(dear, self.first)[self.place] - dear)
        share *= (self.weight / np.add.reduceat(share, self.first))[self.place]
        return np.asarray(np.bincount(self.column, share * self.seconds, len(logged)), float)
