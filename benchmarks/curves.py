"""How values fall over time: gaps to a reference, read at any moment, averaged over problems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median

Points = Sequence[tuple[float, float]]
"""(seconds, value), better and better."""

EXACT = 1e-6
"""Smaller gaps (as a share) are the rounding of hours to six decimals."""

STEPS_A_DECADE = 24


def gap(value: float | None, reference: float) -> float:
    """How far a value lies above a reference, in percent of it; infinite where there is no value."""
    if value is None:
        return math.inf
    if not reference:
        return 0.0 if not value else math.inf
    share = value / reference - 1.0
    return 0.0 if abs(share) < EXACT else 100.0 * share


def times(first: float, last: float) -> list[float]:
    """Moments from ``first`` to ``last``, evenly on a logarithmic axis."""
    count = max(1, math.ceil(STEPS_A_DECADE * math.log10(last / first)))
    return [first * (last / first) ** (step / count) for step in range(count + 1)]


def middle(gaps: Sequence[float]) -> float:
    """The median over seeds; with an infinite one in the middle it is infinite."""
    return median(gaps) if all(math.isfinite(one) for one in gaps) else sorted(gaps)[len(gaps) // 2]


def mean_curve(runs: Mapping[str, Sequence[Points]], references: Mapping[str, float], at: Sequence[float]) -> Points:
    """(seconds, mean over problems of the median over seeds of the gap), from when each problem has a plan."""
    found = []
    for moment in at:
        mean = fmean(
            middle([gap(_value(points, moment), references[name]) for points in seeds]) for name, seeds in runs.items()
        )
        if math.isfinite(mean):
            found.append((moment, mean))
    return found


def _value(points: Points, moment: float) -> float | None:
    last = None
    for at, value in points:
        if at > moment:
            break
        last = value
    return last
