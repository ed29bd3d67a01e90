"""By when a group of machines can hold its work, each machine's seconds weighed by a multiplier."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.shop.calendar import OpenTime
from models.shop.problem import MAX_SECONDS
from workers.bounds.work import Work

Multipliers = npt.NDArray[np.float64]

ROUNDING = 1e-9
"""A proof needs an excess of this part: more than what the sums are rounded by."""


class Capacity:
    """By when a group of machines can hold its work.

    For any multipliers y >= 0 a plan that ends by T must satisfy: the sum over rows of the least y x seconds over the
    machines that still end the row by T is at most the sum over machines of y x open capacity up to T (surrogate
    duality). Multipliers from the assignment LP make this as strong as the LP.
    """

    def __init__(self, work: Work, machines: Mapping[int, tuple[OpenTime, int]]) -> None:
        """``machines``: open time and capacity of each machine that any row may run on."""
        self.work = work
        self.machines = work.machines
        self.column = np.searchsorted(self.machines, work.machine)
        self._opened = [machines[machine] for machine in self.machines.tolist()]
        self.most = np.array([capacity for _, capacity in self._opened], np.int64)
        spans = (work.head + work.tail)[work.row] + work.seconds
        self.least_end = np.where(work.divisible[work.row], 0, spans)
        self._head = np.full(len(self.machines), MAX_SECONDS)
        self._tail = np.full(len(self.machines), MAX_SECONDS)
        np.minimum.at(self._head, self.column, work.head[work.row])
        np.minimum.at(self._tail, self.column, work.tail[work.row])

    def floor(self) -> int:
        """The end before which some row has no machine at all."""
        return int(np.minimum.reduceat(self.least_end, self.work.first).max())

    def speeds(self) -> Multipliers:
        """Multipliers by speed: exact where every machine is equally fast for all of its work."""
        shortest = self.work.shortest[self.work.row]
        slowness = np.bincount(self.column, self.work.seconds / shortest, len(self.machines))
        return np.asarray(np.bincount(self.column, minlength=len(self.machines)) / slowness, float)

    def offered(self, end: int) -> npt.NDArray[np.float64]:
        """Seconds that each machine offers to its work by ``end``."""
        rows = zip(self._opened, self._head.tolist(), self._tail.tolist(), strict=True)
        return np.array(
            [capacity * opened.between(head, max(head, end - tail)) for (opened, capacity), head, tail in rows], float
        )

    def between(self, borders: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Seconds that each machine (columns) offers between one border and the next (rows)."""
        passed = [[capacity * opened.between(0, t) for t in borders.tolist()] for opened, capacity in self._opened]
        return np.diff(np.array(passed, float), axis=1).T

    def refuted(self, end: int, multipliers: Multipliers) -> bool:
        """Whether the multipliers prove that no plan ends by ``end``."""
        price = np.where(self.least_end <= end, self.work.seconds * multipliers[self.column], np.inf)
        needed = float(np.minimum.reduceat(price, self.work.first).sum())
        return needed * (1 - ROUNDING) > float((self.offered(end) * multipliers).sum())

    def least(self, multipliers: Multipliers, floor: int) -> int:
        """The smallest end, at least ``floor``, that the multipliers do not refute."""
        if not self.refuted(floor, multipliers):
            return floor
        low, step = floor, max(1, floor // 256)
        while (high := min(MAX_SECONDS, low + step)) < MAX_SECONDS and self.refuted(high, multipliers):
            low, step = high, 4 * step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.refuted(middle, multipliers) else (low, middle)
        return high
