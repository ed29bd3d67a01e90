"""A first plan without anyone's help: list scheduling by the most work remaining."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from workers.search.jobshop.arrays import Indices, Seconds, Shop
from workers.search.kernel import making


@making
def work_remaining(shop: Shop, rest: Seconds) -> None:
    """``rest``: the longest chain of fastest times from each operation's start to the end of its job."""
    n = len(shop.release)
    waits = np.empty(n, np.int32)
    queue = np.empty(n, np.int32)
    count = 0
    for x in range(n):
        waits[x] = shop.successor_start[x + 1] - shop.successor_start[x]
        rest[x] = shop.tail[x]
        if waits[x] == 0:
            queue[count] = x
            count += 1
    for i in range(n):
        x = queue[i]
        least = shop.option_time[shop.option_start[x]]
        for j in range(shop.option_start[x], shop.option_start[x + 1]):
            least = min(least, shop.option_time[j])
        rest[x] += least
        for j in range(shop.predecessor_start[x], shop.predecessor_start[x + 1]):
            p = shop.predecessor[j]
            rest[p] = max(rest[p], rest[x] + shop.delay[x])
            waits[p] -= 1
            if waits[p] == 0:
                queue[count] = p
                count += 1


@making
def list_schedule(shop: Shop, priority: Seconds, machine: Indices, order: Indices) -> None:
    """Make a plan: always the operation that can start first on the machine that completes it first.

    The greater ``priority`` (n,) breaks ties. Fills ``machine`` and ``order``, both (n,).
    """
    n = len(shop.release)
    ready = shop.release.copy()
    free = np.zeros(len(shop.machine), np.int64)
    waits = np.empty(n, np.int32)
    heap: list[tuple[Any, Any, Any]] = [(0, 0, 0)]
    heap.clear()
    for x in range(n):
        waits[x] = shop.predecessor_start[x + 1] - shop.predecessor_start[x]
        if waits[x] == 0:
            heapq.heappush(heap, (ready[x], -priority[x], x))
    count = 0
    while len(heap) > 0:
        at, _, x = heapq.heappop(heap)
        end, chosen, start = -1, 0, 0
        for j in range(shop.option_start[x], shop.option_start[x + 1]):
            begin = max(ready[x], free[shop.option_machine[j]])
            if end < 0 or begin + shop.option_time[j] < end:
                start, end, chosen = begin, begin + shop.option_time[j], shop.option_machine[j]
        if start > at:
            heapq.heappush(heap, (start, -priority[x], x))
            continue
        machine[x], order[count], free[chosen] = chosen, x, end
        count += 1
        for j in range(shop.successor_start[x], shop.successor_start[x + 1]):
            s = shop.successor[j]
            ready[s] = max(ready[s], end + shop.delay[s])
            waits[s] -= 1
            if waits[s] == 0:
                heapq.heappush(heap, (ready[s], -priority[s], np.int64(s)))
