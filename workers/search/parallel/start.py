"""First plans: pieces in some order, each at the end of the row in which it ends first."""

from __future__ import annotations

import numpy as np

from workers.search.kernel import kernel
from workers.search.line import Lines, append
from workers.search.opening import NEVER, Openings
from workers.search.parallel.state import (
    AS,
    DUE,
    FIRST,
    FLOW,
    LAST,
    LATE,
    LATEST,
    NOWHERE,
    OF,
    ON,
    READY,
    TAKES,
    TARDY,
    USABLE,
    WAITS,
    Integers,
    State,
)

LOOK_AHEAD = (1.0, 4.0, 16.0)
"""Mean processing times within which a due date counts, in the orders by apparent tardiness cost at second zero."""


def orders(s: State) -> list[Integers]:
    """Orders worth trying: by due date, by release and by length, and by apparent tardiness cost."""
    ready, due = s.facts[:, READY], s.facts[:, DUE]
    if not len(ready):
        return [np.zeros(0, np.int64)]
    shortest = np.full(len(ready), NEVER, np.int64)
    np.minimum.at(shortest, s.options[:, OF], s.options[:, TAKES])
    mean = max(1.0, float(shortest.mean()))
    weight = s.money[:, LATE] + s.money[:, FLOW] + s.money[:, TARDY] / mean
    found = [np.lexsort((-shortest, due)), np.lexsort((-shortest, ready)), np.lexsort((ready, -shortest))]
    for factor in LOOK_AHEAD:
        slack = np.maximum(0.0, due - shortest - ready)
        index = weight / shortest * np.exp(-np.minimum(slack / (factor * mean), 500.0))
        found.append(np.lexsort((due, -index)))
    return found


@kernel
def in_order(s: State, lines: Lines, openings: Openings, order: Integers, option: Integers, line: Integers) -> None:
    """Gives each piece of ``order`` the option with which it ends first behind those before it, NOWHERE without.

    ``line`` (machines x 3) is scratch: end, family and gap of each machine's line.
    """
    for m in range(len(line)):
        line[m, 0], line[m, 1], line[m, 2] = lines.end[m], lines.family[m], lines.gap[m]
    for at in range(len(order)):
        j = order[at]
        option[j] = NOWHERE
        best, best_seconds, best_gap = NEVER, NEVER, 0
        for o in range(s.facts[j, FIRST], s.facts[j, LAST]):
            m = s.options[o, ON]
            if s.machines[m, USABLE] == 0:
                continue
            seconds = s.options[o, TAKES]
            _, stop, _, new_gap = append(
                lines,
                openings,
                m,
                line[m, 0],
                line[m, 1],
                line[m, 2],
                s.options[o, AS],
                s.facts[j, READY],
                seconds,
                s.facts[j, LATEST],
                s.facts[j, WAITS] == 1,
            )
            if stop < best or (stop == best and stop < NEVER and seconds < best_seconds):
                best, best_seconds, best_gap = stop, seconds, new_gap
                option[j] = o
        if option[j] >= 0:
            m = s.options[option[j], ON]
            line[m, 0], line[m, 1], line[m, 2] = best, s.options[option[j], AS], best_gap
