"""A first plan by dispatching: whenever a machine comes free it takes the waiting piece of the greatest index.

The index is the logarithm of apparent tardiness cost (A. Vepsalainen and T. Morton, Management Science 33, 1987), with
setup counted as processing; the square of the time on the machine over the shortest keeps work from slow machines.
"""

from __future__ import annotations

import numpy as np

from workers.search.kernel import inner, kernel
from workers.search.line import Lines, append, setup_seconds
from workers.search.opening import NEVER, Openings
from workers.search.parallel.state import (
    AS,
    DUE,
    FLOW,
    LATE,
    LATEST,
    OF,
    ON,
    READY,
    TAKES,
    TARDY,
    USABLE,
    WAITS,
    Floats,
    Integers,
    State,
)

LOOK_AHEAD = (0.5, 1.0, 2.0)
"""Mean processing times within which a due date counts."""


class Queue:
    """Scratch of a dispatch: each machine's waiting options, its line, and each piece's index without its due date."""

    def __init__(self, s: State) -> None:
        machines = len(s.machines)
        self.worth: Floats = worth(s)
        self.shortest = shortest(s)
        self.by_machine = np.argsort(s.options[:, ON], kind="stable").astype(np.int64)
        count = np.bincount(s.options[:, ON], minlength=machines)
        self.lines = np.zeros((machines, 6), np.int64)
        self.lines[:, 4] = np.cumsum(count) - count
        self.lines[:, 5] = np.cumsum(count)


def shortest(s: State) -> Integers:
    """Each piece's seconds on its fastest machine."""
    found = np.full(len(s.facts), NEVER, np.int64)
    np.minimum.at(found, s.options[:, OF], s.options[:, TAKES])
    return found


def worth(s: State) -> Floats:
    """The logarithm of what finishing each piece a second earlier saves once it is late, times its shortest time."""
    fastest = shortest(s)
    mean = max(1.0, float(fastest.mean())) if len(fastest) else 1.0
    saved: Floats = np.log(np.maximum(1e-9, s.money[:, LATE] + s.money[:, FLOW] + s.money[:, TARDY] / mean) * fastest)
    return saved


def dispatched(s: State, lines: Lines, openings: Openings, look_ahead: float) -> tuple[Integers, Integers]:
    """(option of each piece, NOWHERE where it found no place; rank in which it was placed)."""
    queue = Queue(s)
    count = len(s.facts)
    option, rank = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    heap = np.zeros((len(s.machines), 2), np.int64)
    mean = max(1.0, float(queue.shortest.mean())) if count else 1.0
    _dispatch(s, lines, openings, queue.worth, queue.by_machine, queue.lines, heap, look_ahead * mean, option, rank)
    return option, rank


@kernel
def _dispatch(
    s: State,
    lines: Lines,
    openings: Openings,
    value: Floats,
    waiting: Integers,
    line: Integers,
    heap: Integers,
    horizon: float,
    option: Integers,
    rank: Integers,
) -> None:
    """``line`` (machines x 6): end, family, gap, unused, first and last of its ``waiting`` options."""
    size = 0
    for m in range(len(line)):
        line[m, 0], line[m, 1], line[m, 2] = lines.end[m], lines.family[m], lines.gap[m]
        if s.machines[m, USABLE] == 1 and line[m, 4] < line[m, 5]:
            size = push(heap, size, lines.end[m], m)
    placed = 0
    while size > 0:
        t, m = heap[0, 0], heap[0, 1]
        size = pop(heap, size)
        best, best_index, soonest = -1, -1e300, NEVER
        kept = line[m, 4]
        for i in range(line[m, 4], line[m, 5]):
            o = waiting[i]
            j = s.options[o, OF]
            if option[j] >= 0:
                continue
            waiting[kept] = o
            kept += 1
            ready = s.facts[j, READY]
            if ready > t:
                soonest = min(soonest, ready)
                continue
            seconds = s.options[o, TAKES]
            if lines.matrix[m] >= 0:
                seconds += setup_seconds(lines, m, line[m, 1], s.options[o, AS])
            index = value[j] - 2.0 * np.log(float(seconds)) - max(0, s.facts[j, DUE] - seconds - t) / horizon
            if index > best_index:
                best, best_index = o, index
        line[m, 5] = kept
        if best < 0:
            if soonest < NEVER:
                size = push(heap, size, soonest, m)
            continue
        j = s.options[best, OF]
        _, stop, _, gap = append(
            lines,
            openings,
            m,
            line[m, 0],
            line[m, 1],
            line[m, 2],
            s.options[best, AS],
            s.facts[j, READY],
            s.options[best, TAKES],
            s.facts[j, LATEST],
            s.facts[j, WAITS] == 1,
        )
        if stop >= NEVER:
            # it fits this machine no more: it is nobody's here
            for i in range(line[m, 4], kept):
                if waiting[i] == best:
                    waiting[i] = waiting[kept - 1]
                    line[m, 5] = kept - 1
                    break
        else:
            line[m, 0], line[m, 1], line[m, 2] = stop, s.options[best, AS], gap
            option[j], rank[j] = best, placed
            placed += 1
        size = push(heap, size, max(t, line[m, 0]), m)


@inner
def push(heap: Integers, size: int, t: int, m: int) -> int:
    """Puts (second, machine) on the heap; its new size."""
    i = size
    while i > 0:
        above = (i - 1) >> 1
        if heap[above, 0] < t or (heap[above, 0] == t and heap[above, 1] <= m):
            break
        heap[i, 0], heap[i, 1] = heap[above, 0], heap[above, 1]
        i = above
    heap[i, 0], heap[i, 1] = t, m
    return size + 1


@inner
def pop(heap: Integers, size: int) -> int:
    """Takes the first off the heap; its new size."""
    size -= 1
    t, m = heap[size, 0], heap[size, 1]
    i = 0
    while True:
        below = 2 * i + 1
        if below >= size:
            break
        other = below + 1
        if other < size and (
            heap[other, 0] < heap[below, 0] or (heap[other, 0] == heap[below, 0] and heap[other, 1] < heap[below, 1])
        ):
            below = other
        if t < heap[below, 0] or (t == heap[below, 0] and m <= heap[below, 1]):
            break
        heap[i, 0], heap[i, 1] = heap[below, 0], heap[below, 1]
        i = below
    heap[i, 0], heap[i, 1] = t, m
    return size
