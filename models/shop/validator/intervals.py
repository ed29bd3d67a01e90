"""Set arithmetic over sorted lists of disjoint, non-touching half-open intervals [start, end) of whole seconds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

Interval = tuple[int, int]
Intervals = list[Interval]


def union(spans: Iterable[Interval]) -> Intervals:
    """The set that any ``spans`` cover; empty and reversed ones cover nothing, touching ones become one."""
    merged: Intervals = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def difference(left: Intervals, right: Intervals) -> Intervals:
    """What is in ``left`` but not in ``right``."""
    if not right:
        return left
    rest: Intervals = []
    index = 0
    for start, end in left:
        while index < len(right) and right[index][1] <= start:
            index += 1
        position, here = index, start
        while position < len(right) and right[position][0] < end:
            hole = right[position]
            if hole[0] > here:
                rest.append((here, hole[0]))
            here = max(here, hole[1])
            position += 1
        if here < end:
            rest.append((here, end))
    return rest


def intersection(left: Intervals, right: Intervals) -> Intervals:
    """What is in both."""
    both: Intervals = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i][0], right[j][0])
        end = min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return both


def clip(intervals: Intervals, first: int, last: int) -> Intervals:
    """What lies in [first, last)."""
    if first >= last:
        return []
    low = bisect_left(intervals, (first + 1,))
    if low and intervals[low - 1][1] > first:
        low -= 1
    high = bisect_left(intervals, (last,), low)
    part = intervals[low:high]
    if part:
        if part[0][0] < first:
            part[0] = (first, part[0][1])
        if part[-1][1] > last:
            part[-1] = (part[-1][0], last)
    return part


def length(intervals: Intervals) -> int:
    """Seconds covered."""
    return sum(end - start for start, end in intervals)
