"""The compiled search as an engine: from the dispatch plan to the best plan by the deadline."""

from __future__ import annotations

import time
from collections.abc import Sequence

from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from workers.engine import Limits, Report, Watch
from workers.search.choice import searcher


class SearchEngine:
    """Plans a batch by local search from ``start`` (decisions), which the caller sets before ``solve``.

    Holds every rule of the problem form; what ``start`` leaves out stays out, and lots stay cut as it cuts them.
    """

    name = "search"

    def __init__(self) -> None:
        self.start: tuple[Decision, ...] = ()

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        """Plan the unfixed operations of ``jobs``."""
        begun = time.monotonic()
        calendars = Calendars(problem)
        schedule = replay(problem, self.start, jobs, calendars)
        best, decisions = evaluate(problem, schedule, jobs, calendars), schedule.decisions()
        search = searcher(problem, jobs, calendars, limits.seed)
        search.adopt(schedule)
        whole = max(1e-3, limits.seconds_left)
        while limits.seconds_left > 0 and not watch.cancelled():
            seconds = search.step_seconds(limits.seconds_left)
            if not search.run(seconds, lambda: limits.seconds_left / whole, watch.cancelled, 0):
                continue
            found = search.decisions()
            value = evaluate(problem, replay(problem, found, jobs, calendars), jobs, calendars)
            if value < best:
                best, decisions = value, found
                watch.incumbent(value)
        parameters: dict[str, object] = {"search": search.name, "seed": limits.seed}
        return Report(self.name, decisions, "feasible", seconds=time.monotonic() - begun, parameters=parameters)
