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


MOST_LOOKS = 100_000_000
"""Where a dispatch looks at waiting pieces more often than this, a second or more, one look-ahead is all."""


class Queue:
    """The waiting options of each machine, one machine after another, so that a look at them all reads memory in order.

    ``index``: the logarithm that counts without regard to due dates, ``latest``: the last second at which its piece is
    not late if begun then. ``lines`` (machines x 5): end, family and gap of each machine's line, first and last of its
    options.
    """

    def __init__(self, s: State) -> None:
        machines = len(s.machines)
        options = s.options[np.argsort(s.options[:, ON], kind="stable")]
        fastest = shortest(s)
        self.option = np.argsort(s.options[:, ON], kind="stable").astype(np.int64)
        self.piece = np.ascontiguousarray(options[:, OF])
        self.index: Floats = worth(s, fastest)[self.piece] - 2.0 * np.log(options[:, TAKES])
        self.latest = s.facts[self.piece, DUE] - options[:, TAKES]
        self.mean = max(1.0, float(fastest.mean())) if len(fastest) else 1.0
        count = np.bincount(s.options[:, ON], minlength=machines)
        self.lines = np.zeros((machines, 5), np.int64)
        self.lines[:, 3] = np.cumsum(count) - count
        self.lines[:, 4] = np.cumsum(count)


def shortest(s: State) -> Integers:
    """Each piece's seconds on its fastest machine."""
    found = np.full(len(s.facts), NEVER, np.int64)
    np.minimum.at(found, s.options[:, OF], s.options[:, TAKES])
    return found


def worth(s: State, fastest: Integers) -> Floats:
    """The logarithm of what finishing each piece a second earlier saves once it is late, times its shortest time."""
    mean = max(1.0, float(fastest.mean())) if len(fastest) else 1.0
    saved: Floats = np.log(np.maximum(1e-9, s.money[:, LATE] + s.money[:, FLOW] + s.money[:, TARDY] / mean) * fastest)
    return saved


def look_aheads(s: State) -> tuple[float, ...]:
    """The look-aheads worth their time."""
    queues = np.bincount(s.options[:, ON]).astype(float)
    looks = float((queues * queues).sum()) / 2 * len(s.facts) / max(1, len(s.options))
    return LOOK_AHEAD if looks <= MOST_LOOKS else LOOK_AHEAD[:1]


def dispatched(s: State, lines: Lines, openings: Openings, look_ahead: float) -> tuple[Integers, Integers]:
    """(option of each piece, NOWHERE where it found no place; rank in which it was placed)."""
    queue = Queue(s)
    count = len(s.facts)
    option, rank = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    heap = np.zeros((len(s.machines), 2), np.int64)
    _dispatch(
        s, lines, openings, queue.option, queue.piece, queue.index, queue.latest, queue.lines, heap,
        look_ahead * queue.mean, bool(s.facts[:, READY].any()), option, rank,
    )  # fmt: skip
    return option, rank


@kernel
def _dispatch(
    s: State,
    lines: Lines,
    openings: Openings,
    waiting: Integers,
    piece: Integers,
    value: Floats,
    latest: Integers,
    line: Integers,
    heap: Integers,
    horizon: float,
    released: bool,
    option: Integers,
    rank: Integers,
) -> None:
    """``waiting`` to ``line``: see ``Queue``; ``heap`` of (second, machine); ``released``: whether some work is so."""
    size = 0
    slope = 1.0 / horizon
    for m in range(len(line)):
        line[m, 0], line[m, 1], line[m, 2] = lines.end[m], lines.family[m], lines.gap[m]
        if s.machines[m, USABLE] == 1 and line[m, 3] < line[m, 4]:
            size = push(heap, size, lines.end[m], m)
    placed = 0
    while size > 0:
        t, m = heap[0, 0], heap[0, 1]
        size = pop(heap, size)
        best, best_index, soonest = -1, -1e300, NEVER
        setups = lines.matrix[m] >= 0
        kept = line[m, 3]
        for i in range(line[m, 3], line[m, 4]):
            j = piece[i]
            if option[j] >= 0:
                continue
            if kept < i:
                waiting[kept], piece[kept], value[kept], latest[kept] = waiting[i], j, value[i], latest[i]
            kept += 1
            if released and s.facts[j, READY] > t:
                soonest = min(soonest, s.facts[j, READY])
                continue
            index = value[kept - 1] - max(0, latest[kept - 1] - t) * slope
            if setups and index > best_index:
                seconds = s.options[waiting[kept - 1], TAKES]
                setup = setup_seconds(lines, m, line[m, 1], s.options[waiting[kept - 1], AS])
                index -= 2.0 * np.log((seconds + setup) / seconds)
            if index > best_index:
                best, best_index = kept - 1, index
        line[m, 4] = kept
        if best < 0:
            if soonest < NEVER:
                size = push(heap, size, soonest, m)
            continue
        o, j = waiting[best], piece[best]
        _, stop, _, gap = append(
            lines,
            openings,
            m,
            line[m, 0],
            line[m, 1],
            line[m, 2],
            s.options[o, AS],
            s.facts[j, READY],
            s.options[o, TAKES],
            s.facts[j, LATEST],
            s.facts[j, WAITS] == 1,
        )
        # it leaves this machine's queue: placed, or because it fits here no more
        last = kept - 1
        waiting[best], piece[best], value[best], latest[best] = waiting[last], piece[last], value[last], latest[last]
        line[m, 4] = last
        if stop < NEVER:
            line[m, 0], line[m, 1], line[m, 2] = stop, s.options[o, AS], gap
            option[j], rank[j] = o, placed
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
