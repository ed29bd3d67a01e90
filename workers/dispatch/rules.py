"""Priority rules: a score for each waiting piece of work; the greatest goes first.

Sources: R. Haupt, "A survey of priority rule-based scheduling", OR Spektrum 11 (1989) for SPT, LPT, EDD, MWKR and MOR;
A. Vepsalainen and T. Morton, "Priority rules for job shops with weighted tardiness costs", Management Science 33 (1987)
for ATC; Y. Lee, K. Bhaskaran and M. Pinedo, "A heuristic to minimize the total weighted tardiness with sequence-
dependent setups", IIE Transactions 29 (1997) for ATCS; M. Pinedo, "Scheduling", for least flexible job first (LFJ) and
shortest setup time first (SST).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workers.dispatch.work import Floats, Integers, Work

LOOK_AHEAD = (0.5, 1.0, 0.25, 2.0, 4.0)
"""ATC's look-ahead factors in the order they are tried: how many mean processing times ahead a due date counts."""

ROUTED_LOOK_AHEAD = (2.0, 1.0, 4.0, 0.5, 0.25)
"""The same for routed work, where jobs also wait between their operations and due dates have to count earlier."""

SETUP_LOOK_AHEAD = 0.5
"""ATCS's factor for setups: how many mean setup times cost a piece one unit of its logarithmic index."""

BOOST = 1e12
"""What a promoted job's pieces score above all others; far above any rule's own score, and still exact enough beside
it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A priority rule by name, with ATC's look-ahead factor ``k`` (0 for the other rules)."""

    name: str
    k: float = 0.0

    @property
    def moving(self) -> bool:
        """Whether scores change with time or with what ran before on the machine."""
        return self.name in ("atc", "sst")

    def scorer(self, work: Work, boost: Floats | None = None) -> Scorer:
        """The rule applied to some work; ``boost`` is added to each piece's score."""
        score = _atc(work, self.k) if self.name == "atc" else RULES[self.name](work)
        if boost is None:
            return score
        return lambda now, pieces, seconds, setup: score(now, pieces, seconds, setup) + boost[pieces]


Scorer = Callable[["Floats | float", Integers, Floats, "Floats | float"], Floats]
"""(now, pieces, their seconds and their setup seconds on the machine) -> scores."""


def _atc(work: Work, k: float) -> Scorer:
    """Apparent tardiness cost, as a logarithm; without due dates all jobs count as due together, far away.

    The square of the time on the machine over the piece's shortest time keeps work away from machines slow for it.
    """
    horizon = k * max(1.0, float(work.shortest.mean())) if len(work.pieces) else 1.0
    rest = work.tail - work.shortest
    value = np.log(work.weight * work.shortest)
    latest = work.due - rest
    setup_unit = SETUP_LOOK_AHEAD * max(1.0, work.mean_setup)

    def score(now: Floats | float, pieces: Integers, seconds: Floats, setup: Floats | float) -> Floats:
        index: Floats = value[pieces] - 2.0 * np.log(seconds) - setup / setup_unit
        if work.dated:
            return index - np.maximum(0.0, latest[pieces] - seconds - now) / horizon
        return index + (rest[pieces] + seconds) / horizon

    return score


def _by(values: Callable[[Work], Floats]) -> Callable[[Work], Scorer]:
    """A rule whose score belongs to the piece alone."""

    def made(work: Work) -> Scorer:
        fixed = values(work)
        return lambda _now, pieces, _seconds, _setup: fixed[pieces]

    return made


def _spt(_work: Work) -> Scorer:
    return lambda _now, _pieces, seconds, _setup: -seconds


def _sst(work: Work) -> Scorer:
    shortest = work.shortest / max(1.0, float(work.shortest.max(initial=0.0)))
    return lambda _now, pieces, _seconds, setup: shortest[pieces] - setup


RULES: dict[str, Callable[[Work], Scorer]] = {
    "spt": _spt,
    "lpt": _by(lambda work: work.shortest),
    "edd": _by(lambda work: -work.due - 1e-6 * work.shortest),
    "mwkr": _by(lambda work: work.tail),
    "mor": _by(lambda work: work.chain + work.tail / 1e9),
    "lfj": _by(lambda work: work.shortest / 1e9 - work.choices),
    "sst": _sst,
}
