"""Open time for compiled code: ``models.shop.open_time`` as arrays, expanded once up to a horizon.

An opening is a number: one distinct ``OpenTime``, or ALWAYS. All times are seconds from second zero, at least 0. What
lies beyond the horizon (or beyond MAX_SECONDS, where all plans end) is NEVER; up to there the answers equal those of
``OpenTime``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.shop.open_time import OpenTime
from models.shop.problem import MAX_SECONDS
from workers.search.kernel import kernel

ALWAYS = -1
"""The opening that never closes."""

NEVER = 1 << 40
"""Later than any plan; small enough that sums of a few such times do not overflow."""


class Openings(NamedTuple):
    """Open intervals of all openings, one after another.

    ``first`` (openings + 1): opening i has the intervals ``first[i]`` to ``first[i + 1] - 1``, maximal and in order,
    [``starts``, ``ends``) in seconds; ``before``: open seconds of the same opening before each interval.
    """

    first: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64]


def expand(times: Iterable[OpenTime], horizon: int) -> tuple[Openings, dict[int, int]]:
    """The openings of some open times up to ``horizon``, and the number of each by the ``id`` of its ``OpenTime``."""
    numbers: dict[int, int] = {}
    first, starts, ends, before = [0], [], [], []
    for opened in times:
        if id(opened) in numbers:
            continue
        if opened.always:
            numbers[id(opened)] = ALWAYS
            continue
        numbers[id(opened)] = len(first) - 1
        passed = 0
        for start, end in opened.intervals(0, min(horizon, MAX_SECONDS)):
            starts.append(start)
            ends.append(end)
            before.append(passed)
            passed += end - start
        first.append(len(starts))
    return Openings(*(np.array(column, np.int64) for column in (first, starts, ends, before))), numbers


@kernel
def bisect_right(values: npt.NDArray[np.int64], low: int, high: int, x: int) -> int:
    """The first index in [low, high] such that all values from there to ``high`` are greater than ``x``."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] <= x:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def next_open(openings: Openings, opening: int, t: int) -> int:
    """The first open second at or after ``t``."""
    if opening < 0:
        return t if t < MAX_SECONDS else NEVER
    last = openings.first[opening + 1]
    i = bisect_right(openings.ends, openings.first[opening], last, t)
    if i == last:
        return NEVER
    return max(t, openings.starts[i])


@kernel
def finish(openings: Openings, opening: int, start: int, seconds: int) -> int:
    """When ``seconds`` of open time have passed since ``start``, open or not."""
    if opening < 0:
        end = start + seconds
        return end if end <= MAX_SECONDS else NEVER
    if seconds <= 0:
        return start
    first, last = openings.first[opening], openings.first[opening + 1]
    i = bisect_right(openings.starts, first, last, start) - 1
    target = seconds
    if i >= first:
        end = start + seconds
        if end <= openings.ends[i]:
            return end
        target += openings.before[i] + min(start, openings.ends[i]) - openings.starts[i]
    else:
        i = first
    i = bisect_right(openings.before, min(i + 1, last), last, target - 1) - 1
    if i < first:
        return NEVER
    end = openings.starts[i] + target - openings.before[i]
    return end if end <= openings.ends[i] else NEVER


@kernel
def fit(openings: Openings, opening: int, t: int, seconds: int) -> int:
    """The earliest start from ``t`` on with ``seconds`` ahead in one open interval."""
    if opening < 0:
        return t if t + seconds <= MAX_SECONDS else NEVER
    last = openings.first[opening + 1]
    for i in range(bisect_right(openings.ends, openings.first[opening], last, t), last):
        start = max(t, openings.starts[i])
        if start + seconds <= openings.ends[i]:
            return start
    return NEVER


@kernel
def between(openings: Openings, opening: int, begin: int, end: int) -> int:
    """Open seconds in [begin, end); 0 where ``end`` is not after ``begin``."""
    if end <= begin:
        return 0
    if opening < 0:
        return end - begin
    return _passed(openings, opening, end) - _passed(openings, opening, begin)


@kernel
def _passed(openings: Openings, opening: int, t: int) -> int:
    """Open seconds from second zero to ``t``."""
    first = openings.first[opening]
    i = bisect_right(openings.starts, first, openings.first[opening + 1], t) - 1
    if i < first:
        return 0
    return openings.before[i] + min(t, openings.ends[i]) - openings.starts[i]
