"""Lower bounds on sums over jobs from prices for machine time: the time-indexed relaxation, solved by subgradients.

Machine time gets a price that falls over time. Each job buys its own time where price and lateness together are least;
what all of them pay, less what all machine time is worth, is a lower bound whatever the prices (M. Fisher, Operations
Research 21, 1973; the relaxation is that of J. Sousa and L. Wolsey, Mathematical Programming 54, 1992, with the
machines pooled). As later time is never dearer, a job that ends at C pays no less than for the time straight before C,
wherever calendars and machines put its work. Prices are constant over each slot of a grid, so that the best end of a
job is the border of a slot, one duration after a border or its release, or its due date: the least is exact.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_CELLS = 250_000
"""About so many (piece, slot) pairs are looked at in each round."""

LEAST_SLOTS, MOST_SLOTS = 24, 300

ROUNDS = 300
PATIENCE = 10
"""After so many rounds without a better bound the steps become shorter."""

DEFLECTION = 0.7
"""How much of the former direction a step keeps: loads jump as whole jobs change their place."""

SCALES = (1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02)
"""What the first prices are tried at."""

ROUNDING = 1e-9
"""The bound is lowered by this part: more than what its sums are rounded by."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Work that costs ``weight`` x its seconds after ``due``.

    A piece begins at or after ``head`` and takes at least ``duration`` seconds, in which it uses ``rate`` of the pool.
    """

    due: Numbers
    weight: Floats
    head: Numbers
    duration: Numbers
    rate: Floats

    def cost(self, end: Floats) -> Floats:
        """The cost of ends (pieces x moments)."""
        return np.asarray(np.maximum(0.0, end - self.due[:, None]) * self.weight[:, None])


def falling(prices: Floats) -> Floats:
    """The prices, none lower than a later one."""
    return np.asarray(np.flip(np.maximum.accumulate(np.flip(prices, -1), -1), -1))


def climb(
    bound: Callable[[Floats], tuple[float, Floats]],
    prices: Floats,
    best: float,
    guess: float,
    formed: Callable[[Floats], Floats],
    deadline: float,
) -> tuple[float, Floats]:
    """The best bound found by the deadline, a reading of ``time.monotonic()``, and its prices.

    ``bound`` gives the bound of prices and how much is asked for beyond what is offered; it is ``best`` at ``prices``.
    ``guess`` is about what a plan costs; ``formed`` makes prices such as may be.
    """
    kept, direction = prices, np.zeros_like(prices)
    length, stale = 1.0, 0
    for _ in range(ROUNDS):
        if time.monotonic() >= deadline or length < 0.01:
            break
        value, excess = bound(prices)
        stale = 0 if value > 1.0001 * best else stale + 1
        if value > best:
            best, kept = value, prices
        if stale > PATIENCE:
            length, stale, prices, direction = 0.5 * length, 0, kept, np.zeros_like(prices)
            continue
        direction = DEFLECTION * direction + (1 - DEFLECTION) * excess
        size = float((direction**2).sum())
        if size == 0:
            break
        step = length * (max(guess, 1.02 * best) - value) / size
        prices = formed(np.maximum(0.0, prices + step * direction))
    return best, kept


class Prices:
    """Prices for the slots of one pool: ``width`` seconds each from second zero, in which it offers ``offered``.

    ``prices`` are the best known so far.
    """

    def __init__(self, pieces: Pieces, width: int, offered: Floats) -> None:
        self.pieces, self.width, self.offered = pieces, width, offered
        self.slots = slots = len(offered)
        grid = np.asarray(np.arange(slots + 1)[None, :] * width, float)
        duration = np.asarray(pieces.duration[:, None], float)
        head = pieces.head[:, None]
        earliest = pieces.head + pieces.duration
        self.own = np.stack([earliest, np.maximum(earliest, pieces.due)], 1).astype(float)
        costs = (
            np.where(grid >= head + duration, pieces.cost(grid), np.inf),
            np.where(grid >= head, pieces.cost(grid + duration), np.inf),
            pieces.cost(self.own),
        )
        self.costs = np.concatenate(costs, 1)
        self.ends = np.concatenate([grid + 0 * duration, grid + duration, self.own], 1)
        self.shift = pieces.duration[:, None] // width
        self.part = duration / width - self.shift
        self.steps = np.arange(slots + 1)[None, :]

        self.prices = np.zeros(slots)

    def bound(self, prices: Floats) -> tuple[float, Floats]:
        """The bound for these prices, and how much each slot is asked for beyond what it offers."""
        slots, steps = self.slots, self.steps
        paid = np.concatenate([[0.0], np.cumsum(prices)]) * self.width
        low, high = np.maximum(0, steps - self.shift), np.minimum(slots, steps + self.shift)
        before, after = paid[low], paid[high]
        before -= self.part * (before - paid[np.maximum(0, low - 1)])
        after += self.part * (paid[np.minimum(slots, high + 1)] - after)
        own = self._paid(paid, self.own) - self._paid(paid, self.own - self.pieces.duration[:, None])
        time_cost = np.concatenate([paid - before, after - paid, own], 1)
        moments = self.costs + self.pieces.rate[:, None] * time_cost
        best = moments.argmin(1)
        every = np.arange(len(best))
        least = float(moments[every, best].sum())
        return least - float(prices @ self.offered), self._loads(self.ends[every, best]) - self.offered

    def _paid(self, paid: Floats, moments: Floats) -> Floats:
        """What all time before each moment costs."""
        at = np.clip(moments / self.width, 0, self.slots)
        low = np.minimum(at.astype(np.int64), self.slots - 1)
        return np.asarray(paid[low] + (at - low) * (paid[low + 1] - paid[low]))

    def _loads(self, end: Floats) -> Floats:
        """What pieces that end at ``end`` use of each slot."""
        loads = np.zeros(self.slots)
        for sign, moment in ((1.0, end), (-1.0, end - self.pieces.duration)):
            at = np.clip(moment / self.width, 0, self.slots)
            low = np.minimum(at.astype(np.int64), self.slots - 1)
            rate = sign * self.pieces.rate
            ended = np.bincount(low, rate, self.slots)
            later = np.flip(np.cumsum(np.flip(ended))) - ended
            loads += (np.bincount(low, rate * (at - low), self.slots) + later) * self.width
        return loads

    def best(self, deadline: float) -> float:
        """The best bound that is found by the deadline, a reading of ``time.monotonic()``."""
        first, guess = self.first()
        best, kept = 0.0, np.zeros(self.slots)
        for scale in SCALES:
            value = self.bound(scale * first)[0] if time.monotonic() < deadline else 0.0
            if value > best:
                best, kept = value, scale * first
        found, self.prices = climb(self.bound, kept, best, guess, falling, deadline)
        return found * (1 - ROUNDING)

    def first(self) -> tuple[Floats, float]:
        """Prices of a plan in which work flows in the order of apparent tardiness costs, and what that plan costs.

        In each slot time is worth what the dearest work that has to wait costs from there on.
        """
        pieces = self.pieces
        work = pieces.rate * pieces.duration
        left = work.copy()
        slack = 2 * max(1.0, float(pieces.duration.mean()))
        done = np.full(len(left), float(self.slots * self.width))
        falls = np.zeros(self.slots)
        for slot in range(self.slots):
            now = slot * self.width
            early = np.maximum(0.0, pieces.due - pieces.duration - now)
            cost = np.where(left > 0, pieces.weight / work * np.exp(-early / slack), -1.0)
            order = np.argsort(-cost)
            passed = np.cumsum(left[order])
            first = int(np.searchsorted(passed, self.offered[slot]))
            ended = order[:first]
            ended = ended[left[ended] > 0]
            done[ended], left[ended] = now, 0.0
            if first == len(order):
                break
            falls[slot] = max(0.0, cost[order[first]])
            left[order[first]] -= self.offered[slot] - (passed[first - 1] if first else 0.0)
        end = np.maximum(done, pieces.head + pieces.duration)
        return np.flip(np.cumsum(np.flip(falls))) * self.width, float(pieces.cost(end[:, None]).sum())
