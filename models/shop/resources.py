"""What machines and operators have on their hands: a line of one operation after another, or use up to a capacity."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.shop.open_time import OpenTime
from models.shop.problem import MAX_SECONDS, SetupMatrix


class Usage:
    """How much of a capacity is in use over time; keeps the maximal stretches in which all of it is."""

    __slots__ = ("_ends", "_levels", "_starts", "_times", "capacity")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._times: list[int] = [-2 * MAX_SECONDS, 2 * MAX_SECONDS]
        self._levels: list[int] = [0, 0]

    def add(self, start: int, end: int) -> None:
        """One more user in [start, end). More than the capacity are let pass: fixed work may contradict itself."""
        if start >= end:
            return
        if self.capacity == 1:
            self._fill(start, end)
            return
        first, last = self._step(start), self._step(end)
        for i in range(first, last):
            self._levels[i] += 1
            if self._levels[i] == self.capacity:
                self._fill(self._times[i], self._times[i + 1])

    def skip(self, t: int, seconds: int) -> int:
        """The earliest second at or after ``t`` with ``seconds`` of free capacity from there on."""
        starts, ends = self._starts, self._ends
        for i in range(bisect_right(ends, t), len(starts)):
            if starts[i] >= t + seconds:
                break
            t = ends[i]
        return t

    def conflict(self, start: int, end: int) -> int | None:
        """None where [start, end) is free, else the end of the last full stretch in it: nothing can start before."""
        i = bisect_left(self._starts, end) - 1
        return self._ends[i] if i >= 0 and self._ends[i] > start else None

    def _step(self, t: int) -> int:
        """The index of the step that begins at ``t``, made if there is none."""
        i = bisect_left(self._times, t)
        if self._times[i] != t:
            self._times.insert(i, t)
            self._levels.insert(i, self._levels[i - 1])
        return i

    def _fill(self, start: int, end: int) -> None:
        """Marks [start, end) as full, joined with the full stretches that it meets."""
        starts, ends = self._starts, self._ends
        if not ends or start > ends[-1]:
            starts.append(start)
            ends.append(end)
            return
        first, last = bisect_left(ends, start), bisect_right(starts, end)
        if first < last:
            start, end = min(start, starts[first]), max(end, ends[last - 1])
        starts[first:last] = [start]
        ends[first:last] = [end]


@dataclass(frozen=True, slots=True)
class Block:
    """Fixed work on a machine with no time in between: [start, end), begun in one family and left in another."""

    start: int
    end: int
    first_family: str | None
    last_family: str | None


class Line:
    """What stands and what was appended on one machine.

    A machine of capacity 1 keeps a line: ``end`` and ``family`` are those of the last appended operation, before any
    they are second zero and the family that it is set up for. ``blocks`` is fixed work after second zero, in order; gap
    i is the time before block i, and ``gap`` the one that ``end`` lies in. A machine of higher capacity has neither
    order nor setups, only its usage.
    """

    __slots__ = ("block_starts", "blocks", "end", "family", "gap", "matrix", "opened", "plain", "usages")

    def __init__(
        self,
        opened: OpenTime,
        capacity: int = 1,
        matrix: SetupMatrix | None = None,
        family: str | None = None,
        blocks: Sequence[Block] = (),
    ) -> None:
        self.opened = opened
        self.usages: tuple[Usage, ...] = () if capacity == 1 else (Usage(capacity),)
        self.matrix = matrix
        self.family = family
        self.blocks = blocks
        self.block_starts = [block.start for block in blocks]
        self.end = self.gap = 0
        self.plain = opened.always and matrix is None and not blocks and not self.usages

    @property
    def free(self) -> int:
        """The end of the last appended operation; where the capacity is higher, the first second with some left."""
        return self.usages[0].skip(0, 1) if self.usages else self.end

    def append(self, start: int, end: int, family: str | None) -> None:
        """Takes the machine (or a unit of its capacity) in [start, end)."""
        if self.usages:
            self.usages[0].add(start, end)
            return
        self.end, self.family = end, family
        if self.block_starts:
            self.gap = bisect_left(self.block_starts, end)

    def setup(self, before: str | None, after: str | None) -> int:
        """Setup time from one family to the next, in seconds."""
        return 0 if self.matrix is None else self.matrix.seconds(before, after)

    def earliest(
        self,
        family: str | None,
        ready: int,
        seconds: int,
        latest: int,
        opened: OpenTime,
        *,
        interruptible: bool,
        usages: Sequence[Usage] = (),
    ) -> tuple[int, int, int] | None:
        """(start, end, setup seconds) of the earliest place after what was appended, around fixed work, by ``latest``.

        ``opened`` is when work goes on (the machine's open time, shared with the operator's); setups need the machine's
        alone. ``usages`` are those of the operator; the machine's own is added. None where there is no such place.
        """
        gap, last = self.gap, len(self.block_starts)
        if gap < last and ready > self.end:
            gap = max(gap, bisect_right(self.block_starts, ready))
        usages = (*self.usages, *usages)
        while True:
            free, before = (self.end, self.family) if gap == self.gap else self._behind(gap - 1)
            t = max(ready, free)
            setup = self.setup(before, family)
            if setup:
                set_up = self.opened.finish(free, setup)
                if set_up is None:
                    return None
                t = max(t, set_up)
            if t >= latest:
                return None
            limit = self.block_starts[gap] if gap < last else latest
            spot = earliest_run(opened, usages, t, seconds, min(latest, limit), interruptible=interruptible)
            if spot is not None and (gap == last or self._leaves_setup(spot[1], family, gap)):
                return *spot, setup
            if gap == last:
                return None
            gap += 1

    def _behind(self, block: int) -> tuple[int, str | None]:
        return self.blocks[block].end, self.blocks[block].last_family

    def _leaves_setup(self, end: int, family: str | None, gap: int) -> bool:
        """Whether after ``end`` there is open time for the setup to the block that closes the gap."""
        block = self.blocks[gap]
        setup = self.setup(family, block.first_family)
        return setup == 0 or self.opened.between(end, block.start) >= setup


def earliest_run(
    opened: OpenTime, usages: Sequence[Usage], t: int, seconds: int, latest: int, *, interruptible: bool
) -> tuple[int, int] | None:
    """The earliest (start, end) from ``t`` on: by ``latest``, open at the start, free in all usages throughout."""
    while True:
        for usage in usages:
            t = usage.skip(t, seconds)
        if t + seconds > latest:
            return None
        start = opened.next_open(t) if interruptible else opened.fit(t, seconds)
        if start is None:
            return None
        end = opened.finish(start, seconds) if interruptible else start + seconds
        if end is None or end > latest:
            return None
        again = None
        for usage in usages:
            again = usage.conflict(start, end)
            if again is not None:
                break
        if again is None:
            return start, end
        t = again


def blocks(work: Iterable[tuple[int, int, str | None]]) -> list[Block]:
    """Fixed work (start, end, family), in order of start and end, as blocks; what meets or overlaps is one block."""
    found: list[Block] = []
    for start, end, family in work:
        last = found[-1] if found else None
        if last is None or start > last.end:
            found.append(Block(start, end, family, family))
        elif end >= last.end:
            found[-1] = Block(last.start, end, last.first_family, family)
    return found
