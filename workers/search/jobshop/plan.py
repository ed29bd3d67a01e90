"""A plan of the job shop in arrays: machine sequences with heads and tails, kept up to date move by move.

The plan is the acyclic graph of precedence and machine sequences. An operation's head is the length of the longest path
to its start, its tail that of the longest path from its end; head + time + tail is at most the makespan, and equal to
it for critical operations. A topological order of the graph is repaired in the window that a move disturbs (after D.
Pearce and P. Kelly, "A dynamic topological sort algorithm for directed acyclic graphs", JEA 11, 2007); heads and tails
are recomputed only where what they depend on has changed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.search.jobshop.arrays import Indices, Seconds, Shop
from workers.search.kernel import inlined, kernel


class Plan(NamedTuple):
    """Machine sequences with everything that follows from them; arrays of length n unless said."""

    machine: Indices
    time: Seconds
    """Processing time on that machine."""
    sequence: Indices
    """Operations of machine k in order, from ``shop.machine_start[k]`` on."""
    length: Indices
    """(m,): number of operations on each machine."""
    place: Indices
    """Index of each operation in its machine's sequence."""
    before: Indices
    """The operation before it on its machine, or -1."""
    after: Indices
    """The operation after it on its machine, or -1."""
    head: Seconds
    tail: Seconds
    job_head: Seconds
    """The part of the head that release, predecessors and delay make."""
    job_tail: Seconds
    """The part of the tail that successors, their delays and the shop's tail make."""
    order: Indices
    """All operations in a topological order."""
    position: Indices
    """The inverse of ``order``."""
    mark: npt.NDArray[np.uint8]
    """Scratch, all zero between calls."""
    buffer: Indices
    """Scratch."""


def empty_plan(shop: Shop) -> Plan:
    """A plan with room for the shop's operations, to be filled by ``load``."""
    n = len(shop.release)

    def indices(size: int = n) -> Indices:
        return np.zeros(size, np.int32)

    def seconds() -> Seconds:
        return np.zeros(n, np.int64)

    return Plan(
        machine=indices(),
        time=seconds(),
        sequence=indices(len(shop.option_machine)),
        length=indices(len(shop.machine)),
        place=indices(),
        before=indices(),
        after=indices(),
        head=seconds(),
        tail=seconds(),
        job_head=seconds(),
        job_tail=seconds(),
        order=indices(),
        position=indices(),
        mark=np.zeros(n, np.uint8),
        buffer=indices(),
    )


@inlined
def option_time(shop: Shop, operation: int, machine: int) -> int:
    """Processing time of an operation on one of its machines."""
    for i in range(shop.option_start[operation], shop.option_start[operation + 1]):
        if shop.option_machine[i] == machine:
            return shop.option_time[i]
    return -1


@kernel
def load(shop: Shop, plan: Plan, machine: Indices, order: Indices) -> int:
    """Fill ``plan``: each operation on its ``machine``, everywhere in ``order``, which must be topological.

    Returns the makespan.
    """
    for k in range(len(plan.length)):
        plan.length[k] = 0
    for i in range(len(order)):
        x = order[i]
        k = machine[x]
        start, index = shop.machine_start[k], plan.length[k]
        plan.machine[x], plan.time[x] = k, option_time(shop, x, k)
        plan.order[i], plan.position[x] = x, i
        plan.sequence[start + index], plan.place[x] = x, index
        plan.length[k] += 1
        plan.before[x], plan.after[x] = -1, -1
        if index > 0:
            last = plan.sequence[start + index - 1]
            plan.before[x], plan.after[last] = last, x
        renew_head(shop, plan, x)
    for i in range(len(order) - 1, -1, -1):
        renew_tail(shop, plan, order[i])
    return makespan(shop, plan)


@inlined
def makespan(shop: Shop, plan: Plan) -> int:
    """The length of the longest path."""
    longest = 0
    for i in range(len(shop.ends)):
        x = shop.ends[i]
        longest = max(longest, plan.head[x] + plan.time[x] + shop.tail[x])
    return longest


@inlined
def renew_head(shop: Shop, plan: Plan, x: int) -> bool:
    """Recompute the head of ``x`` from what comes before it; returns whether it has changed."""
    head = shop.release[x]
    for i in range(shop.predecessor_start[x], shop.predecessor_start[x + 1]):
        p = shop.predecessor[i]
        head = max(head, plan.head[p] + plan.time[p] + shop.delay[x])
    plan.job_head[x] = head
    p = plan.before[x]
    if p >= 0:
        head = max(head, plan.head[p] + plan.time[p])
    changed = head != plan.head[x]
    plan.head[x] = head
    return changed


@inlined
def renew_tail(shop: Shop, plan: Plan, x: int) -> bool:
    """Recompute the tail of ``x`` from what comes after it; returns whether it has changed."""
    tail = shop.tail[x]
    for i in range(shop.successor_start[x], shop.successor_start[x + 1]):
        s = shop.successor[i]
        tail = max(tail, shop.delay[s] + plan.time[s] + plan.tail[s])
    plan.job_tail[x] = tail
    s = plan.after[x]
    if s >= 0:
        tail = max(tail, plan.time[s] + plan.tail[s])
    changed = tail != plan.tail[x]
    plan.tail[x] = tail
    return changed


@inlined
def move(shop: Shop, plan: Plan, x: int, machine: int, index: int) -> None:
    """Take ``x`` out and put it on ``machine`` as number ``index`` of the operations there; must not close a cycle."""
    old_before, old_after = plan.before[x], plan.after[x]
    if old_before >= 0:
        plan.after[old_before] = old_after
    if old_after >= 0:
        plan.before[old_after] = old_before
    _resequence(shop, plan, x, machine, index)
    start = shop.machine_start[machine]
    new_before = plan.sequence[start + index - 1] if index > 0 else -1
    new_after = plan.sequence[start + index + 1] if index + 1 < plan.length[machine] else -1
    plan.before[x], plan.after[x] = -1, -1
    if new_before >= 0 and plan.position[new_before] > plan.position[x]:
        _sort_behind(shop, plan, x, new_before)
    elif new_after >= 0 and plan.position[new_after] < plan.position[x]:
        _sort_ahead(shop, plan, x, new_after)
    plan.before[x], plan.after[x] = new_before, new_after
    if new_before >= 0:
        plan.after[new_before] = x
    if new_after >= 0:
        plan.before[new_after] = x
    plan.machine[x], plan.time[x] = machine, option_time(shop, x, machine)
    _renew_heads(shop, plan, x, old_after, new_after)
    _renew_tails(shop, plan, x, old_before, new_before)


@inlined
def _resequence(shop: Shop, plan: Plan, x: int, machine: int, index: int) -> None:
    """Shift the sequences so that ``x`` stands at ``index`` of ``machine``."""
    old, place = plan.machine[x], plan.place[x]
    start = shop.machine_start[old]
    if old == machine:
        gap, end, at = start, index, index
    else:
        gap, end, at = shop.machine_start[machine], plan.length[old] - 1, plan.length[machine]
        plan.length[old] -= 1
        plan.length[machine] += 1
    for i in range(place, end):
        y = plan.sequence[start + i + 1]
        plan.sequence[start + i], plan.place[y] = y, i
    first = place if old == machine else at
    for i in range(first, index, -1):
        y = plan.sequence[gap + i - 1]
        plan.sequence[gap + i], plan.place[y] = y, i
    plan.sequence[gap + index], plan.place[x] = x, index


@inlined
def _sort_behind(shop: Shop, plan: Plan, x: int, target: int) -> None:
    """Move ``x`` and what depends on it behind ``target`` in the topological order."""
    first, last = plan.position[x], plan.position[target]
    kept, held = first, 0
    plan.mark[x] = 1
    for i in range(first, last + 1):
        y = plan.order[i]
        depends = plan.mark[y] == 1 or (plan.before[y] >= 0 and plan.mark[plan.before[y]] == 1)
        for j in range(shop.predecessor_start[y], shop.predecessor_start[y + 1]):
            depends = depends or plan.mark[shop.predecessor[j]] == 1
        if depends:
            plan.mark[y] = 1
            plan.buffer[held] = y
            held += 1
        else:
            plan.order[kept], plan.position[y] = y, kept
            kept += 1
    for i in range(held):
        y = plan.buffer[i]
        plan.order[kept + i], plan.position[y], plan.mark[y] = y, kept + i, 0


@inlined
def _sort_ahead(shop: Shop, plan: Plan, x: int, target: int) -> None:
    """Move ``x`` and what it depends on ahead of ``target`` in the topological order."""
    last, first = plan.position[x], plan.position[target]
    kept, held = last, 0
    plan.mark[x] = 1
    for i in range(last, first - 1, -1):
        y = plan.order[i]
        needed = plan.mark[y] == 1 or (plan.after[y] >= 0 and plan.mark[plan.after[y]] == 1)
        for j in range(shop.successor_start[y], shop.successor_start[y + 1]):
            needed = needed or plan.mark[shop.successor[j]] == 1
        if needed:
            plan.mark[y] = 1
            plan.buffer[held] = y
            held += 1
        else:
            plan.order[kept], plan.position[y] = y, kept
            kept -= 1
    for i in range(held):
        y = plan.buffer[i]
        plan.order[kept - i], plan.position[y], plan.mark[y] = y, kept - i, 0


@inlined
def _renew_heads(shop: Shop, plan: Plan, x: int, old_after: int, new_after: int) -> None:
    """Recompute the heads of ``x``, of what follows it now and did before, and of all that they change."""
    mark, position = plan.mark, plan.position
    first = last = position[x]
    mark[x] = 1
    for new in (False, True):
        y = new_after if new else old_after
        if y >= 0:
            mark[y] = 1
            first, last = min(first, position[y]), max(last, position[y])
    i = first
    while i <= last:
        y = plan.order[i]
        i += 1
        if mark[y] == 0:
            continue
        mark[y] = 0
        if not renew_head(shop, plan, y) and y != x:
            continue
        s = plan.after[y]
        if s >= 0:
            mark[s] = 1
            last = max(last, position[s])
        for j in range(shop.successor_start[y], shop.successor_start[y + 1]):
            s = shop.successor[j]
            mark[s] = 1
            last = max(last, position[s])


@inlined
def _renew_tails(shop: Shop, plan: Plan, x: int, old_before: int, new_before: int) -> None:
    """Recompute the tails of ``x``, of what precedes it now and did before, and of all that they change."""
    mark, position = plan.mark, plan.position
    first = last = position[x]
    mark[x] = 1
    for new in (False, True):
        y = new_before if new else old_before
        if y >= 0:
            mark[y] = 1
            first, last = min(first, position[y]), max(last, position[y])
    i = last
    while i >= first:
        y = plan.order[i]
        i -= 1
        if mark[y] == 0:
            continue
        mark[y] = 0
        if not renew_tail(shop, plan, y) and y != x:
            continue
        p = plan.before[y]
        if p >= 0:
            mark[p] = 1
            first = min(first, position[p])
        for j in range(shop.predecessor_start[y], shop.predecessor_start[y + 1]):
            p = shop.predecessor[j]
            mark[p] = 1
            first = min(first, position[p])
