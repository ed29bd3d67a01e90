"""Dispatching as an engine: the baseline, the fallback and the first plan."""

from __future__ import annotations

import time
from collections.abc import Sequence

from models.shop.problem import Problem
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits, Report, Watch


class DispatchEngine:
    """Plans with a portfolio of priority rules and keeps the best plan.

    Supports every rule of the problem form. The same input gives the same plan unless the deadline cuts the portfolio
    short; the seed plays no part. Even with a deadline in the past it answers with one complete plan.
    """

    name = "dispatch"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        """Plan the unfixed operations of ``jobs``."""
        begun = time.monotonic()
        plan = dispatch_plans(problem, jobs, limits, watch=watch)
        parameters: dict[str, object] = {
            "rule": plan.attempt.rule.name,
            "way": plan.attempt.way,
            "plans_tried": plan.tried,
        }
        if plan.attempt.rule.k:
            parameters["k"] = plan.attempt.rule.k
        if plan.attempt.cut:
            parameters["lots"] = True
        return Report(self.name, plan.decisions, "feasible", seconds=time.monotonic() - begun, parameters=parameters)
