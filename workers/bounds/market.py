"""What a part of the shop's machine time is worth to its jobs: bounds on a sum over jobs from prices.

First all machines of the part are one pool, then each has prices of its own for as long as there is time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.shop.calendar import OpenTime
from models.shop.problem import Problem
from workers.bounds.capacity import Capacity
from workers.bounds.machine_prices import MachinePrices
from workers.bounds.pool import Numbers, Pool
from workers.bounds.priced import LEAST_SLOTS, MOST_CELLS, MOST_SLOTS, Pieces, Prices
from workers.bounds.work import Work

NEVER_DUE = 1 << 40
"""Stands for a due date that nothing can miss."""

HORIZON = 1.3
"""Machine time is priced up to this many times the moment by which the fastest machines could be done."""

MACHINE_CELLS, MACHINE_SLOTS = 125_000, 100
"""About so many (option, slot) pairs, and at most so many slots, where each machine has prices of its own: a round
takes so many times longer, and gains little by more."""

Machines = Mapping[int, tuple[OpenTime, int]]
"""Open time and capacity of each machine."""


@dataclass(slots=True)
class Market:
    """A part of the shop with the best bound known of what its jobs cost, ``value``, and the prices that prove it."""

    value: int
    part: Work
    pieces: Pieces
    capacity: Capacity
    pooled: Prices
    contiguous: bool

    def refine(self, deadline: float) -> None:
        """Raises the bound by prices for each machine, until the deadline (a reading of ``time.monotonic()``)."""
        row, first = self.part.row, self.part.first
        reach = self.pooled.slots * self.pooled.width
        slots = int(np.clip(MACHINE_CELLS // len(row), LEAST_SLOTS, MACHINE_SLOTS))
        width = max(1, reach // slots)
        offered = self.capacity.between(np.arange(slots + 1) * width).T
        free = (offered == width * self.capacity.most[:, None]).all(1) & self.contiguous
        due, weight, head = self.pieces.due[row], self.pieces.weight[row], self.pieces.head[row]
        options = Pieces(due, weight, head, self.part.seconds, np.ones(len(row)))
        each = MachinePrices(options, self.capacity.column, first, width, offered, free)
        middles = (np.arange(slots) * width + width // 2) // self.pooled.width
        start = self.pooled.prices[np.minimum(middles, self.pooled.slots - 1)]
        guess = self.pooled.first()[1]
        found = each.best(self.capacity.speeds()[:, None] * start, guess, deadline)
        self.value = max(self.value, int(found))


def market(problem: Problem, part: Work, term: str, machines: Machines, deadline: float) -> Market | None:
    """A part with its machines pooled, each weighed by its speed.

    What a job of several operations costs is shared out among them by their length: each of them ends before the job
    does by its tail at least. None where there is no time for it, or its form does not fit.
    """
    if time.monotonic() >= deadline or part.divisible.any():
        return None
    rows = [problem.jobs[job] for job in part.job.tolist()]
    if term == "total_flow_time":
        due, whole = np.array([row.release or 0 for row in rows], np.int64), np.ones(len(rows), np.int64)
        if (due > part.head).any():
            return None
    else:
        due, whole = due_dates(problem, part.job.tolist())
        whole = whole if term == "weighted_tardiness" else np.minimum(whole, 1)
    if not whole.any():
        return None
    duration = part.shortest
    length = np.bincount(part.job, duration)[part.job]
    capacity = Capacity(part, machines)
    speed = capacity.speeds()
    rate = np.minimum.reduceat(part.seconds * speed[capacity.column], part.first) / duration
    pool = Pool(machines[m] for m in part.machines.tolist())
    slots = int(np.clip(MOST_CELLS // len(part), LEAST_SLOTS, MOST_SLOTS))
    busy = int(pool.times(np.array([duration.sum()]))[0]) + int(part.head.max())
    width = max(1, int(HORIZON * busy) // slots)
    offered = capacity.between(np.arange(slots + 1) * width) @ speed
    pieces = Pieces(due - part.tail, whole * (duration / length), part.head, duration, rate)
    prices = Prices(pieces, width, offered)
    attended = any(problem.operations[n].skill is not None for row in rows for n in row.operations)
    return Market(int(prices.best(deadline)), part, pieces, capacity, prices, not attended)


def refine(markets: Sequence[Market], deadline: float) -> None:
    """Gives each market prices for its machines, the small ones first; the time is shared out by their size."""
    left = sorted((one for one in markets if len(one.part.row) <= MOST_CELLS // LEAST_SLOTS), key=_size)
    for place, one in enumerate(left):
        share = _size(one) / sum(map(_size, left[place:]))
        if (now := time.monotonic()) < deadline:
            one.refine(now + (deadline - now) * share)


def _size(one: Market) -> int:
    return len(one.part.row)


def due_dates(problem: Problem, jobs: Iterable[int]) -> tuple[Numbers, Numbers]:
    """Due dates and weights of jobs; a job without a due date weighs nothing."""
    rows = [problem.jobs[job] for job in jobs]
    due = [NEVER_DUE if row.due is None else row.due for row in rows]
    weight = [0 if row.due is None else row.weight for row in rows]
    return np.array(due, np.int64), np.array(weight, np.int64)
