"""Putting pieces into the plan that are not in it, each where it costs least."""

from __future__ import annotations

from workers.search.kernel import kernel
from workers.search.line import Lines
from workers.search.opening import Openings
from workers.search.parallel.peaks import close, peak_cost
from workers.search.parallel.price import IMPOSSIBLE, begin, price, settle
from workers.search.parallel.rows import change
from workers.search.parallel.state import FIRST, LAST, LENGTH, ON, ROOM, USABLE, State


@kernel
def insert(s: State, lines: Lines, openings: Openings, j: int) -> bool:
    """Puts a piece where it costs least of all places of all its usable machines; False where there is none."""
    best, best_option, best_at = IMPOSSIBLE, -1, 0
    for option in range(s.facts[j, FIRST], s.facts[j, LAST]):
        m = s.options[option, ON]
        if s.machines[m, USABLE] == 0 or s.machines[m, LENGTH] >= s.machines[m, ROOM]:
            continue
        s.fresh[0, 0] = option
        for at in range(s.machines[m, LENGTH] + 1):
            begin(s)
            delta, last, late = price(s, lines, openings, m, at, at, 0, 1, IMPOSSIBLE)
            if delta >= IMPOSSIBLE:
                continue
            delta += settle(s) + peak_cost(s, m, last, late, -1, 0, 0)
            if delta < best:
                best, best_option, best_at = delta, option, at
    if best_option < 0:
        return False
    begin(s)
    s.fresh[0, 0] = best_option
    change(s, lines, openings, s.options[best_option, ON], best_at, best_at, 0, 1)
    close(s)
    return True
