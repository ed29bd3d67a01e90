"""Whether recent runs are worse than those before them, or it only looks so.

The test is the one-sided rank-sum test (Mann and Whitney 1947, Annals of Mathematical Statistics 18:1): times, gaps and
memory are skewed and have outliers, and a rank test assumes no distribution. One slow run, however slow, is one high
rank and proves nothing. The p-value is exact, ties included: the share of all ways to pick the recent runs out of all
runs whose ranks add up to as much or more (Lehmann, Nonparametrics, 1975, section 1.4). Of many tests made at once,
Holm's step-down bounds the chance that any of them speaks without cause (Holm 1979, Scandinavian Journal of Statistics
6:2). Evidence alone is not enough: the change must also be large enough to matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

ALPHA: Final = 0.01
"""The chance that, in one evaluation of all classes and measures, any regression is told where there is none."""

MATTERS: Final = 1.1
"""Medians less than this factor apart are no regression, however sure the difference is."""

RECENT_RUNS: Final = 6
LEAST_RECENT: Final = 5
BASELINE_RUNS: Final = 50
LEAST_BASELINE: Final = 20
"""With 5 recent runs against 20, all of them worse, p is 1 in 53,130: enough for 188 tests at once; 6 against 50 for
thousands."""

MAD_TO_DEVIATION: Final = 1.4826
"""Scales a median absolute deviation to the standard deviation of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The usual value of a measure in a class, and how far runs lie from it: robust against a third of odd runs."""

    median: float
    spread: float
    runs: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Recent runs against their baseline. ``change``: ratio of medians, above 1 is worse; ``p``: by chance alone."""

    baseline: Baseline
    recent: float
    change: float
    p: float


def baseline(values: Sequence[float]) -> Baseline:
    """Median and scaled median absolute deviation of at least one value."""
    middle = median(values)
    return Baseline(middle, MAD_TO_DEVIATION * median(abs(value - middle) for value in values), len(values))


def compare(recent: Sequence[float], before: Sequence[float], floor: float) -> Comparison | None:
    """Recent values against earlier ones; more is worse. None where there are too few of either.

    ``floor`` is added to both medians before they are divided: differences far below it do not matter.
    """
    if len(recent) < LEAST_RECENT or len(before) < LEAST_BASELINE:
        return None
    usual, now = baseline(before), median(recent)
    return Comparison(usual, now, (now + floor) / (usual.median + floor), rank_sum_p(recent, before))


def rank_sum_p(recent: Sequence[float], before: Sequence[float]) -> float:
    """Exact one-sided p-value that ``recent`` tends to be larger than ``before``, given the ties there are."""
    import numpy as np  # noqa: PLC0415  web processes read what was found, and compute nothing

    values = np.concatenate([recent, before])
    distinct, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    del distinct
    last = np.cumsum(counts)
    ranks = (2 * last - counts + 1)[inverse]  # twice the mean rank: whole numbers
    taken = len(recent)
    top = int(np.sort(ranks)[-taken:].sum())
    ways = np.zeros((taken + 1, top + 1))  # of picking so many runs whose doubled ranks add up to so much
    ways[0, 0] = 1.0
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : top + 1 - rank].copy()
    observed = int(ranks[:taken].sum())
    return float(ways[taken, observed:].sum() / ways[taken].sum())


def significant(p_values: Sequence[float], alpha: float = ALPHA) -> list[bool]:
    """Which of many tests speak, by Holm's step-down."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    told = [False] * len(p_values)
    for place, number in enumerate(order):
        if p_values[number] > alpha / (len(p_values) - place):
            break
        told[number] = True
    return told
