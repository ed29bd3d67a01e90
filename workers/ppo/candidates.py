"""Which pairs of operation and machine the policy may choose from: at most CANDIDATES of those that are worth it.

A pair is worth it if it can start before the earliest completion of anything that waits (after B. Giffler and
G. Thompson, Operations Research 8, 1960): to leave such a pair out could lose the best plan, while of the others none
can be started before one of these has ended. Where there are more than CANDIDATES, those that different rules like best
are taken. Every candidate is a valid next step, so there is nothing invalid to choose.
"""

from __future__ import annotations

import math

from workers.ppo.kernel import inner
from workers.ppo.place import FIRST_END, LAST_END, LEFT, MAKESPAN, NOW, SEEN, SHOWN, WAITING, WORK, probe
from workers.ppo.shop import CANDIDATES, MOST_MACHINES, NO_DUE, Floats, Shop, State
from workers.search.opening import NEVER

FEW_WAITING = 24
"""With more operations waiting than this, each brings half as many machines."""

OPERATION, MACHINE, START, END, SETUP = 0, 1, 2, 3, 4
"""Rows of the pool of pairs."""

ATC_LOOK_AHEAD = 2.0
"""How many mean processing times ahead a due date counts (A. Vepsalainen, T. Morton, Management Science 33, 1987)."""

CRITICAL, QUICK, REGRET, URGENT, SLACK = 0, 1, 2, 3, 4
"""Rules by which pairs become candidates where there are too many."""

DETOUR = 3.0
"""What a second of later completion than on the best machine counts against a critical job's pair."""


@inner
def collect(shop: Shop, state: State) -> float:
    """Fills the candidates; returns the mean shortest seconds of what waits. No candidate: nothing can be placed."""
    unit = survey(shop, state)
    pairs = _pool(shop, state)
    state.counts[SEEN] = pairs
    if pairs <= CANDIDATES:
        for at in range(pairs):
            state.chosen[at] = at
        count = pairs
    elif shop.tardy:
        count = _take(shop, state, pairs, URGENT, 0, 12, unit)
        count = _take(shop, state, pairs, SLACK, count, 18, unit)
        count = _take(shop, state, pairs, QUICK, count, 26, unit)
        count = _take(shop, state, pairs, REGRET, count, CANDIDATES, unit)
    else:
        count = _take(shop, state, pairs, CRITICAL, 0, 16, unit)
        count = _take(shop, state, pairs, QUICK, count, 24, unit)
        count = _take(shop, state, pairs, REGRET, count, CANDIDATES, unit)
    for at in range(count):
        pair = state.chosen[at]
        state.operation[at], state.to[at] = state.pool[OPERATION, pair], state.pool[MACHINE, pair]
        state.start[at], state.finish[at] = state.pool[START, pair], state.pool[END, pair]
        state.change[at] = state.pool[SETUP, pair]
    state.counts[SHOWN] = count
    return unit


@inner
def survey(shop: Shop, state: State) -> float:
    """Now, the earliest completion, the lower bound of the makespan; returns the mean shortest seconds of what waits.

    The bound is the greatest of: the best completion of what waits with its tail, the end of the plan so far, and all
    remaining work shared evenly between the machines.
    """
    now, first_end, longest, shortest = NEVER, NEVER, 0, 0.0
    for at in range(state.counts[WAITING]):
        operation = state.waiting[at]
        best = state.best[operation]
        shortest += shop.shortest[operation]
        if best < NEVER:
            now = min(now, state.soonest[operation])
            first_end = min(first_end, best)
            longest = max(longest, best + shop.tail[operation])
    if state.counts[LEFT] == 0:
        state.values[MAKESPAN] = state.values[LAST_END]
        return 1.0
    taken = state.values[WORK]
    for machine in range(len(shop.opening)):
        taken += state.free[machine]
    bound = max(float(longest), state.values[LAST_END], taken / len(shop.opening))
    state.values[MAKESPAN] = max(bound, state.values[MAKESPAN])
    state.values[NOW], state.values[FIRST_END] = now, first_end
    return max(1.0, shortest / max(1, state.counts[WAITING]))


@inner
def _pool(shop: Shop, state: State) -> int:
    """Collects the pairs worth it, of each operation those that complete it first; returns how many."""
    most = MOST_MACHINES if state.counts[WAITING] <= FEW_WAITING else MOST_MACHINES // 2
    first_end = state.values[FIRST_END]
    for machine in range(len(shop.opening)):
        state.rivals[machine] = 0
        state.rival_times[0, machine] = state.rival_times[1, machine] = math.inf
    pairs = 0
    for at in range(state.counts[WAITING]):
        operation = state.waiting[at]
        if state.soonest[operation] >= first_end:
            continue
        kept = pairs
        for option in range(shop.first[operation], shop.first[operation + 1]):
            start, end, setup = probe(shop, state, operation, option)
            if start >= first_end or end >= NEVER:
                continue
            machine, seconds = shop.machine[option], float(shop.seconds[option])
            state.rivals[machine] += 1
            state.rival_times[0, machine] = min(state.rival_times[0, machine], seconds)
            ratio = seconds / shop.shortest[operation]
            state.rival_times[1, machine] = min(state.rival_times[1, machine], ratio)
            if pairs - kept < most:
                to = pairs
                pairs += 1
            elif end < state.pool[END, pairs - 1]:
                to = pairs - 1
            else:
                continue
            while to > kept and state.pool[END, to - 1] > end:
                for row in range(5):
                    state.pool[row, to] = state.pool[row, to - 1]
                to -= 1
            state.pool[OPERATION, to], state.pool[MACHINE, to] = operation, machine
            state.pool[START, to], state.pool[END, to], state.pool[SETUP, to] = start, end, setup
    for pair in range(pairs):
        state.picked[pair] = False
    return pairs


@inner
def urgency(shop: Shop, operation: int, start: int, end: int, setup: int, unit: float, look_ahead: float) -> float:
    """Apparent tardiness cost of a pair, as a logarithm; without a due date as if due far away."""
    job = shop.job[operation]
    index = math.log(max(shop.weight[job], 1e-3)) - math.log(max(1.0, float(end - start + setup)))
    slack = 50.0 if shop.due[job] >= NO_DUE else (shop.due[job] - end - shop.tail[operation]) / unit
    return index - min(50.0, max(0.0, slack)) / look_ahead


@inner
def _score(shop: Shop, state: State, pair: int, rule: int, unit: float) -> float:
    operation = state.pool[OPERATION, pair]
    start, end, setup = state.pool[START, pair], state.pool[END, pair], state.pool[SETUP, pair]
    if rule == CRITICAL:
        return float(end + shop.tail[operation]) - DETOUR * (end - state.best[operation])
    if rule == QUICK:
        return -float(end) - 0.5 * (start - state.values[NOW])
    if rule == REGRET:
        other = state.second[operation]
        return min(4.0 * unit, float(other - end)) - setup
    if rule == URGENT:
        return urgency(shop, operation, start, end, setup, unit, ATC_LOOK_AHEAD)
    return -float(shop.due[shop.job[operation]] - end - shop.tail[operation])


@inner
def _take(shop: Shop, state: State, pairs: int, rule: int, have: int, until: int, unit: float) -> int:
    """Takes the pairs that ``rule`` likes best until there are ``until``; returns how many there are then."""
    count = have
    scores: Floats = state.chosen_score
    for pair in range(pairs):
        if state.picked[pair]:
            continue
        score = _score(shop, state, pair, rule, unit)
        if count < until:
            to = count
            count += 1
        elif score > scores[count - 1]:
            to = count - 1
        else:
            continue
        while to > have and scores[to - 1] < score:
            scores[to], state.chosen[to] = scores[to - 1], state.chosen[to - 1]
            to -= 1
        scores[to], state.chosen[to] = score, pair
    for at in range(have, count):
        state.picked[state.chosen[at]] = True
    return count
