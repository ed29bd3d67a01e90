"""Reproducible planning: rules and search steps are counted, not timed, so that the same input gives the same plan.

A request's seconds are turned into counts at rates that one core of an ordinary machine keeps up with; how many
processes there are plays no part, as one does all. Only the deadline's grace can cut a run short; the report says so.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice

from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.timeline import replay
from workers.dispatch.portfolio import Dispatcher, attempts
from workers.engine import Limits, Report, Watch
from workers.search.choice import searcher

PLACINGS_A_SECOND = 2000
"""Operations that a rule places in a second."""

STAGES = 10
"""Parts of the search, each at its own temperature; between them the wish to stop is heard."""

GRACE, GRACE_SECONDS = 5.0, 10.0
"""A run on a slow machine is cut short when it takes this many times its seconds, and so many more."""


class SteadyEngine:
    """Plans all jobs by rules, then by local search, in counted steps: the same plan for the same problem and seed."""

    name = "steady"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        """Plan the unfixed operations of ``jobs``; the deadline only says how much work to do."""
        begun = time.monotonic()
        seconds = problem.options.seconds
        calendars = Calendars(problem)
        dispatcher = Dispatcher(problem, jobs, calendars)
        work = dispatcher.work(False)
        count = max(1, int(0.1 * seconds * PLACINGS_A_SECOND / max(1, len(work.pieces))))
        plans = [dispatcher.plan(attempt) for attempt in islice(attempts(problem, work), count)]
        start = min(plans, key=lambda plan: plan.levels)
        best, decisions = start.levels, start.schedule.decisions()
        search = searcher(problem, jobs, calendars, limits.seed)
        search.adopt(start.schedule)
        cut = False
        for stage in range(STAGES):
            if watch.cancelled():
                break
            if time.monotonic() - begun > GRACE * seconds + GRACE_SECONDS:
                cut = True
                break
            if search.run_counted(0.8 * seconds / STAGES, 1 - stage / STAGES):
                found = search.decisions()
                value = evaluate(problem, replay(problem, found, jobs, calendars), jobs, calendars)
                if value < best:
                    best, decisions = value, found
                    watch.incumbent(value)
        parameters: dict[str, object] = {"search": search.name, "seed": limits.seed, "rules": len(plans)}
        parameters["reproducible"] = not cut
        return Report(self.name, decisions, "feasible", seconds=time.monotonic() - begun, parameters=parameters)
