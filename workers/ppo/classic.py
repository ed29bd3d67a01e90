"""The first design of observation and reward, kept to be compared with: see docs/policy.md.

No worker imports this, and no policy that observes so is exported: what it sees says little of each candidate, and the
network is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workers.ppo.environment import Environment
from workers.ppo.place import FIRST_END, LEFT, MAKESPAN, NOW, SHOWN, WAITING, WORK
from workers.ppo.shop import NO_DUE, Bools, Integers, Shop, Singles

TOP = 5
"""Jobs and machines that are seen; an action is a pair of one of each."""

SIZE, ACTIONS = 60, TOP * TOP

COMPLETED, IMPORTANT, EARLY, STEP, ALL = 10.0, 20.0, 5.0, -0.1, 50.0
"""Reward for a job completed, more where it is important, more where it is early, for each step, and for completing all
jobs. An invalid choice cost 20; the mask leaves none."""

SCALE = 0.02
"""All of it times this, so that an episode's sum is about as large as that of the other reward."""

IMPORTANT_WEIGHT = 5.0
"""A job with more weight counts as important: made-up shops keep no flag."""


def observe(environment: Environment, seen: Singles, mask: Bools) -> list[int]:
    """Writes the 60 numbers and which of the 25 pairs are candidates; returns each pair's candidate, -1 for none.

    Five of the shop: parts left and waiting, mean and last machine end, work left. The five jobs with the most work
    left, or the least slack where they are dated, with five each: shortest time, work left, operations left, slack,
    weight. The five of their candidates' machines that are free first, with five each: free from, load, open share,
    waiting operations that may run there, family set up. Then zeros up to 60.
    """
    shop, state = environment.shop, environment.state
    seen[:] = 0.0
    mask[:] = False
    pairs = [-1] * ACTIONS
    count = int(state.counts[SHOWN])
    if not count:
        return pairs
    now = float(state.values[NOW])
    horizon = max(1.0, float(state.values[MAKESPAN]) - now)
    free = np.maximum(0.0, state.free - now) / horizon
    seen[:5] = (
        state.counts[LEFT] / max(1, len(shop.job)),
        min(1.0, state.counts[WAITING] / len(free) / 10.0),
        min(3.0, float(free.mean())),
        min(3.0, float(free.max())),
        min(3.0, float(state.values[WORK]) / len(free) / horizon),
    )
    rows = range(count)
    operations, machines = state.operation[:count].tolist(), state.to[:count].tolist()
    jobs = list(dict.fromkeys(operations[at] for at in sorted(rows, key=lambda at: _urgency(environment, at))))[:TOP]
    of_these = [at for at in rows if operations[at] in jobs]
    places = sorted({machines[at] for at in of_these}, key=lambda machine: (state.free[machine], machine))
    own = [machines[at] for at in of_these if operations[at] == jobs[0]][:1]
    places = [*own, *(machine for machine in places if machine not in own)][:TOP]
    for row, operation in enumerate(jobs):
        job = shop.job[operation]
        due = int(shop.due[job])
        slack = (due - state.best[operation] - shop.tail[operation]) / horizon if due < NO_DUE else 3.0
        seen[5 + 5 * row : 10 + 5 * row] = (
            min(3.0, shop.shortest[operation] / horizon),
            min(3.0, shop.tail[operation] / horizon),
            min(3.0, shop.chain[operation] / 10.0),
            min(3.0, max(-3.0, slack)),
            shop.weight[job] / 10.0,
        )
    for row, machine in enumerate(places):
        seen[30 + 5 * row : 35 + 5 * row] = (
            min(3.0, float(free[machine])),
            min(3.0, max(0.0, float(state.load[machine])) / horizon),
            float(shop.open_share[machine]),
            min(1.0, float(state.rivals[machine]) / 10.0),
            1.0 if state.family[machine] >= 0 else 0.0,
        )
    for at in of_these:
        if machines[at] in places:
            action = TOP * jobs.index(operations[at]) + places.index(machines[at])
            pairs[action], mask[action] = at, True
    return pairs


def _urgency(environment: Environment, at: int) -> tuple[float, float, int]:
    """Least slack first where jobs are dated, else most work left; then the earlier end."""
    shop, state = environment.shop, environment.state
    operation = state.operation[at]
    left = float(shop.shortest[operation] + shop.tail[operation])
    due = float(shop.due[shop.job[operation]])
    return (due - left - float(state.values[FIRST_END]) if shop.tardy else -left, float(state.finish[at]), at)


def reward(environment: Environment, operation: int) -> float:
    """What the first design gives for the choice just taken, which placed ``operation``."""
    shop, state = environment.shop, environment.state
    total = STEP
    job = shop.job[operation]
    if state.left[job] == 0:
        total += COMPLETED
        if shop.weight[job] > IMPORTANT_WEIGHT:
            total += IMPORTANT
        if shop.due[job] < NO_DUE and state.end[job] <= shop.due[job]:
            total += EARLY
    if environment.complete:
        total += ALL
    return SCALE * total


Predict = Callable[[Singles, Bools], Integers]
"""(observations, masks), one a row -> actions."""


def planned(shops: Sequence[Shop], predict: Predict) -> list[Environment]:
    """The shops planned to their ends by a learner of this design, all of them step by step beside each other."""
    environments = [Environment() for _ in shops]
    for environment, shop in zip(environments, shops, strict=True):
        environment.begin(shop)
    while going := [environment for environment in environments if not environment.done]:
        seen = np.zeros((len(going), SIZE), np.float32)
        masks = np.zeros((len(going), ACTIONS), np.bool_)
        pairs = [observe(environment, seen[at], masks[at]) for at, environment in enumerate(going)]
        for environment, row, action in zip(going, pairs, predict(seen, masks).tolist(), strict=True):
            environment.step(row[action])
    return environments
