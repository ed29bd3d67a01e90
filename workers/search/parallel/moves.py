"""Which move to try next: a piece that hurts, or a run of pieces, to another place, or two pieces change places.

A random piece is one that is late, or one in the way of a late one, or on the machine that ends last, or any.
"""

from __future__ import annotations

from workers.search.kernel import inner
from workers.search.parallel.price import completion_cost
from workers.search.parallel.random import below, uniform
from workers.search.parallel.state import (
    BASE,
    BOUND,
    COST,
    DUE,
    END,
    FIRST,
    HOT,
    HOT_SHARE,
    LAST,
    LENGTH,
    LIMIT,
    LONGEST,
    MACHINE,
    ON,
    OPTION,
    POSITION,
    RIGID,
    SECONDS,
    TAKES,
    TOP_SHARE,
    State,
)


@inner
def option_on(s: State, j: int, machine: int) -> int:
    """The option of a piece on a machine, -1 without."""
    low, last = s.facts[j, FIRST], s.facts[j, LAST]
    high = last
    while low < high:
        middle = (low + high) >> 1
        if s.options[middle, ON] < machine:
            low = middle + 1
        else:
            high = middle
    return low if low < last and s.options[low, ON] == machine else -1


@inner
def pick(s: State) -> int:
    """A piece to move."""
    u = uniform(s)
    if u < s.control[HOT_SHARE]:
        if s.counts[HOT] > 0:
            j = s.hot[below(s, s.counts[HOT])]
            if below(s, 2) == 0:
                j = int(s.row[s.machines[s.now[j, MACHINE], BASE] + below(s, s.now[j, POSITION] + 1)])
            return j
    elif u < s.control[HOT_SHARE] + s.control[TOP_SHARE] and s.tops[0] >= 0:
        m = s.tops[0]
        if s.machines[m, LENGTH] > 0:
            return int(s.row[s.machines[m, BASE] + below(s, s.machines[m, LENGTH])])
    return s.movable[below(s, len(s.movable))]


@inner
def place_in(s: State, m: int, j: int, option: int) -> int:
    """A position in a machine's row for a piece: any, or where it would start about now, or just in time."""
    base, length = s.machines[m, BASE], s.machines[m, LENGTH]
    u = below(s, 4)
    if u == 0 or length < 4:
        return below(s, length + 1)
    t = s.now[j, END] - s.now[j, SECONDS]
    if u == 1:
        t = min(t, s.facts[j, DUE] - s.options[option, TAKES])
    low, high = 0, length
    while low < high:
        middle = (low + high) >> 1
        if s.now[s.row[base + middle], END] <= t:
            low = middle + 1
        else:
            high = middle
    return min(max(low + below(s, 5) - 2, 0), length)


@inner
def propose(s: State, side: int, m: int, low: int, high: int, count: int) -> None:
    """Makes one side of the move under trial: ``fresh[side, :count]`` take positions [low, high) of a row."""
    s.move[side, 0], s.move[side, 1], s.move[side, 2], s.move[side, 3] = m, low, high, count


@inner
def slope_between(s: State, m: int, low: int, high: int) -> float:
    """What a second later costs of the pieces at positions [low, high) of a row; a bound for any shift."""
    base = s.machines[m, BASE]
    if high <= low:
        return 0.0
    return s.slope[base + high - 1] - (s.slope[base + low - 1] if low > 0 else 0.0)


@inner
def own_change(s: State, j: int, end: int) -> float:
    """What it costs that a piece ends at ``end`` and not when it does."""
    return completion_cost(s, j, end) - s.money[j, COST]


@inner
def start_at(s: State, m: int, q: int) -> int:
    """When the piece at a position of a plain row starts, or would if there were one."""
    return s.now[s.row[s.machines[m, BASE] + q - 1], END] if q > 0 else 0


@inner
def bound_swap(s: State, j: int, option: int, k: int, other: int) -> None:
    """Bounds what it costs that two pieces of plain rows change places; ``option`` and ``other`` become theirs."""
    m1, p1 = s.now[j, MACHINE], s.now[j, POSITION]
    m2, p2 = s.now[k, MACHINE], s.now[k, POSITION]
    late1 = s.options[other, TAKES] - s.now[j, SECONDS]
    late2 = s.options[option, TAKES] - s.now[k, SECONDS]
    bound = own_change(s, k, start_at(s, m1, p1) + s.options[other, TAKES])
    bound += own_change(s, j, start_at(s, m2, p2) + s.options[option, TAKES])
    bound += late1 * slope_between(s, m1, p1 + 1, s.machines[m1, LENGTH])
    s.totals[BOUND] = bound + late2 * slope_between(s, m2, p2 + 1, s.machines[m2, LENGTH])


@inner
def bound_shift(s: State, j: int, option: int, p2: int) -> None:
    """Bounds what it costs that a piece of a plain row goes to position ``p2`` of a row, as positions are now."""
    m1, p1 = s.now[j, MACHINE], s.now[j, POSITION]
    m2, seconds = s.options[option, ON], s.options[option, TAKES]
    if m1 == m2:
        if p2 < p1:
            own = own_change(s, j, start_at(s, m1, p2) + seconds)
            s.totals[BOUND] = own + seconds * slope_between(s, m1, p2, p1)
        else:
            own = own_change(s, j, start_at(s, m1, p2))
            s.totals[BOUND] = own - seconds * slope_between(s, m1, p1 + 1, p2)
        return
    bound = own_change(s, j, start_at(s, m2, p2) + seconds)
    bound -= s.now[j, SECONDS] * slope_between(s, m1, p1 + 1, s.machines[m1, LENGTH])
    s.totals[BOUND] = bound + seconds * slope_between(s, m2, p2, s.machines[m2, LENGTH])


@inner
def propose_swap(s: State, j: int, option: int) -> int:
    """Lets a piece change places with one on the machine of ``option``; how many rows change, 0 if it cannot be."""
    m1, m2 = s.now[j, MACHINE], s.options[option, ON]
    if s.machines[m2, LENGTH] == 0:
        return 0
    p1, p2 = s.now[j, POSITION], min(place_in(s, m2, j, option), s.machines[m2, LENGTH] - 1)
    k = int(s.row[s.machines[m2, BASE] + p2])
    if k == j:
        return 0
    if m1 == m2:
        low, high = min(p1, p2), max(p1, p2)
        if high - low >= LONGEST:
            return 0
        copy_row(s, m1, low, high + 1, 0)
        s.fresh[0, 0], s.fresh[0, high - low] = s.fresh[0, high - low], s.fresh[0, 0]
        propose(s, 0, m1, low, high + 1, high + 1 - low)
        return 1
    other = option_on(s, k, m1)
    if other < 0:
        return 0
    if s.counts[RIGID] == 1:
        bound_swap(s, j, option, k, other)
        if s.totals[BOUND] > s.totals[LIMIT]:
            return 0
    s.fresh[0, 0], s.fresh[1, 0] = other, option
    propose(s, 0, m1, p1, p1 + 1, 1)
    propose(s, 1, m2, p2, p2 + 1, 1)
    return 2


@inner
def propose_shift(s: State, j: int, run: int, option: int) -> int:
    """Moves a piece and the ``run - 1`` behind it to another place; how many rows change, 0 if it cannot be."""
    m1, m2 = s.now[j, MACHINE], s.options[option, ON]
    p1, p2 = s.now[j, POSITION], place_in(s, m2, j, option)
    if m1 == m2 and p1 <= p2 <= p1 + run:
        return 0
    if s.counts[RIGID] == 1 and run == 1:
        bound_shift(s, j, option, p2)
        if s.totals[BOUND] > s.totals[LIMIT]:
            return 0
    if m1 == m2:
        low, high = min(p1, p2), max(p1 + run, p2)
        if high - low > LONGEST:
            return 0
        if p2 < p1:
            copy_row(s, m1, p1, p1 + run, 0)
            copy_row(s, m1, p2, p1, run)
        else:
            copy_row(s, m1, p1 + run, p2, 0)
            copy_row(s, m1, p1, p1 + run, p2 - p1 - run)
        propose(s, 0, m1, low, high, high - low)
        return 1
    s.fresh[1, 0] = option
    for q in range(1, run):
        other = option_on(s, int(s.row[s.machines[m1, BASE] + p1 + q]), m2)
        if other < 0:
            return 0
        s.fresh[1, q] = other
    propose(s, 0, m1, p1, p1 + run, 0)
    propose(s, 1, m2, p2, p2, run)
    return 2


@inner
def copy_row(s: State, m: int, low: int, high: int, at: int) -> None:
    """Copies the options of a part of a row to ``fresh[0, at:]``."""
    base = s.machines[m, BASE]
    for q in range(low, high):
        s.fresh[0, at + q - low] = s.now[s.row[base + q], OPTION]
