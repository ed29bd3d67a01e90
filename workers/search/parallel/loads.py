"""Makespan alone, where rows need no order: loads of machines, balanced piece by piece (R || Cmax).

First each piece goes where it raises a sum of powers of the loads least, over and over with a higher power: a descent
of a convex potential whose optimum tends to that of the assignment LP (after B. Awerbuch, Y. Azar, E. Grove, M. Kao, P.
Krishnan and J. Vitter, "Load balancing in the Lp norm", FOCS 1995). Then pieces leave the fullest machine or change
places with shorter ones.
"""

from __future__ import annotations

from workers.search.kernel import inner, kernel
from workers.search.parallel.random import below
from workers.search.parallel.state import FIRST, LAST, ON, TAKES, USABLE, Integers, State


@kernel
def descend(s: State, load: Integers, option: Integers, power: float, scale: float) -> int:
    """Gives each piece the option that raises the sum of ``(load / scale) ** power`` least; how many changed theirs.

    Pieces without an option (-1) get one.
    """
    changed = 0
    for j in range(len(option)):
        first, last = s.facts[j, FIRST], s.facts[j, LAST]
        if last - first == 1 and option[j] >= 0:
            continue
        old = option[j]
        if old >= 0 and s.machines[s.options[old, ON], USABLE] == 0:
            continue
        if old >= 0:
            load[s.options[old, ON]] -= s.options[old, TAKES]
        best, best_rise = old, 1e300
        for o in range(first, last):
            m = s.options[o, ON]
            if s.machines[m, USABLE] == 0:
                continue
            before = load[m] / scale
            after = (load[m] + s.options[o, TAKES]) / scale
            rise = after**power - before**power
            if rise < best_rise:
                best, best_rise = o, rise
        option[j] = best
        if best >= 0:
            load[s.options[best, ON]] += s.options[best, TAKES]
        changed += best != old
    return changed


@inner
def drop(held: Integers, at: Integers, table: Integers, m: int, j: int) -> None:
    """Takes a piece off a machine's list."""
    table[m, 1] -= 1
    other = held[table[m, 0] + table[m, 1]]
    held[at[j]] = other
    at[other] = at[j]


@inner
def take(held: Integers, at: Integers, table: Integers, m: int, j: int) -> None:
    """Puts a piece on a machine's list, which has room."""
    at[j] = table[m, 0] + table[m, 1]
    held[at[j]] = j
    table[m, 1] += 1


@kernel
def level(
    s: State, load: Integers, option: Integers, held: Integers, at: Integers, table: Integers, floor: int, tries: int
) -> int:
    """Empties the fullest machines by ``tries`` random moves and swaps, until the makespan is ``floor``; the makespan.

    ``held``, ``at``, ``table`` (machines x 3: first, count, room): lists of each machine's pieces. A move is made where
    the greater of the two machines' loads gets no greater. Every so often another machine than the fullest gives.
    """
    machines = len(load)
    top = 0
    for m in range(machines):
        if load[m] > load[top]:
            top = m
    for tried in range(tries):
        if load[top] <= floor:
            break
        m1 = top
        if tried & 3 == 3:
            m1 = below(s, machines)
        if table[m1, 1] == 0:
            continue
        j = held[table[m1, 0] + below(s, table[m1, 1])]
        o = s.facts[j, FIRST] + below(s, s.facts[j, LAST] - s.facts[j, FIRST])
        m2 = s.options[o, ON]
        if m1 == m2 or s.machines[m1, USABLE] == 0 or s.machines[m2, USABLE] == 0:
            continue
        peak = max(load[m1], load[m2])
        out1, in2 = s.options[option[j], TAKES], s.options[o, TAKES]
        k, back = -1, -1
        new1, new2 = load[m1] - out1, load[m2] + in2
        if max(new1, new2) >= peak:
            if table[m2, 1] == 0:
                continue
            k = held[table[m2, 0] + below(s, table[m2, 1])]
            back = option_on(s, k, m1)
            if back < 0:
                continue
            new1 += s.options[back, TAKES]
            new2 -= s.options[option[k], TAKES]
            if max(new1, new2) > peak or (max(new1, new2) == peak and min(new1, new2) >= min(load[m1], load[m2])):
                continue
        elif table[m2, 1] == table[m2, 2]:
            continue
        drop(held, at, table, m1, j)
        if k >= 0:
            drop(held, at, table, m2, k)
            take(held, at, table, m1, k)
            option[k] = back
        take(held, at, table, m2, j)
        option[j] = o
        load[m1], load[m2] = new1, new2
        if m1 == top or m2 == top:
            for m in range(machines):
                if load[m] > load[top]:
                    top = m
    return load[top]


@inner
def option_on(s: State, j: int, machine: int) -> int:
    """The option of a piece on a machine, -1 without."""
    for o in range(s.facts[j, FIRST], s.facts[j, LAST]):
        if s.options[o, ON] == machine:
            return o
    return -1
