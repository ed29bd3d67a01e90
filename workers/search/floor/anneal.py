"""Simulated annealing on the floor (S. Kirkpatrick, C. Gelatt and M. Vecchi, Science 220, 1983)."""

from __future__ import annotations

import numpy as np

from workers.search.floor.change import try_move
from workers.search.floor.measure import cost_of
from workers.search.floor.moves import DELAY_SHARE, aim, delay, pick, weigh_jobs
from workers.search.floor.settle import accept, settle
from workers.search.floor.shop import Floats, Floor
from workers.search.kernel import kernel

WEIGH_EVERY = 200
"""After so many tries it is looked again which jobs hurt."""

SETTLE_EVERY = 40
"""After so many accepted changes the order is put in line with the times."""


@kernel
def keep(floor: Floor, cost: float) -> None:
    """Keeps the plan as the best."""
    for piece in range(len(floor.order)):
        row = floor.piece[piece]
        row.best_option, row.best_start, row.best_operator = row.option, row.start, row.operator
    floor.trial[0].best_cost = cost


@kernel
def anneal(
    floor: Floor,
    weights: Floats,
    seed: int,
    tries: int,
    heat: float,
    hope: float,
) -> None:
    """Tries that many changes at the temperature ``heat``, in units of cost."""
    np.random.seed(seed)
    target = floor.target
    cost = cost_of(floor.amounts, weights)
    unkept, accepted = cost < floor.trial[0].best_cost, 0
    for count in range(tries):
        if count % WEIGH_EVERY == 0:
            weigh_jobs(floor, weights)
        piece = pick(floor)
        found = False
        if np.random.random() < DELAY_SHARE:
            found = delay(floor, piece)
        if not found and not aim(floor, piece):
            continue
        allowed = -heat * np.log(1.0 - np.random.random())
        limit = allowed + hope
        if not try_move(floor, weights, target[0], target[1], target[2], target[3], limit):
            continue
        now = cost_of(floor.new_amounts, weights)
        if now - cost > allowed:
            continue
        if unkept and now > cost:
            keep(floor, cost)
            unkept = False
        accept(floor, target[2], target[3])
        accepted += 1
        cost = now
        unkept = unkept or cost < floor.trial[0].best_cost
        if accepted % SETTLE_EVERY == 0:
            if unkept:
                keep(floor, cost)
                unkept = False
            if settle(floor, weights, -heat * np.log(1.0 - np.random.random())):
                cost = cost_of(floor.amounts, weights)
                unkept = cost < floor.trial[0].best_cost
    if unkept:
        keep(floor, cost)
    floor.trial[0].tried += tries
    floor.trial[0].accepted += accepted
