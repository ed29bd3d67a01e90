"""Simulated annealing over machine rows: moves of pieces that hurt, priced by what they change.

S. Kirkpatrick, C. Gelatt and M. Vecchi, "Optimization by simulated annealing", Science 220 (1983). Moves: a piece, or a
run of up to LONGEST_RUN pieces, goes to another place on its own or another machine; two pieces change places.
"""

from __future__ import annotations

import numpy as np

from workers.search.kernel import inner, kernel
from workers.search.line import Lines
from workers.search.opening import Openings
from workers.search.parallel.moves import pick, propose_shift, propose_swap
from workers.search.parallel.peaks import close, peak_cost, total_cost
from workers.search.parallel.price import IMPOSSIBLE, begin, price, settle
from workers.search.parallel.random import below, uniform
from workers.search.parallel.rows import change, lift
from workers.search.parallel.state import (
    BALANCE,
    BASE,
    BEST,
    COST,
    FIRST,
    HEAT,
    LAST,
    LENGTH,
    LIMIT,
    MACHINE,
    ON,
    OPTION,
    POSITION,
    ROOM,
    RUN_SHARE,
    SQUARES,
    SUM,
    SWAP_SHARE,
    TOUCHED,
    USABLE,
    State,
)

LONGEST_RUN = 6

MARGIN = 1e-9
"""A plan is better if it costs less by at least this."""


@inner
def attempt(s: State, lines: Lines, openings: Openings, sides: int, allowed: float, peak: float) -> bool:
    """Makes the move under trial if that costs no more than ``allowed``; ``peak`` is the plan's peak cost."""
    begin(s)
    delta = 0.0
    m1, last1, late1 = -1, 0, 0
    m2, last2, late2 = -1, 0, 0
    for side in range(sides):
        bound = IMPOSSIBLE
        if side == sides - 1 and s.counts[TOUCHED] == 0:
            bound = allowed + peak - delta
        m1, last1, late1 = m2, last2, late2
        m2 = s.move[side, 0]
        extra, last2, late2 = price(
            s, lines, openings, m2, s.move[side, 1], s.move[side, 2], side, s.move[side, 3], bound
        )
        if extra >= IMPOSSIBLE:
            return False
        delta += extra
    delta += settle(s) + peak_cost(s, m1, last1, late1, m2, last2, late2) - peak
    if delta > allowed:
        return False
    for side in range(sides):
        lift(s, s.move[side, 0], s.move[side, 1], s.move[side, 2])
    for side in range(sides):
        change(s, lines, openings, s.move[side, 0], s.move[side, 1], s.move[side, 2], side, s.move[side, 3])
    close(s)
    return True


@kernel
def anneal(s: State, lines: Lines, openings: Openings, moves: int) -> int:
    """Tries up to ``moves`` moves; fewer, as many as it tells, where a row has no room for one more."""
    s.totals[SUM] = 0.0
    for j in range(len(s.money)):
        s.totals[SUM] += s.money[j, COST]
    for job in range(len(s.job_cost)):
        s.totals[SUM] += s.job_cost[job]
    peak = peak_cost(s, -1, 0, 0, -1, 0, 0)
    now = total_cost(s)
    since = 0
    tried = 0
    while tried < moves:
        tried += 1
        since += 1
        j = pick(s)
        if s.now[j, OPTION] < 0:
            continue
        m1 = s.now[j, MACHINE]
        option = s.facts[j, FIRST] + below(s, s.facts[j, LAST] - s.facts[j, FIRST])
        m2 = s.options[option, ON]
        if s.machines[m1, USABLE] == 0 or s.machines[m2, USABLE] == 0:
            continue
        allowed = -s.control[HEAT] * np.log(1.0 - uniform(s))
        s.totals[LIMIT] = allowed + peak
        if uniform(s) < s.control[SWAP_SHARE]:
            sides = propose_swap(s, j, option)
        else:
            run = 1
            if uniform(s) < s.control[RUN_SHARE]:
                run = min(2 + below(s, LONGEST_RUN - 1), s.machines[m1, LENGTH] - s.now[j, POSITION])
            if m1 != m2 and s.machines[m2, LENGTH] + run > s.machines[m2, ROOM]:
                break
            sides = propose_shift(s, j, run, option)
        if sides == 0:
            continue
        if attempt(s, lines, openings, sides, allowed, peak):
            peak = peak_cost(s, -1, 0, 0, -1, 0, 0)
            now = s.totals[SUM] + peak - s.weights[BALANCE] * s.totals[SQUARES]
            if now < s.totals[BEST] - MARGIN and since > len(s.movable):
                keep(s)
                since = 0
    if now < s.totals[BEST] - MARGIN:
        keep(s)
    return tried


@inner
def keep(s: State) -> None:
    """Takes a copy of the plan as the best one seen."""
    for q in range(len(s.row)):
        s.best_row[q] = s.row[q]
    for m in range(len(s.machines)):
        s.best_machines[m, BASE], s.best_machines[m, LENGTH] = s.machines[m, BASE], s.machines[m, LENGTH]
    for j in range(len(s.now)):
        s.best_option[j] = s.now[j, OPTION]
    s.totals[BEST] = total_cost(s)
