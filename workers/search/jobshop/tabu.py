"""Tabu search from a plan: the best allowed move again and again, for so many iterations or until nothing improves."""

from __future__ import annotations

from typing import NamedTuple

from workers.search.jobshop.arrays import Indices, Seconds, Shop
from workers.search.jobshop.chance import draw
from workers.search.jobshop.memory import forbid_machine, forbid_order
from workers.search.jobshop.neighbourhood import ESTIMATE, INDEX, MACHINE, NOTHING, OPERATION, Scan, find_move
from workers.search.jobshop.plan import Plan, makespan, move
from workers.search.kernel import inlined, kernel

ITERATION, MAKESPAN, RECORD, IMPROVED = range(4)
"""Fields of the counters: iterations done, makespan of the plan now, least one of the run, and when it was found."""


class Run(NamedTuple):
    """A run of tabu search: its counters and the best plan that it has seen."""

    counters: Seconds
    """(4,)"""
    machine: Indices
    """(n,): machines of the best plan."""
    order: Indices
    """(n,): a topological order of the best plan."""


@kernel
def tabu_search(
    shop: Shop, plan: Plan, scan: Scan, run: Run, iterations: int, patience: int, target: int, tenures: tuple[int, int]
) -> int:
    """Go on with a run for at most ``iterations``; returns how many were done.

    Ends early after ``patience`` iterations without a new best plan, at makespan ``target`` or less, or where there is
    no move at all. ``tenures``: an order turned round, and a machine left, stay tabu for at least so many iterations
    and at most half as many more.
    """
    counters = run.counters
    for done in range(iterations):
        if counters[RECORD] <= target or counters[ITERATION] - counters[IMPROVED] >= patience:
            return done
        find_move(shop, plan, scan, counters[MAKESPAN], counters[RECORD], counters[ITERATION])
        choice = scan.best if scan.best[ESTIMATE] < NOTHING else scan.other
        if choice[ESTIMATE] == NOTHING:
            counters[IMPROVED] = counters[ITERATION] - patience
            return done
        counters[ITERATION] += 1
        x, k, index = choice[OPERATION], choice[MACHINE], choice[INDEX]
        tenure = tenures[0] if k == plan.machine[x] else tenures[1]
        until = counters[ITERATION] + tenure + draw(scan.generator, tenure // 2 + 1)
        _remember(shop, plan, scan, x, k, index, until)
        move(shop, plan, x, k, index)
        counters[MAKESPAN] = makespan(shop, plan)
        if counters[MAKESPAN] < counters[RECORD]:
            counters[RECORD], counters[IMPROVED] = counters[MAKESPAN], counters[ITERATION]
            for i in range(len(run.order)):
                run.machine[i], run.order[i] = plan.machine[i], plan.order[i]
    return iterations


@inlined
def _remember(shop: Shop, plan: Plan, scan: Scan, x: int, machine: int, index: int, until: int) -> None:
    """Forbid what would undo the move of ``x``."""
    if plan.machine[x] != machine:
        forbid_machine(scan.memory, until, x, plan.machine[x])
        return
    start, place = shop.machine_start[machine], plan.place[x]
    for i in range(place + 1, index + 1):
        forbid_order(scan.memory, until, x, plan.sequence[start + i])
    for i in range(index, place):
        forbid_order(scan.memory, until, plan.sequence[start + i], x)
