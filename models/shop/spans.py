"""Arithmetic on sets of time: sorted lists of disjoint intervals [start, end) that do not touch."""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]
"""[start, end) in whole seconds, start < end."""


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The union as maximal intervals; the input may be in any order, overlap, touch or hold empty intervals."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def without(intervals: list[Interval], holes: list[Interval]) -> list[Interval]:
    """``intervals`` less ``holes``; both sorted and disjoint."""
    if not holes:
        return intervals
    left: list[Interval] = []
    first = 0
    for start, end in intervals:
        while first < len(holes) and holes[first][1] <= start:
            first += 1
        at = first
        while at < len(holes) and holes[at][0] < end:
            if holes[at][0] > start:
                left.append((start, holes[at][0]))
            start = holes[at][1]
            at += 1
        if start < end:
            left.append((start, end))
    return left


def common(some: list[Interval], others: list[Interval]) -> list[Interval]:
    """The time that both hold; both sorted and disjoint."""
    shared: list[Interval] = []
    i = j = 0
    while i < len(some) and j < len(others):
        start, end = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
        if start < end:
            shared.append((start, end))
        if some[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    return shared


def clipped(intervals: Iterable[Interval], first: int, last: int) -> list[Interval]:
    """The parts of sorted ``intervals`` that lie in [first, last)."""
    return [(max(a, first), min(b, last)) for a, b in intervals if a < last and b > first]
