"""Lower bounds on sums over jobs from prices for the time of each machine: the time-indexed relaxation of all of them.

As in ``priced``, but each job buys its time on that of its machines where price and lateness together are least, so
that the bound knows who may run where, and how fast. On a machine that never closes, work goes on from its start to its
end: there prices may have any form, which makes this far tighter than a pool. Elsewhere they fall over time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.bounds.priced import ROUNDING, Floats, Numbers, Pieces, climb, falling


class MachinePrices:
    """Prices of all machines for slots of ``width`` seconds from second zero; machines x slots.

    Row k of ``options`` is a way to do a piece, on machine ``machine[k]``; those of piece r begin at ``first[r]``. A
    machine ``offered`` so many seconds in each slot. Prices of machines that are ``free`` may have any form: all work
    on them goes on without a break.
    """

    def __init__(
        self,
        options: Pieces,
        machine: Numbers,
        first: Numbers,
        width: int,
        offered: Floats,
        free: npt.NDArray[np.bool_],
    ) -> None:
        self.options, self.width, self.offered, self.free = options, width, offered, free
        self._first = first
        self._piece = np.repeat(np.arange(len(first)), np.diff(first, append=len(machine)))
        self._machine = machine
        slots = self._slots = offered.shape[1]
        steps = np.arange(slots + 1)[None, :]
        grid = np.asarray(steps * width, float)
        duration, head = np.asarray(options.duration[:, None], float), options.head[:, None]
        earliest = (options.head + options.duration)[:, None].astype(float)
        due = np.maximum(earliest, options.due[:, None])
        self._ends = np.concatenate([grid + 0 * duration, grid + duration, earliest, due], 1)
        self._costs = np.where(self._ends >= head + duration, options.cost(self._ends), np.inf)
        # where each end, and the start before it, lie among the borders of slots: the one before, and how far behind it
        row = (machine * (slots + 1))[:, None]
        self._at = [self._places(moments, row) for moments in (self._ends, self._ends - duration)]

    def _places(self, moments: Floats, row: Numbers) -> tuple[Numbers, Floats]:
        at = np.clip(moments / self.width, 0, self._slots)
        low = np.minimum(at.astype(np.int64), self._slots - 1)
        return row + low, at - low

    def bound(self, prices: Floats) -> tuple[float, Floats]:
        """The bound for these prices, and how much each slot of each machine is asked for beyond what it offers."""
        paid = np.zeros((len(prices), self._slots + 1))
        np.cumsum(prices * self.width, 1, out=paid[:, 1:])
        known, rise = paid.ravel(), np.append(np.diff(paid, append=0.0).ravel(), 0.0)
        (end, end_part), (start, start_part) = self._at
        total = self._costs + known[end] + end_part * rise[end] - known[start] - start_part * rise[start]
        best = total.argmin(1)
        every = np.arange(len(best))
        value = total[every, best]
        least = np.minimum.reduceat(value, self._first)
        hits = np.flatnonzero(value == least[self._piece])
        chosen = hits[np.unique(self._piece[hits], return_index=True)[1]]
        spent = float(least.sum())
        return spent * (1 - ROUNDING) - float((prices * self.offered).sum()), self._loads(chosen, best) - self.offered

    def _loads(self, chosen: Numbers, best: Numbers) -> Floats:
        """What the chosen options use of each slot, each at its best."""
        shape = self.offered.shape
        loads = np.zeros(shape)
        for sign, (at, part) in zip((1.0, -1.0), self._at, strict=True):
            where, within = at[chosen, best[chosen]], part[chosen, best[chosen]]
            slot = where - self._machine[chosen]  # a row of slots is one shorter than a row of borders
            ended = np.bincount(slot, minlength=loads.size).reshape(shape)
            later = np.flip(np.cumsum(np.flip(ended, 1), 1), 1) - ended
            loads += sign * (np.bincount(slot, within, loads.size).reshape(shape) + later)
        return loads * self.width

    def best(self, prices: Floats, guess: float, deadline: float) -> float:
        """The best bound found by the deadline, from ``prices`` on; ``guess`` is about what a plan costs."""
        return climb(self.bound, prices, self.bound(prices)[0], guess, self._formed, deadline)[0] * (1 - ROUNDING)

    def _formed(self, prices: Floats) -> Floats:
        return np.where(self.free[:, None], prices, falling(prices))
