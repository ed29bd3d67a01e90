"""Open time as a coordinate, so that on one machine the closed hours vanish.

The coordinate of an instant is the open time between second zero and it. Work of 3 h takes 3 h of coordinate wherever
it stands, and so does a setup; only where the clock matters (other machines, dates, the makespan) is a coordinate
turned back. One coordinate at the border of two open intervals has two instants: work ends in the earlier one and
starts in the later one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from models.shop.calendar import OpenTime


@dataclass(frozen=True, slots=True)
class Gap:
    """Closed time of ``length`` that lies at ``coordinate`` of open time."""

    coordinate: int
    length: int


class Axis:
    """Open intervals of one calendar between second zero and ``reach``, in ``unit`` seconds.

    Every border of an interval must be a multiple of ``unit``. Instants beyond ``reach`` count as ``reach``.
    """

    def __init__(self, opened: OpenTime, reach: int, unit: int = 1) -> None:
        self.always = opened.always
        rows = [(0, reach)] if opened.always else open_intervals(opened, reach)
        self.starts = [start // unit for start, _ in rows]
        self.ends = [end // unit for _, end in rows]
        self.coordinates: list[int] = []
        passed = 0
        for start, end in zip(self.starts, self.ends, strict=True):
            self.coordinates.append(passed)
            passed += end - start
        self.length = passed

    def coordinate(self, instant: int) -> int:
        """Open time before ``instant``: the least coordinate of a start from it on, the greatest of an end by it."""
        k = bisect_right(self.starts, instant) - 1
        return 0 if k < 0 else self.coordinates[k] + min(instant, self.ends[k]) - self.starts[k]

    def start(self, coordinate: int) -> int:
        """The instant of a start at ``coordinate``."""
        k = max(0, bisect_right(self.coordinates, coordinate) - 1)
        return coordinate - self.coordinates[k] + self.starts[k]

    def end(self, coordinate: int) -> int:
        """The instant of an end at ``coordinate``."""
        k = max(0, bisect_left(self.coordinates, coordinate) - 1)
        return coordinate - self.coordinates[k] + self.starts[k]

    def gaps(self, first: int, last: int) -> list[Gap]:
        """The gaps at the coordinates ``first`` to ``last``, both included; before the first opening there is none."""
        found = range(max(1, bisect_left(self.coordinates, first)), bisect_right(self.coordinates, last))
        return [Gap(self.coordinates[k], self.starts[k] - self.ends[k - 1]) for k in found]


def open_intervals(opened: OpenTime, reach: int) -> list[tuple[int, int]]:
    """The open intervals of [0, reach), clipped to it."""
    clipped = ((max(0, start), min(reach, end)) for start, end in opened.intervals(0, reach))
    return [(start, end) for start, end in clipped if start < end]
