"""What problems a policy was trained for, and how far outside of that a problem is.

An envelope is a table of the card: ``unknown`` names rules that the policy plans as if they were not there, and each of
MEASURES has the least and the greatest mean value among the shops of the training. A distance of 1 is a factor of two
beyond that range; outside is what is further. Below the range of a measure of AT_MOST nothing is outside.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.shop.problem import Problem
from workers.ppo.shop import Shop

MEASURES = {
    "operations_a_job": "operations a job",
    "operations_a_machine": "operations a machine that may run one",
    "setup_ratio": "mean setup time over mean processing time",
    "closed_share": "closed share of the machines' time",
}

LEAST = {"setup_ratio": 0.05, "closed_share": 0.05}
"""Below this a measure counts as this: a little of something is as good as none."""

AT_MOST = ("operations_a_machine",)
"""With less of this than in training there is less to get wrong: machines that few operations compete for. Measured by
``nightshift bench policy`` on plants with a fifth to two operations a machine."""

MOST_DISTANCE = 1.0

UNKNOWN = ("operators", "lots", "end_before", "lcd_hard", "pinned")
"""Rules that the compiled shop does not hold: the timeline keeps them, but the policy cannot plan for them."""


@dataclass(frozen=True)
class Fit:
    """How a problem lies to an envelope. ``outside`` says in one sentence why it is outside; None where it is not."""

    distance: float
    outside: str | None


def measures(shop: Shop) -> dict[str, float]:
    """The measures of a shop with at least one operation."""
    operations = len(shop.job)
    return {
        "operations_a_job": operations / max(1, int((shop.size > 0).sum())),
        "operations_a_machine": operations / max(1, int((np.diff(shop.user_first) > 0).sum())),
        "setup_ratio": shop.mean_setup / max(1.0, float(shop.shortest.mean())),
        "closed_share": 1.0 - float(shop.open_share.mean()),
    }


def envelope_of(shops: Sequence[Shop], unknown: Collection[str] = UNKNOWN) -> dict[str, Any]:
    """The envelope of a policy that was trained on such shops, out of problems without the ``unknown`` rules."""
    rows = [measures(shop) for shop in shops]
    ranges = {name: [min(row[name] for row in rows), max(row[name] for row in rows)] for name in MEASURES}
    return {
        "unknown": [rule for rule in UNKNOWN if rule in unknown],
        **{name: [round(float(v), 4) for v in row] for name, row in ranges.items()},
    }


def fit(envelope: Mapping[str, Any], problem: Problem, jobs: Sequence[int], shop: Shop) -> Fit:
    """How far outside of the envelope the ``jobs`` of a problem are; ``shop`` holds their operations."""
    held = rules(problem, jobs)
    foreign = [rule for rule in envelope.get("unknown", ()) if rule in held]
    if foreign:
        return Fit(math.inf, f"it was not trained with {', '.join(foreign)}")
    distance, farthest = 0.0, ""
    for name, value in measures(shop).items():
        least, most = (max(LEAST.get(name, 1e-9), float(limit)) for limit in envelope[name])
        shown = max(LEAST.get(name, 1e-9), value)
        below = 0.0 if name in AT_MOST else math.log2(least / shown)
        beyond = max(0.0, math.log2(shown / most), below)
        if beyond > distance:
            distance = beyond
            times = f"{2**beyond:.3g} times {'less' if below > 0 else 'more'}"
            farthest = (
                f"{MEASURES[name]}: {value:.3g} is {times} than the {least:.3g} to {most:.3g} that it was trained "
                f"with, and {2**MOST_DISTANCE:g} times is the most it is asked for"
            )
    return Fit(distance, farthest if distance > MOST_DISTANCE else None)


def rules(problem: Problem, jobs: Sequence[int]) -> set[str]:
    """Those of UNKNOWN that ``jobs`` of a problem have."""
    found = set()
    for job in (problem.jobs[index] for index in jobs):
        if job.due_hard and job.due is not None:
            found.add("lcd_hard")
        for operation in (problem.operations[number] for number in job.operations):
            if operation.skill is not None:
                found.add("operators")
            if operation.max_lots > 1:
                found.add("lots")
            if operation.end_before is not None:
                found.add("end_before")
    if any(not work.completed and work.start > 0 for work in problem.fixed):
        found.add("pinned")
    return found
