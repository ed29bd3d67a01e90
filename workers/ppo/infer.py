"""Plans made by a policy: greedily, and the best of many drawn ones. Compiled, one thread, without torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workers.ppo.forward import Scratch, Weights, follow, new_scratch, plan
from workers.ppo.place import LEFT, MAKESPAN, PLANNED, TARDINESS
from workers.ppo.rules import seeded
from workers.ppo.shop import Integers, Shop, State, new_state

TEMPERATURE = 0.7
"""Of drawn plans: lower keeps closer to the policy's best choice."""

RESTART = 2
"""One in so many drawn plans is drawn from its first choice on; the others begin as the best one did, up to a choice
drawn evenly: what is good about it is kept, and it takes half the time."""

CHUNK = 200
"""Choices between two looks at the clock, some tens of milliseconds."""


@dataclass(frozen=True)
class Sample:
    """A plan: operations of the shop in the order in which they were placed, on ``machines``, ending at ``ends``.

    ``value`` is its weighted tardiness or makespan as the compiled shop has it; ``complete``: whether all is placed.
    """

    operations: Integers
    machines: Integers
    ends: Integers
    value: float
    complete: bool


@dataclass(frozen=True)
class Best:
    """The best plan of those made, the one made greedily, how many were made (given-up ones included), and the choices
    that took.
    """

    plan: Sample
    greedy: Sample
    tried: int
    decisions: int


class Planner:
    """Plans one shop with one policy; what it needs is set up once."""

    def __init__(self, shop: Shop, weights: Weights) -> None:
        self.shop, self.weights = shop, weights
        self.decisions = 0
        self._state: State = new_state(shop)
        self._scratch: Scratch = new_scratch(len(weights.first_bias))

    def greedy(self, stop: Callable[[], bool] = lambda: False) -> Sample | None:
        """The plan of the candidates with the highest scores; None where ``stop`` said so before it was complete."""
        return self._sample(0.0, seeded(0), math.inf, stop)

    def best_of(self, count: int, seed: int = 0, stop: Callable[[], bool] = lambda: False) -> Best | None:
        """The best of the greedy plan and ``count`` - 1 drawn ones, or of those made before ``stop`` said so."""
        before = self.decisions
        first = best = self.greedy(stop)
        if first is None or best is None:
            return None
        generator, rng, tried = seeded(seed), np.random.default_rng(seed), 1
        for _ in range(count - 1):
            if stop():
                break
            kept = 0
            if best.complete and tried % RESTART:
                kept = int(rng.integers(len(best.operations)))
            found = self._sample(TEMPERATURE, generator, best.value if best.complete else math.inf, stop, best, kept)
            tried += 1
            if found is not None and (found.complete, -found.value) > (best.complete, -best.value):
                best = found
        return Best(best, first, tried, self.decisions - before)

    def _sample(
        self,
        temperature: float,
        generator: np.ndarray,
        least: float,
        stop: Callable[[], bool],
        like: Sample | None = None,
        kept: int = 0,
    ) -> Sample | None:
        """One plan, the first ``kept`` choices of it as in ``like``; None if it is given up."""
        state, fresh, ended = self._state, kept == 0, 0
        if like is not None and kept:
            follow(self.shop, state, like.operations, like.machines, kept)
        while not ended:
            ended = plan(self.shop, state, self.weights, self._scratch, generator, temperature, least, CHUNK, fresh)
            fresh = False
            if not ended and stop():
                return None
        self.decisions += int(state.counts[PLANNED])
        if ended == 2:  # no better than ``least``
            return None
        count = int(state.counts[PLANNED])
        return Sample(
            state.done[:count].copy(),
            state.done_on[:count].copy(),
            state.done_end[:count].copy(),
            float(state.values[TARDINESS if self.shop.tardy else MAKESPAN]),
            int(state.counts[LEFT]) == 0,
        )
