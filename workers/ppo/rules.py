"""Dispatch rules that choose among the policy's candidates: what its learning is measured and scaled by."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from workers.ppo.candidates import collect, urgency
from workers.ppo.kernel import inner, kernel
from workers.ppo.place import MAKESPAN, SHOWN, TARDINESS, begin
from workers.ppo.shop import Shop, State
from workers.ppo.step import take

SPT, LPT, MWKR, MOR, EDD, ATC, ECT, RANDOM = range(8)
RULES = ("spt", "lpt", "mwkr", "mor", "edd", "atc", "ect", "random")
"""Shortest and longest processing time, most work and most operations remaining, earliest due date, apparent tardiness
cost, earliest completion, chance. Ties go to the earlier completion."""

Generator = npt.NDArray[np.uint64]
"""(1,): the state of a generator, never 0."""


@inner
def uniform(generator: Generator) -> float:
    """A number of (0, 1) (xorshift64*, S. Vigna, ACM TOMS 42, 2016)."""
    x = generator[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    generator[0] = x
    return (np.float64((x * np.uint64(2685821657736338717)) >> np.uint64(11)) + 0.5) * 2.0**-53


def seeded(seed: int) -> Generator:
    """The generator that a seed begins with."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)


@inner
def _priority(shop: Shop, state: State, at: int, rule: int, unit: float, generator: Generator) -> float:
    operation = state.operation[at]
    start, end = state.start[at], state.finish[at]
    if rule == SPT:
        return -float(end - start)
    if rule == LPT:
        return float(shop.shortest[operation])
    if rule == MWKR:
        return float(shop.shortest[operation] + shop.tail[operation])
    if rule == MOR:
        return float(shop.chain[operation])
    if rule == EDD:
        return -float(shop.due[shop.job[operation]])
    if rule == ATC:
        return urgency(shop, operation, start, end, state.change[at], unit, 2.0)
    if rule == ECT:
        return -float(end)
    return uniform(generator)


@kernel
def by_rule(shop: Shop, state: State, rule: int, generator: Generator) -> tuple[float, float]:
    """Plans the whole shop by one rule; makespan and weighted tardiness, in (weighted) seconds."""
    begin(shop, state)
    while True:
        unit = collect(shop, state)
        chosen, greatest, soonest = -1, -math.inf, 0
        for at in range(state.counts[SHOWN]):
            priority = _priority(shop, state, at, rule, unit, generator)
            if priority > greatest or (priority == greatest and state.finish[at] < soonest):
                chosen, greatest, soonest = at, priority, state.finish[at]
        if chosen < 0:
            return state.values[MAKESPAN], state.values[TARDINESS]
        take(shop, state, chosen)
