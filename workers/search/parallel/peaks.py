"""The parts of the cost that a maximum over machines makes: makespan and maximum tardiness."""

from __future__ import annotations

from workers.search.kernel import inner, kernel
from workers.search.parallel.price import job_cost
from workers.search.parallel.state import (
    BALANCE,
    FLOOR_END,
    FLOOR_LATE,
    LAST_END,
    MAKESPAN,
    SQUARES,
    SUM,
    TOUCHED,
    WORST,
    WORST_LATE,
    State,
)


@inner
def peak_cost(s: State, m1: int, last1: int, late1: int, m2: int, last2: int, late2: int) -> float:
    """What makespan, maximum tardiness and imbalance cost if two machines (or -1) end otherwise than they do."""
    cost = 0.0
    if s.weights[MAKESPAN] > 0:
        top = int(s.weights[FLOOR_END])
        for i in range(3):
            m = s.tops[i]
            if m >= 0 and m != m1 and m != m2:
                top = max(top, s.machines[m, LAST_END])
                break
        squares = s.totals[SQUARES]
        if m1 >= 0:
            top = max(top, last1)
            squares += float(last1) * last1 - float(s.machines[m1, LAST_END]) * s.machines[m1, LAST_END]
        if m2 >= 0:
            top = max(top, last2)
            squares += float(last2) * last2 - float(s.machines[m2, LAST_END]) * s.machines[m2, LAST_END]
        cost += s.weights[MAKESPAN] * top + s.weights[BALANCE] * squares
    if s.weights[WORST] > 0:
        late = int(s.weights[FLOOR_LATE])
        for i in range(3):
            m = s.worsts[i]
            if m >= 0 and m != m1 and m != m2:
                late = max(late, s.machines[m, WORST_LATE])
                break
        if m1 >= 0:
            late = max(late, late1)
        if m2 >= 0:
            late = max(late, late2)
        cost += s.weights[WORST] * late
    return cost


@inner
def close(s: State) -> None:
    """Takes over what was on trial once all rows of a move are changed, and finds the machines with the peaks."""
    for i in range(s.counts[TOUCHED]):
        job = s.touched[i]
        cost = job_cost(s, job, False)
        s.totals[SUM] += cost - s.job_cost[job]
        s.job_cost[job] = cost
    find_peaks(s)


@kernel
def find_peaks(s: State) -> None:
    """Finds the three machines that end last, and the three with the greatest lateness."""
    if s.weights[MAKESPAN] > 0:
        s.tops[0] = s.tops[1] = s.tops[2] = -1
        for m in range(len(s.machines)):
            x = s.machines[m, LAST_END]
            if s.tops[2] >= 0 and x <= s.machines[s.tops[2], LAST_END]:
                continue
            if s.tops[0] < 0 or x > s.machines[s.tops[0], LAST_END]:
                s.tops[2], s.tops[1], s.tops[0] = s.tops[1], s.tops[0], m
            elif s.tops[1] < 0 or x > s.machines[s.tops[1], LAST_END]:
                s.tops[2], s.tops[1] = s.tops[1], m
            else:
                s.tops[2] = m
    if s.weights[WORST] > 0:
        s.worsts[0] = s.worsts[1] = s.worsts[2] = -1
        for m in range(len(s.machines)):
            x = s.machines[m, WORST_LATE]
            if s.worsts[2] >= 0 and x <= s.machines[s.worsts[2], WORST_LATE]:
                continue
            if s.worsts[0] < 0 or x > s.machines[s.worsts[0], WORST_LATE]:
                s.worsts[2], s.worsts[1], s.worsts[0] = s.worsts[1], s.worsts[0], m
            elif s.worsts[1] < 0 or x > s.machines[s.worsts[1], WORST_LATE]:
                s.worsts[2], s.worsts[1] = s.worsts[1], m
            else:
                s.worsts[2] = m


@kernel
def total_cost(s: State) -> float:
    """The cost of the plan as it stands, without that of imbalance, which only guides the search."""
    return s.totals[SUM] + peak_cost(s, -1, 0, 0, -1, 0, 0) - s.weights[BALANCE] * s.totals[SQUARES]
