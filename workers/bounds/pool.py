"""Machines pooled into one fast resource, and the optima of what is easy to plan on it.

Every function here returns a value that no plan can undercut. What is relaxed away: setups, operators, fixed work on
the machines, that a piece of work runs on one machine at a time. What stays: calendars and release dates.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from models.shop.calendar import OpenTime
from models.shop.problem import MAX_SECONDS

Numbers = npt.NDArray[np.int64]

DAY = 86_400


class Pool:
    """Machines as one resource that works as fast as all of them together, in machine-seconds of open time.

    Where it offers how much is kept as a table of the instants at which machines open and close.
    """

    def __init__(self, machines: Iterable[tuple[OpenTime, int]]) -> None:
        """``machines``: each one's open time and capacity."""
        self.always = 0
        self.parts: dict[int, tuple[OpenTime, int]] = {}
        for opened, capacity in machines:
            if opened.always:
                self.always += capacity
            else:
                self.parts[id(opened)] = (opened, self.parts.get(id(opened), (opened, 0))[1] + capacity)
        self._reach = 0
        self._instants = self._offered = self._speeds = np.zeros(1, np.int64)

    def positions(self, times: Numbers) -> Numbers:
        """Machine-seconds that the pool offers in [0, time), for each time."""
        if not self.parts:
            return self.always * times
        while self._reach < int(times.max(initial=0)):
            self._extend()
        at = np.searchsorted(self._instants, times, "right") - 1
        return self._offered[at] + (times - self._instants[at]) * self._speeds[at]

    def times(self, positions: Numbers) -> Numbers:
        """The earliest seconds by which the pool has offered so many machine-seconds; MAX_SECONDS where it never
        does."""
        if not self.parts:
            return -(-positions // self.always)
        most = int(positions.max(initial=0))
        while self._reach < MAX_SECONDS and self._last < most:
            self._extend()
        at = np.maximum(0, np.searchsorted(self._offered, positions, "left") - 1)
        speeds = np.maximum(1, self._speeds[at])
        found = self._instants[at] - (self._offered[at] - positions) // speeds
        return np.where(positions > self._last, MAX_SECONDS, found)

    @property
    def _last(self) -> int:
        """What is offered by the end of the table."""
        return int(self._offered[-1])

    def _extend(self) -> None:
        """Doubles the table's reach."""
        self._reach = reach = min(MAX_SECONDS, max(30 * DAY, 2 * self._reach))
        changes: dict[int, int] = {0: self.always, reach: 0}
        for opened, capacity in self.parts.values():
            for start, end in opened.intervals(0, reach):
                changes[start] = changes.get(start, 0) + capacity
                changes[end] = changes.get(end, 0) - capacity
        self._instants = np.array(sorted(changes), np.int64)
        self._speeds = np.cumsum([changes[t] for t in self._instants.tolist()], dtype=np.int64)
        passed = np.diff(self._instants) * self._speeds[:-1]
        self._offered = np.concatenate([[0], np.cumsum(passed)]).astype(np.int64)


def jackson(pool: Pool, heads: Numbers, work: Numbers, tails: Numbers) -> int:
    """The least possible maximum of completion + tail over rows of (head, work, tail) on the pool, with preemption.

    Jackson's preemptive schedule: of what is ready the longest tail goes first (J. Carlier, EJOR 11, 1982). Tails may
    be negative (a tail less a due date gives the maximum lateness). At least one row is needed.
    """
    begins = pool.positions(heads)
    if (begins == begins[0]).all():
        order = np.argsort(-tails, kind="stable")
        return int((pool.times(begins[0] + np.cumsum(work[order])) + tails[order]).max())
    order = np.argsort(begins, kind="stable")
    waiting = list(zip(begins[order].tolist(), work[order].tolist(), tails[order].tolist(), strict=True))
    ready: list[tuple[int, int]] = []
    last: dict[int, int] = {}
    now = at = 0
    while ready or at < len(waiting):
        if not ready:
            now = max(now, waiting[at][0])
        while at < len(waiting) and waiting[at][0] <= now:
            heapq.heappush(ready, (-waiting[at][2], waiting[at][1]))
            at += 1
        tail, left = heapq.heappop(ready)
        until = now + left if at == len(waiting) else min(now + left, waiting[at][0])
        if until < now + left:
            heapq.heappush(ready, (tail, left - (until - now)))
        else:
            last[-tail] = until
        now = until
    ends = pool.times(np.fromiter(last.values(), np.int64, len(last)))
    return int((ends + np.fromiter(last, np.int64, len(last))).max())


def completions(pool: Pool, releases: Numbers, work: Numbers) -> Numbers:
    """The k-th smallest completion time of rows of (release, work) on the pool, for each k, that no plan can undercut.

    Shortest remaining time first completes the most work by any time (L. Schrage, Operations Research 16, 1968).
    """
    begins = pool.positions(releases)
    if len(begins) and (begins == begins[0]).all():
        return pool.times(begins[0] + np.cumsum(np.sort(work)))
    order = np.argsort(begins, kind="stable")
    waiting = list(zip(begins[order].tolist(), work[order].tolist(), strict=True))
    ready: list[int] = []
    ends: list[int] = []
    now = at = 0
    while ready or at < len(waiting):
        if not ready:
            now = max(now, waiting[at][0])
        while at < len(waiting) and waiting[at][0] <= now:
            heapq.heappush(ready, waiting[at][1])
            at += 1
        left = heapq.heappop(ready)
        until = now + left if at == len(waiting) else min(now + left, waiting[at][0])
        if until < now + left:
            heapq.heappush(ready, left - (until - now))
        else:
            ends.append(until)
        now = until
    return pool.times(np.array(ends, np.int64))


def tardiness(ends: Numbers, earliest: Numbers, dues: Numbers, weights: Numbers) -> int | None:
    """The least sum of weight x tardiness over all ways to give jobs (earliest end, due, weight) the k-th ``ends``.

    An assignment problem (after C. Chu, Naval Research Logistics 39, 1992). None where the solver fails.
    """
    from ortools.graph.python import linear_sum_assignment  # noqa: PLC0415  only processes that prove something load it

    count = len(ends)
    cost = np.maximum(0, np.maximum(ends[None, :], earliest[:, None]) - dues[:, None]) * weights[:, None]
    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    left, right = np.indices((count, count))
    solver.add_arcs_with_cost(left.ravel(), right.ravel(), cost.ravel())
    return int(solver.optimal_cost()) if solver.solve() == solver.OPTIMAL else None
