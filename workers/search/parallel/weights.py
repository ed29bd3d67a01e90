"""The objective as one number: what lateness, completion, makespan and setups cost, level by level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from models.shop.objective import HOUR, LEVEL_UNIT
from models.shop.problem import Problem
from workers.search.parallel.state import FLOW, LATE, MAKESPAN, SETUP, TARDY, WORST, Floats

GUARD = 1e5
"""What a level before the target costs against it: nearly no worsening of it ever pays."""

TIE = 1e-7
"""What a level behind the target costs against it."""


class Weights(NamedTuple):
    """Costs in target seconds: 3600 of them are one hour (or count) of the target level.

    ``jobs`` (jobs x 3): the columns LATE, TARDY and FLOW of ``State.money``; ``shop``: ``State.weights``.
    """

    jobs: Floats
    shop: Floats


def weigh(problem: Problem, jobs: Iterable[int], target: int, *, alone: bool = False) -> Weights:
    """The weights of ``jobs`` where level ``target`` is to be made better.

    The levels before it are guarded, those behind it break ties; ``alone`` leaves both out.
    """
    factor: dict[str, float] = {}
    for number, level in enumerate(problem.objective):
        share = GUARD ** (target - number) if number <= target else TIE ** (number - target)
        for term, coefficient in level.items() if number == target or not alone else ():
            factor[term] = factor.get(term, 0.0) + share * coefficient * HOUR / LEVEL_UNIT

    def of(term: str) -> float:
        return factor.get(term, 0.0)

    rows = [problem.jobs[index] for index in jobs]
    weight = np.array([job.weight for job in rows], float)
    dated = np.array([job.due is not None for job in rows], bool)
    table = np.zeros((len(rows), 3))
    table[:, LATE] = (of("weighted_tardiness") * weight + of("total_tardiness") * 1000) * dated
    table[:, TARDY] = (of("weighted_tardy_jobs") * weight + of("tardy_jobs") * 1000) * HOUR * dated
    table[:, FLOW] = of("total_flow_time") * 1000
    shop = np.zeros(6)
    shop[MAKESPAN], shop[WORST] = of("makespan") * 1000, of("max_tardiness") * 1000
    shop[SETUP] = of("setup_time") * 1000
    return Weights(table, shop)
