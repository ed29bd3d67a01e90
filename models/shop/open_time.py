"""The open time of a machine, of an operator, or of both at once, expanded from its calendar as far as it is asked for.

All questions are answered by bisection over the open intervals known so far and the open seconds before each of them.
Calendars repeat without end; expansion stops where

- a plan ends anyway, at MAX_SECONDS,
- some MAX_INTERVALS intervals are held (three shifts with breaks for decades, single minutes for months), or
- a whole BARREN stretch after the last dated exception brought nothing: what a calendar does not do within 400 days,
  with both changes of daylight saving, it never does.

Beyond that the answer is None: it never happens.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from models.shop.problem import MAX_SECONDS
from models.shop.spans import Interval, clipped

DAY = 86_400
BARREN = 400 * DAY
FIRST_CHUNK = 28 * DAY
MAX_INTERVALS = 100_000

Source = Callable[[int, int], list[Interval]]
"""The open intervals of [first, last), clipped to it, sorted and disjoint."""


class OpenTime:
    """Open intervals [start, end), maximal, in seconds from second zero; they may reach before it.

    ``source`` None is open always. ``settled`` is the end of the last dated exception: from there on the calendar only
    repeats itself. ``most`` bounds the intervals that are held.
    """

    __slots__ = ("_before", "_ends", "_from", "_most", "_settled", "_source", "_starts", "_until", "always")

    def __init__(self, source: Source | None = None, settled: int = 0, most: int = MAX_INTERVALS) -> None:
        self.always = source is None
        self._source: Source = source or _everything
        self._settled = max(0, settled)
        self._most = most
        self._from = self._until = 0
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = [0]

    @property
    def settled(self) -> int:
        """The end of the last dated exception."""
        return self._settled

    @property
    def exhausted(self) -> bool:
        """Whether all intervals that may be held are: None may then mean later instead of never."""
        return len(self._starts) >= self._most

    def next_open(self, t: int) -> int | None:
        """The first open second at or after ``t``; None if it never opens again or only beyond MAX_SECONDS."""
        if self.always:
            return t if t < MAX_SECONDS else None
        if t < self._from:
            self._reach_back(t)
        while True:
            i = bisect_right(self._ends, t)
            if i < len(self._ends):
                return max(t, self._starts[i])
            if not self._expand(self._barren_from(t)):
                return None

    def finish(self, start: int, seconds: int) -> int | None:
        """When ``seconds`` of open time have passed since ``start``, open or not; None beyond MAX_SECONDS."""
        if self.always:
            end = start + seconds
            return end if end <= MAX_SECONDS else None
        if seconds <= 0:
            return start
        if start < self._from:
            self._reach_back(start)
        while True:
            if start < self._until:
                i = bisect_right(self._starts, start) - 1
                done = 0
                if i >= 0:
                    end = start + seconds
                    if end <= self._ends[i]:
                        return end
                    done = self._before[i] + min(start, self._ends[i]) - self._starts[i]
                target = done + seconds
                if target <= self._before[-1]:
                    j = bisect_left(self._before, target) - 1
                    return self._starts[j] + target - self._before[j]
            if not self._expand(self._barren_from(self._ends[-1] if self._ends else 0)):
                return None

    def fit(self, t: int, seconds: int) -> int | None:
        """The earliest start from ``t`` on with ``seconds`` ahead in one open interval; None if there is none."""
        if self.always:
            return t if t + seconds <= MAX_SECONDS else None
        if t < self._from:
            self._reach_back(t)
        i = bisect_right(self._ends, t)
        while True:
            starts, ends = self._starts, self._ends
            while i < len(ends):
                start = max(t, starts[i])
                if start + seconds <= ends[i]:
                    return start
                if ends[i] == self._until:
                    break
                i += 1
            growing = i < len(ends)
            if not self._expand(MAX_SECONDS if growing else self._barren_from(t)):
                return None

    def between(self, first: int, last: int) -> int:
        """Open seconds in [first, last); 0 where ``last`` is not after ``first``."""
        if last <= first:
            return 0
        if self.always:
            return last - first
        self._cover(first, last)
        return self._passed(last) - self._passed(first)

    def latest_start(self, end: int, seconds: int) -> int:
        """The latest open second from which ``seconds`` (at least 1) of open time pass before ``end``.

        Raises ValueError where there was not that much open time in the century before ``end``.
        """
        if self.always:
            return end - seconds
        self._cover(end, end)
        reach = FIRST_CHUNK
        while (target := self._passed(end) - seconds) < 0:
            if self._from <= -MAX_SECONDS:
                raise ValueError(f"there are no {seconds} s of open time before second {end}")
            self._reach_back(self._from - reach)
            reach *= 2
        i = bisect_right(self._before, target) - 1
        return self._starts[i] + target - self._before[i]

    def intervals(self, first: int, last: int) -> list[Interval]:
        """The open intervals of [first, last), clipped to it."""
        if last <= first:
            return []
        if self.always:
            return [(first, last)]
        self._cover(first, last)
        i, j = bisect_right(self._ends, first), bisect_left(self._starts, last)
        return clipped(zip(self._starts[i:j], self._ends[i:j], strict=True), first, last)

    def _passed(self, t: int) -> int:
        i = bisect_right(self._starts, t) - 1
        return 0 if i < 0 else self._before[i] + min(t, self._ends[i]) - self._starts[i]

    def _barren_from(self, t: int) -> int:
        """Where to give up if nothing new has come since ``t``."""
        return max(self._settled, t) + BARREN

    def _cover(self, first: int, last: int) -> None:
        if first < self._from:
            self._reach_back(first)
        while self._until < last and self._expand(last):
            pass

    def _expand(self, limit: int) -> bool:
        """Learn one chunk more, each as long as all before; False at ``limit`` or where expansion stops for good."""
        if self._until >= min(limit, MAX_SECONDS) or self.exhausted:
            return False
        known, held = self._until - self._from, len(self._starts)
        chunk = max(FIRST_CHUNK, min(known, known * (self._most - held) // max(1, held)))
        last = min(self._until + chunk, MAX_SECONDS)
        found = self._source(self._until, last)
        self._until = last
        if found and self._ends and found[0][0] == self._ends[-1]:
            self._ends[-1] = found[0][1]
            self._before[-1] += found[0][1] - found[0][0]
            del found[0]
        total = self._before[-1]
        for start, end in found:
            self._starts.append(start)
            self._ends.append(end)
            total += end - start
            self._before.append(total)
        return True

    def _reach_back(self, t: int) -> None:
        """Learn the past down to ``t``, at most a century before second zero; before that all counts as closed."""
        first = max(-MAX_SECONDS, min(t, self._from - max(FIRST_CHUNK, -self._from)))
        if first >= self._from:
            return
        found = self._source(first, self._from)
        self._from = first
        if found and self._starts and found[-1][1] == self._starts[0]:
            found[-1] = (found[-1][0], self._ends[0])
            del self._starts[0], self._ends[0]
        self._starts[:0] = [start for start, _ in found]
        self._ends[:0] = [end for _, end in found]
        total, self._before = 0, [0]
        for start, end in zip(self._starts, self._ends, strict=True):
            total += end - start
            self._before.append(total)


def _everything(first: int, last: int) -> list[Interval]:
    return [(first, last)]
