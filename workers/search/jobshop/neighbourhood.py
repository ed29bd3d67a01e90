"""Moves that may shorten a plan: along one critical path, within a machine and between machines.

Within a machine (N7; C. Zhang et al., "A tabu search algorithm with a new neighborhood structure for the job shop
scheduling problem", Computers & Operations Research 34, 2007, after E. Balas and A. Vazacopoulos, Management Science
44, 1998): an operation of a block, which is a stretch of the path without idle time on one machine, goes before the
block's first or behind its last operation, or the first or last operation goes into the block. Such a move is valued by
the longest path through the operations shifted, their heads and tails recomputed along the new sequence.

Between machines (k-insertion; M. Mastrolilli and L. Gambardella, "Effective neighbourhood functions for the flexible
job shop problem", Journal of Scheduling 3, 2000): between the operations that end before it could start and those that
it need not wait for. Only moves that provably close no cycle are looked at.
"""

from __future__ import annotations

from typing import NamedTuple

from workers.search.jobshop.arrays import Indices, Seconds, Shop
from workers.search.jobshop.chance import Generator, draw
from workers.search.jobshop.memory import machine_is_tabu, order_is_tabu
from workers.search.jobshop.plan import Plan
from workers.search.kernel import inlined

REACH = 64
"""An operation is shifted by at most so many places in one move, so that long blocks cost no more than that squared."""

ESTIMATE, OPERATION, MACHINE, INDEX, TIES = range(5)
"""Fields of a choice: value of the best move, the move, and how many as good were seen."""

NOTHING = 1 << 62
"""The value of no move."""


class Scan(NamedTuple):
    """What looking for a move needs and leaves."""

    path: Indices
    """(n,): a critical path, at its end."""
    segment: Indices
    """(n,): scratch."""
    segment_head: Seconds
    """(n,): scratch."""
    best: Seconds
    """(5,): the best move that is allowed, as a choice."""
    other: Seconds
    """(5,): one of the tabu moves, each as likely."""
    memory: Seconds
    """Tabu memory."""
    generator: Generator


@inlined
def critical_path(shop: Shop, plan: Plan, scan: Scan, longest: int) -> int:
    """Find a critical path, at random where it forks; it is ``scan.path`` from the returned index on."""
    x, count = -1, 0
    for i in range(len(shop.ends)):
        y = shop.ends[i]
        if plan.head[y] + plan.time[y] + shop.tail[y] == longest:
            count += 1
            if draw(scan.generator, count) == 0:
                x = y
    first = len(scan.path)
    while x >= 0:
        first -= 1
        scan.path[first] = x
        head = plan.head[x]
        p = plan.before[x]
        chosen, count = -1, 0
        if p >= 0 and plan.head[p] + plan.time[p] == head:
            chosen, count = p, 1
        for i in range(shop.predecessor_start[x], shop.predecessor_start[x + 1]):
            p = shop.predecessor[i]
            if plan.head[p] + plan.time[p] + shop.delay[x] == head:
                count += 1
                if count == 1 or draw(scan.generator, count) == 0:
                    chosen = p
        x = chosen
    return first


@inlined
def find_move(shop: Shop, plan: Plan, scan: Scan, longest: int, record: int, now: int) -> None:
    """Choose a move along a critical path of length ``longest``: ``scan.best``, and ``scan.other`` for want of it.

    Tabu moves are allowed where they promise less than ``record``.
    """
    scan.best[ESTIMATE], scan.best[TIES] = NOTHING, 0
    scan.other[ESTIMATE], scan.other[TIES] = NOTHING, 0
    end = len(scan.path)
    i = critical_path(shop, plan, scan, longest)
    for j in range(i, end):
        x = scan.path[j]
        if shop.option_start[x + 1] - shop.option_start[x] > 1:
            _try_machines(shop, plan, scan, record, now, x)
    while i < end:
        j = i
        while j + 1 < end and plan.before[scan.path[j + 1]] == scan.path[j]:
            j += 1
        if j > i:
            _try_block(shop, plan, scan, record, now, scan.path[i], scan.path[j])
        i = j + 1


@inlined
def _try_block(shop: Shop, plan: Plan, scan: Scan, record: int, now: int, first: int, last: int) -> None:
    """Look at the moves within the block from ``first`` to ``last``."""
    start = shop.machine_start[plan.machine[first]]
    low, high = plan.place[first], plan.place[last]
    # Before the first operation of a path, and behind its last, there is nothing to gain.
    ahead = plan.head[first] > 0
    behind = plan.tail[last] > 0
    begin = low + 1 if ahead and high - low <= REACH else max(low, high - REACH)
    for kind in range(4):
        if kind < 2:
            between = range(low + 1 + kind, min(high, low + REACH) + 1 if ahead else 0)
        else:
            between = range(begin, high + 2 - kind if behind else 0)
        for i in between:
            if kind == 0:
                source, target = i, low
            elif kind == 1:
                source, target = low, i
            elif kind == 2:
                source, target = i, high
            else:
                source, target = high, i
            _try_shift(shop, plan, scan, record, now, start, source, target)


@inlined
def _try_shift(shop: Shop, plan: Plan, scan: Scan, record: int, now: int, start: int, source: int, target: int) -> None:
    """Look at moving the operation at place ``source`` of the sequence from ``start`` on to place ``target``."""
    x, y = plan.sequence[start + source], plan.sequence[start + target]
    if source < target:
        if not may_follow(shop, plan, x, y):
            return
    elif not may_precede(shop, plan, x, y):
        return
    estimate = shifted(plan, scan, start, source, target, scan.best[ESTIMATE])
    if estimate > scan.best[ESTIMATE]:
        return
    tabu = False
    if estimate >= record:
        step = 1 if target > source else -1
        for i in range(source + step, target + step, step):
            y = plan.sequence[start + i]
            if order_is_tabu(scan.memory, now, y, x) if step > 0 else order_is_tabu(scan.memory, now, x, y):
                tabu = True
                break
    _offer(scan, tabu, estimate, x, plan.machine[x], target)


@inlined
def may_follow(shop: Shop, plan: Plan, x: int, y: int) -> bool:
    """Whether ``x`` may go right behind ``y``, later on its machine: no path leads from a successor of x to y."""
    for i in range(shop.successor_start[x], shop.successor_start[x + 1]):
        s = shop.successor[i]
        if s == y or (
            plan.time[y] + plan.tail[y] < plan.time[s] + plan.tail[s] and plan.head[y] >= plan.head[s] + plan.time[s]
        ):
            return False
    return True


@inlined
def may_precede(shop: Shop, plan: Plan, x: int, y: int) -> bool:
    """Whether ``x`` may go right before ``y``, earlier on its machine: no path leads from y to a predecessor of x."""
    for i in range(shop.predecessor_start[x], shop.predecessor_start[x + 1]):
        p = shop.predecessor[i]
        if p == y or (
            plan.head[y] + plan.time[y] < plan.head[p] + plan.time[p] and plan.tail[y] >= plan.tail[p] + plan.time[p]
        ):
            return False
    return True


@inlined
def shifted(plan: Plan, scan: Scan, start: int, source: int, target: int, bound: int) -> int:
    """The longest path through the operations that a shift within a machine touches; or a value above ``bound``.

    Exact where no other path between them leads through other machines, else an estimate.
    """
    low, high = min(source, target), max(source, target)
    count = high - low + 1
    if source < target:
        for i in range(count - 1):
            scan.segment[i] = plan.sequence[start + low + 1 + i]
        scan.segment[count - 1] = plan.sequence[start + source]
    else:
        for i in range(count - 1):
            scan.segment[i + 1] = plan.sequence[start + low + i]
        scan.segment[0] = plan.sequence[start + source]
    ready = 0
    p = plan.before[plan.sequence[start + low]]
    if p >= 0:
        ready = plan.head[p] + plan.time[p]
    for i in range(count):
        x = scan.segment[i]
        head = max(ready, plan.job_head[x])
        scan.segment_head[i] = head
        ready = head + plan.time[x]
    rest = 0
    s = plan.after[plan.sequence[start + high]]
    if s >= 0:
        rest = plan.time[s] + plan.tail[s]
    longest = 0
    for i in range(count - 1, -1, -1):
        x = scan.segment[i]
        rest = max(rest, plan.job_tail[x]) + plan.time[x]
        longest = max(longest, scan.segment_head[i] + rest)
        if longest > bound:
            break
    return longest


@inlined
def _try_machines(shop: Shop, plan: Plan, scan: Scan, record: int, now: int, x: int) -> None:
    """Look at moving ``x`` to each of its other machines."""
    for option in range(shop.option_start[x], shop.option_start[x + 1]):
        k = shop.option_machine[option]
        if k == plan.machine[x]:
            continue
        time = shop.option_time[option]
        least = plan.job_head[x] + time + plan.job_tail[x]
        if least > scan.best[ESTIMATE]:
            continue
        tabu = machine_is_tabu(scan.memory, now, x, k)
        if tabu and least >= record and scan.best[ESTIMATE] < NOTHING:
            continue
        low, high = insertion_range(shop, plan, x, k)
        start, length = shop.machine_start[k], plan.length[k]
        for index in range(low, high + 1):
            head, rest = plan.job_head[x], plan.job_tail[x]
            if index > 0:
                p = plan.sequence[start + index - 1]
                head = max(head, plan.head[p] + plan.time[p])
            if index < length:
                s = plan.sequence[start + index]
                rest = max(rest, plan.time[s] + plan.tail[s])
            estimate = head + time + rest
            if estimate <= scan.best[ESTIMATE]:
                _offer(scan, tabu and estimate >= record, estimate, x, k, index)


@inlined
def insertion_range(shop: Shop, plan: Plan, x: int, machine: int) -> tuple[int, int]:
    """First and last index at which ``x`` may go into the sequence of another ``machine``.

    No cycle is closed within, and no index outside of it is better.
    """
    start, length = shop.machine_start[machine], plan.length[machine]
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        y = plan.sequence[start + middle]
        if plan.head[y] + plan.time[y] > plan.job_head[x]:
            high = middle
        else:
            low = middle + 1
    early = low
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        y = plan.sequence[start + middle]
        if plan.time[y] + plan.tail[y] <= plan.job_tail[x]:
            high = middle
        else:
            low = middle + 1
    return min(early, low), max(early, low)


@inlined
def _offer(scan: Scan, tabu: bool, estimate: int, x: int, machine: int, index: int) -> None:
    """Keep a move if it is the best so far, or as good and lucky."""
    choice = scan.best
    if tabu:
        choice = scan.other
        choice[TIES] += 1
    elif estimate < choice[ESTIMATE]:
        choice[TIES] = 1
    else:
        choice[TIES] += 1
    if choice[TIES] == 1 or draw(scan.generator, choice[TIES]) == 0:
        choice[ESTIMATE], choice[OPERATION], choice[MACHINE], choice[INDEX] = estimate, x, machine, index
