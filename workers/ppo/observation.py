"""What the policy sees of a shop: numbers without unit or scale, in named groups, so that one policy fits every size.

``unit`` is the mean shortest processing time of the operations that wait; ``now`` the earliest start of anything;
``horizon`` the lower bound of the makespan less now. Every feature is clipped to its range.
"""

from __future__ import annotations

import hashlib
import math
from typing import NamedTuple

from workers.ppo.candidates import collect, urgency
from workers.ppo.kernel import inner
from workers.ppo.place import FIRST_END, LEFT, MAKESPAN, NOW, SEEN, SHOWN, WAITING, WORK
from workers.ppo.shop import CANDIDATES, NO_DUE, Bools, Shop, Singles, State
from workers.search.opening import NEVER


class Feature(NamedTuple):
    """One number of the observation: its group, name, formula and range."""

    group: str
    name: str
    formula: str
    least: float
    most: float


GLOBAL = (
    Feature("global", "work_left", "operations left / all operations", 0, 1),
    Feature("global", "queue", "operations waiting / machines / 10", 0, 1),
    Feature("global", "size", "log(1 + operations left / machines) / 5", 0, 2),
    Feature("global", "work_bound", "(machine ends + work left, spread over machines, - now) / horizon", -1, 1),
    Feature("global", "last_end", "(last machine end - now) / horizon", 0, 1),
    Feature("global", "mean_end", "mean over machines of (end - now, at least 0) / horizon", 0, 1),
    Feature("global", "shown", "candidates / pairs they were chosen from", 0, 1),
    Feature("global", "dated", "share of waiting operations whose job has a due date", 0, 1),
    Feature("global", "late", "share of waiting operations whose job will be late whatever is done", 0, 1),
    Feature("global", "grain", "unit / horizon", 0, 2),
    Feature("global", "setups", "mean listed setup time / unit", 0, 3),
    Feature("global", "closed", "1 - mean over machines of the open share of time", 0, 1),
)

JOB = (
    Feature("job", "tail", "shortest time of what follows / horizon", 0, 2),
    Feature("job", "mean_tail", "mean time of what follows / horizon", 0, 3),
    Feature("job", "path", "(end + tail - now) / horizon", 0, 3),
    Feature("job", "remaining", "(shortest time + tail) / greatest of the candidates", 0, 1),
    Feature("job", "operations", "operations left on the job's longest chain / 10", 0, 3),
    Feature("job", "choices", "1 / eligible machines", 0, 1),
    Feature("job", "slack_far", "(due - end - tail) / horizon; 3 without a due date", -3, 3),
    Feature("job", "slack_near", "(due - end - tail) / unit / 2; 5 without a due date", -5, 5),
    Feature("job", "weight", "weight / mean weight of the candidates / 2", 0, 3),
    Feature("job", "density", "weight / time with setup, relative to the greatest of the candidates", 0, 1),
    Feature(
        "job", "urgency", "apparent tardiness cost, look-ahead 2, less the greatest of the candidates, as log", -6, 0
    ),
    Feature("job", "urgency_far", "the same with look-ahead 8", -6, 0),
)

MACHINE = (
    Feature("machine", "busy", "(end - now, at least 0) / horizon", 0, 2),
    Feature("machine", "load", "unplanned work, shared between eligible machines / horizon", 0, 3),
    Feature("machine", "full", "busy + load", 0, 3),
    Feature("machine", "rivals", "waiting operations worth it there / all waiting", 0, 1),
)

PAIR = (
    Feature("pair", "present", "1 for a candidate, 0 for an empty place", 0, 1),
    Feature("pair", "ratio", "time / shortest time - 1", 0, 5),
    Feature("pair", "time", "time / unit", 0, 5),
    Feature("pair", "length", "time / horizon", 0, 2),
    Feature("pair", "start", "(start - now) / unit", 0, 5),
    Feature("pair", "end", "(end - earliest completion of anything) / unit", 0, 5),
    Feature("pair", "detour", "(end - its best end) / unit", 0, 5),
    Feature("pair", "regret", "(its second best end - end) / unit; 2 units where there is no other machine", -5, 5),
    Feature("pair", "idle", "(start - machine end) / unit", 0, 5),
    Feature("pair", "setup", "setup time / unit", 0, 5),
    Feature("pair", "setup_share", "setup time / (mean listed setup time + 1 s)", 0, 3),
    Feature("pair", "waits_closed", "(end - start) / time - 1: closed time inside", 0, 3),
    Feature("pair", "at_once", "1 if nothing can start earlier", 0, 1),
    Feature("pair", "of_shortest", "time / shortest time of all worth it on the machine - 1", 0, 5),
    Feature("pair", "of_ratio", "time / shortest time - least such ratio on the machine", 0, 5),
)

EACH = (*PAIR, *JOB, *MACHINE)
"""What is seen of each candidate, in order; the global features stand before them all."""

GLOBALS, FEATURES = len(GLOBAL), len(EACH)
SIZE = GLOBALS + CANDIDATES * FEATURES
"""Numbers of an observation."""

NEAR, FAR = 2.0, 8.0
"""Look-aheads of the urgency features."""


def schema_hash() -> str:
    """What a policy must have been trained on to understand an observation: SHA-256 of all features in order."""
    text = "\n".join([str(CANDIDATES), *(repr(tuple(feature)) for feature in (*GLOBAL, *EACH))])
    return hashlib.sha256(text.encode()).hexdigest()


@inner
def _clip(value: float, least: float, most: float) -> float:
    return min(most, max(least, value))


@inner
def observe(shop: Shop, state: State, seen: Singles, mask: Bools) -> None:
    """Collects the candidates and writes what is seen (SIZE numbers) and which places hold one (CANDIDATES)."""
    unit = collect(shop, state)
    count = state.counts[SHOWN]
    horizon = max(1.0, state.values[MAKESPAN] - state.values[NOW])
    seen[:] = 0.0
    for at in range(CANDIDATES):
        mask[at] = at < count
    _global(shop, state, seen, unit, horizon)
    remaining, weight, density, near, far = 1.0, 0.0, 1e-12, -math.inf, -math.inf
    for at in range(count):
        operation = state.operation[at]
        start, end, setup = state.start[at], state.finish[at], state.change[at]
        job = shop.job[operation]
        weight += shop.weight[job] / count
        remaining = max(remaining, shop.shortest[operation] + shop.tail[operation])
        density = max(density, shop.weight[job] / max(1, end - start + setup))
        near = max(near, urgency(shop, operation, start, end, setup, unit, NEAR))
        far = max(far, urgency(shop, operation, start, end, setup, unit, FAR))
    weight = max(weight, 1e-9)
    for at in range(count):
        row = seen[GLOBALS + at * FEATURES : GLOBALS + (at + 1) * FEATURES]
        operation, machine = state.operation[at], state.to[at]
        start, end, setup = state.start[at], state.finish[at], state.change[at]
        job = shop.job[operation]
        seconds = float(shop.shortest[operation])
        for option in range(shop.first[operation], shop.first[operation + 1]):
            if shop.machine[option] == machine:
                seconds = float(shop.seconds[option])
        ratio = seconds / shop.shortest[operation]
        second = state.second[operation]
        row[0] = 1.0
        row[1] = _clip(ratio - 1.0, 0.0, 5.0)
        row[2] = _clip(seconds / unit, 0.0, 5.0)
        row[3] = _clip(seconds / horizon, 0.0, 2.0)
        row[4] = _clip((start - state.values[NOW]) / unit, 0.0, 5.0)
        row[5] = _clip((end - state.values[FIRST_END]) / unit, 0.0, 5.0)
        row[6] = _clip((end - state.best[operation]) / unit, 0.0, 5.0)
        row[7] = _clip((second - end) / unit, -5.0, 5.0) if second < NEVER else 2.0
        row[8] = _clip((start - state.free[machine]) / unit, 0.0, 5.0)
        row[9] = _clip(setup / unit, 0.0, 5.0)
        row[10] = _clip(setup / (shop.mean_setup + 1.0), 0.0, 3.0)
        row[11] = _clip((end - start) / seconds - 1.0, 0.0, 3.0)
        row[12] = 1.0 if start <= state.values[NOW] else 0.0
        row[13] = _clip(seconds / state.rival_times[0, machine] - 1.0, 0.0, 5.0)
        row[14] = _clip(ratio - state.rival_times[1, machine], 0.0, 5.0)
        tail = shop.tail[operation]
        row[15] = _clip(tail / horizon, 0.0, 2.0)
        row[16] = _clip(shop.mean_tail[operation] / horizon, 0.0, 3.0)
        row[17] = _clip((end + tail - state.values[NOW]) / horizon, 0.0, 3.0)
        row[18] = (shop.shortest[operation] + tail) / remaining
        row[19] = _clip(shop.chain[operation] / 10.0, 0.0, 3.0)
        row[20] = 1.0 / (shop.first[operation + 1] - shop.first[operation])
        due = shop.due[job]
        row[21] = _clip((due - end - tail) / horizon, -3.0, 3.0) if due < NO_DUE else 3.0
        row[22] = _clip((due - end - tail) / unit / 2.0, -5.0, 5.0) if due < NO_DUE else 5.0
        row[23] = _clip(shop.weight[job] / weight / 2.0, 0.0, 3.0)
        row[24] = shop.weight[job] / max(1, end - start + setup) / density
        row[25] = _clip(urgency(shop, operation, start, end, setup, unit, NEAR) - near, -6.0, 0.0)
        row[26] = _clip(urgency(shop, operation, start, end, setup, unit, FAR) - far, -6.0, 0.0)
        busy = max(0.0, state.free[machine] - state.values[NOW]) / horizon
        load = max(0.0, state.load[machine]) / horizon
        row[27] = _clip(busy, 0.0, 2.0)
        row[28] = _clip(load, 0.0, 3.0)
        row[29] = _clip(busy + load, 0.0, 3.0)
        row[30] = state.rivals[machine] / max(1, state.counts[WAITING])


@inner
def _global(shop: Shop, state: State, seen: Singles, unit: float, horizon: float) -> None:
    machines, waiting, now = len(shop.opening), max(1, state.counts[WAITING]), state.values[NOW]
    taken, last, opened = 0.0, now, 0.0
    for machine in range(machines):
        free = float(state.free[machine])
        taken += max(0.0, free - now)
        last = max(last, free)
        opened += shop.open_share[machine]
    dated, late = 0, 0
    for at in range(state.counts[WAITING]):
        operation = state.waiting[at]
        due = shop.due[shop.job[operation]]
        if due < NO_DUE:
            dated += 1
            if state.best[operation] + shop.tail[operation] > due:
                late += 1
    seen[0] = state.counts[LEFT] / max(1, len(shop.job))
    seen[1] = _clip(waiting / machines / 10.0, 0.0, 1.0)
    seen[2] = _clip(math.log(1.0 + state.counts[LEFT] / machines) / 5.0, 0.0, 2.0)
    seen[3] = _clip((taken + state.values[WORK]) / machines / horizon, -1.0, 1.0)
    seen[4] = _clip((last - now) / horizon, 0.0, 1.0)
    seen[5] = _clip(taken / machines / horizon, 0.0, 1.0)
    seen[6] = state.counts[SHOWN] / max(1, state.counts[SEEN])
    seen[7] = dated / waiting
    seen[8] = late / waiting
    seen[9] = _clip(unit / horizon, 0.0, 2.0)
    seen[10] = _clip(shop.mean_setup / unit, 0.0, 3.0)
    seen[11] = _clip(1.0 - opened / machines, 0.0, 1.0)
