"""Relaxations of the shop whose optimum is easy: preemption, machines pooled into one fast resource, assignment alone.

Every function here returns a value that no plan can undercut. What is relaxed away: setups, operators, fixed work on
the machines, that a piece of work runs on one machine at a time. What stays: calendars, release dates, eligibility.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.shop.calendar import OpenTime
from models.shop.problem import MAX_SECONDS


@dataclass(frozen=True, slots=True)
class Item:
    """Work that has to be done: at least ``options[machine]`` seconds there, not before ``head``.

    After it ends its job needs at least ``tail`` more seconds. ``divisible`` work may run on several machines at once.
    """

    job: int
    options: Mapping[int, int]
    head: int
    tail: int
    divisible: bool = False

    @property
    def shortest(self) -> int:
        """Seconds on the fastest machine."""
        return min(self.options.values())


class Pool:
    """Machines pooled into one resource that works as fast as all of them together, in machine-seconds of open time."""

    def __init__(self, machines: Iterable[tuple[OpenTime, int]]) -> None:
        """``machines``: each one's open time and capacity."""
        self.always = 0
        self.parts: dict[int, tuple[OpenTime, int]] = {}
        for opened, capacity in machines:
            if opened.always:
                self.always += capacity
            else:
                self.parts[id(opened)] = (opened, self.parts.get(id(opened), (opened, 0))[1] + capacity)

    def position(self, time: int) -> int:
        """Machine-seconds that the pool offers in [0, time)."""
        return self.always * time + sum(capacity * opened.between(0, time) for opened, capacity in self.parts.values())

    def time(self, position: int) -> int:
        """The earliest second by which the pool has offered so many machine-seconds; MAX_SECONDS where it never
        does."""
        if not self.parts:
            return -(-position // self.always)
        low, high = 0, 86_400
        while self.position(high) < position:
            if high >= MAX_SECONDS:
                return MAX_SECONDS
            low, high = high, min(MAX_SECONDS, 2 * high)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.position(middle) >= position else (middle + 1, high)
        return low


def jackson(pool: Pool, rows: Iterable[tuple[int, int, int]]) -> int:
    """The least possible maximum of completion + tail over (head, work, tail) rows on the pool, with preemption.

    Jackson's preemptive schedule: of what is ready the longest tail goes first (J. Carlier, EJOR 11, 1982). Tails may
    be negative (a tail less a due date gives the maximum lateness). At least one row is needed.
    """
    waiting = sorted((pool.position(head), work, tail) for head, work, tail in rows)
    ready: list[tuple[int, int]] = []
    last: dict[int, int] = {}
    now = at = 0
    while ready or at < len(waiting):
        if not ready:
            now = max(now, waiting[at][0])
        while at < len(waiting) and waiting[at][0] <= now:
            heapq.heappush(ready, (-waiting[at][2], waiting[at][1]))
            at += 1
        tail, work = heapq.heappop(ready)
        until = now + work if at == len(waiting) else min(now + work, waiting[at][0])
        if until < now + work:
            heapq.heappush(ready, (tail, work - (until - now)))
        else:
            last[-tail] = until
        now = until
    return max(pool.time(position) + tail for tail, position in last.items())


def completions(pool: Pool, rows: Iterable[tuple[int, int]]) -> list[int]:
    """The k-th smallest completion time of (release, work) rows on the pool, for each k, that no plan can undercut.

    Shortest remaining time first completes the most work by any time (L. Schrage, Operations Research 16, 1968).
    """
    waiting = sorted((pool.position(release), work) for release, work in rows)
    ready: list[int] = []
    ends: list[int] = []
    now = at = 0
    while ready or at < len(waiting):
        if not ready:
            now = max(now, waiting[at][0])
        while at < len(waiting) and waiting[at][0] <= now:
            heapq.heappush(ready, waiting[at][1])
            at += 1
        work = heapq.heappop(ready)
        until = now + work if at == len(waiting) else min(now + work, waiting[at][0])
        if until < now + work:
            heapq.heappush(ready, work - (until - now))
        else:
            ends.append(pool.time(until))
        now = until
    return ends


def tardiness(ends: Sequence[int], jobs: Sequence[tuple[int, int, int]]) -> int | None:
    """The least sum of weight x tardiness over all ways to give ``jobs`` (earliest end, due, weight) the k-th ``ends``.

    An assignment problem (after C. Chu, Naval Research Logistics 39, 1992). None where the solver fails.
    """
    from ortools.graph.python import linear_sum_assignment  # noqa: PLC0415  only processes that prove something load it

    count = len(jobs)
    table = np.array(jobs, np.int64).reshape(count, 3)
    late = np.maximum(np.array(ends, np.int64)[None, :], table[:, :1]) - table[:, 1:2]
    cost = np.maximum(0, late) * table[:, 2:]
    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    left, right = np.indices((count, count))
    solver.add_arcs_with_cost(left.ravel(), right.ravel(), cost.ravel())
    return int(solver.optimal_cost()) if solver.solve() == solver.OPTIMAL else None


class Capacity:
    """By when a group of machines can hold its items, weighing each machine's seconds by a multiplier.

    For any multipliers y >= 0 a plan that ends by T must satisfy: sum over items of the least y x seconds over the
    machines that still end the item by T, less than or equal to sum over machines of y x open capacity up to T
    (surrogate duality). Multipliers from the assignment LP make this as strong as the LP.
    """

    def __init__(self, items: Sequence[Item], machines: Mapping[int, tuple[OpenTime, int]]) -> None:
        """``machines``: open time and capacity of each machine that any item may run on."""
        self.items = items
        self.machines = sorted(machines)
        self.opened = [machines[machine] for machine in self.machines]
        column = {machine: at for at, machine in enumerate(self.machines)}
        rows = [(i, column[m], seconds) for i, item in enumerate(items) for m, seconds in item.options.items()]
        table = np.array(rows, np.int64)
        self.item, self.column, self.seconds = table[:, 0], table[:, 1], table[:, 2]
        self.first = np.searchsorted(self.item, np.arange(len(items)))
        heads = np.array([item.head for item in items], np.int64)
        tails = np.array([item.tail for item in items], np.int64)
        spans = heads[self.item] + self.seconds + tails[self.item]
        divisible = np.array([item.divisible for item in items], bool)
        self.least_end = np.where(divisible[self.item], 0, spans)
        self.head = [int(heads[self.item[self.column == at]].min()) for at in range(len(self.machines))]
        self.tail = [int(tails[self.item[self.column == at]].min()) for at in range(len(self.machines))]

    def floor(self) -> int:
        """The end before which some item has no machine at all."""
        return int(np.minimum.reduceat(self.least_end, self.first).max())

    def speeds(self) -> npt.NDArray[np.float64]:
        """Multipliers by speed: exact where every machine is equally fast for all of its items."""
        shortest = np.minimum.reduceat(self.seconds, self.first)[self.item]
        slowness = np.bincount(self.column, self.seconds / shortest, len(self.machines))
        return np.asarray(np.bincount(self.column, minlength=len(self.machines)) / slowness, float)

    def offered(self, end: int) -> npt.NDArray[np.float64]:
        """Seconds that each machine offers to its items by ``end``."""
        rows = zip(self.opened, self.head, self.tail, strict=True)
        return np.array(
            [capacity * opened.between(head, max(head, end - tail)) for (opened, capacity), head, tail in rows], float
        )

    def refuted(self, end: int, multipliers: npt.NDArray[np.float64]) -> bool:
        """Whether the multipliers prove that no plan ends by ``end``."""
        price = np.where(self.least_end <= end, self.seconds * multipliers[self.column], np.inf)
        needed = float(np.minimum.reduceat(price, self.first).sum())
        # the margin covers rounding in the sums; the proof needs a strict excess
        return needed * (1 - 1e-9) > float((self.offered(end) * multipliers).sum())

    def least(self, multipliers: npt.NDArray[np.float64], floor: int) -> int:
        """The smallest end, at least ``floor``, that the multipliers do not refute."""
        if not self.refuted(floor, multipliers):
            return floor
        low, high = floor, max(2 * floor, 3600)
        while high < MAX_SECONDS and self.refuted(high, multipliers):
            low, high = high, min(MAX_SECONDS, 2 * high)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.refuted(middle, multipliers) else (low, middle)
        return high
