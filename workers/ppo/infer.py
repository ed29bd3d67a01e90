"""Plans made by a policy: greedily, and the best of many drawn ones. Compiled, one thread, without torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workers.ppo.forward import Scratch, Weights, follow, new_scratch, plan
from workers.ppo.mirror import backwards, mirrored
from workers.ppo.place import LAST_END, LEFT, PLANNED, TARDINESS
from workers.ppo.rules import Generator, seeded
from workers.ppo.shop import Integers, Shop, State, new_state

TEMPERATURE = {False: 0.7, True: 0.3}
"""Of drawn plans, for makespan (False) and weighted tardiness (True): the lower, the closer to the best choice."""

EARLY = 2.0
"""A drawn plan begins as the best one did, up to a choice: a part of them all that is drawn evenly, to this power. So
what is good about the best is kept, most is still chosen anew, and it takes a third less time."""

CHUNK = 200
"""Choices between two looks at the clock, some tens of milliseconds."""

NO_WORSE = 1e-6
"""Seconds by which a drawn plan may be longer than the best one: as good is good enough to go on from."""

Stop = Callable[[], bool]


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

    def better(self, other: Sample) -> bool:
        """Whether it places what the other one leaves out, or is of a smaller value."""
        return (self.complete, -self.value) > (other.complete, -other.value)


@dataclass(frozen=True)
class Best:
    """The best plan of those made.

    ``greedy`` was made greedily in one pass, ``passes`` is the better of the greedy passes forwards and backwards.
    ``tried`` plans were made (given-up ones included), with so many ``decisions``.
    """

    plan: Sample
    greedy: Sample
    passes: Sample
    tried: int
    decisions: int


class Way:
    """A shop in one direction of time, and room for a plan of it."""

    def __init__(self, shop: Shop, weights: Weights) -> None:
        self.shop, self.weights = shop, weights
        self.decisions = 0
        self._state: State = new_state(shop)
        self._scratch: Scratch = new_scratch(len(weights.first_bias))

    def choose(
        self,
        stop: Stop,
        temperature: float = 0.0,
        generator: Generator | None = None,
        least: float = math.inf,
        like: Sample | None = None,
        kept: int = 0,
    ) -> Sample | None:
        """A plan by the policy, its first ``kept`` choices as in ``like``; None if ``stop`` says so or it cannot be
        below ``least``.
        """
        state, fresh, ended = self._state, kept == 0, 0
        if like is not None and kept:
            follow(self.shop, state, like.operations, like.machines, kept)
        drawn = seeded(0) if generator is None else generator
        while not ended:
            ended = plan(self.shop, state, self.weights, self._scratch, drawn, temperature, least, CHUNK, fresh)
            fresh = False
            if not ended and stop():
                return None
        self.decisions += int(state.counts[PLANNED]) - kept
        return None if ended == 2 else self._made()

    def turned(self, sample: Sample) -> Sample:
        """A complete plan of the other direction, read backwards; no longer than it was."""
        operations, machines = backwards(sample.operations, sample.machines, sample.ends)
        follow(self.shop, self._state, operations, machines, len(operations))
        return self._made()

    def _made(self) -> Sample:
        state = self._state
        count = int(state.counts[PLANNED])
        return Sample(
            state.done[:count].copy(),
            state.done_on[:count].copy(),
            state.done_end[:count].copy(),
            float(state.values[TARDINESS if self.shop.tardy else LAST_END]),
            int(state.counts[LEFT]) == 0,
        )


class Planner:
    """Plans one shop with one policy; what it needs is set up once."""

    def __init__(self, shop: Shop, weights: Weights) -> None:
        self.shop, self.weights = shop, weights
        self.forwards = Way(shop, weights)

    def greedy(self, stop: Stop = lambda: False) -> Sample | None:
        """The plan of the candidates with the highest scores; None where ``stop`` said so before it was complete."""
        return self.forwards.choose(stop)

    def best_of(self, count: int, seed: int = 0, stop: Stop = lambda: False) -> Best | None:
        """The best of ``count`` plans, or of those made before ``stop`` said so: the greedy one; where the shop can be
        run backwards (``workers.ppo.mirror``) the greedy one from there; and drawn ones, each in a direction drawn
        evenly. None where there was no time for one.
        """
        before = self.forwards.decisions
        greedy = self.greedy(stop)
        if greedy is None:
            return None
        known, passes, tried = {0: greedy}, greedy, 1  # the best plan so far, as the ways have it that know it
        ways = [self.forwards]
        mirror = mirrored(self.shop) if count > 1 and greedy.complete else None
        if mirror is not None:
            ways.append(Way(mirror, self.weights))
            found = ways[1].choose(stop)
            tried += 1
            if found is not None and found.better(greedy):
                known, passes = {1: found}, self.forwards.turned(found)
        generator, rng = seeded(seed), np.random.default_rng(seed)
        while tried < count and not stop():
            at = int(rng.integers(len(ways)))
            if at not in known:
                turned = ways[at].turned(known[1 - at])
                known = {at: turned} if turned.better(known[1 - at]) else {**known, at: turned}
            like = known[at]
            kept = int(len(like.operations) * rng.random() ** EARLY) if like.complete else 0
            least = like.value + NO_WORSE if like.complete else math.inf
            found = ways[at].choose(stop, TEMPERATURE[self.shop.tardy], generator, least, like, kept)
            tried += 1
            if found is not None and not like.better(found):
                known = {at: found}
        last = known[0] if 0 in known else self.forwards.turned(known[1])
        return Best(last, greedy, passes, tried, sum(way.decisions for way in ways) - before)
