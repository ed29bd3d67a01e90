"""CP-SAT as an engine: exact where a batch is small enough, with bounds, and never worse than its warm start."""

from __future__ import annotations

import time
from collections.abc import Sequence

from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from workers.cpsat.levels import Solve
from workers.cpsat.scope import scope
from workers.cpsat.unsupported import unsupported
from workers.engine import Levels, Limits, Report, Watch


class CpSatEngine:
    """Plans a batch with OR-Tools CP-SAT, level after level.

    ``start`` is a known plan (decisions), set by the caller before ``solve``: it is the first solution, and the answer
    is never worse. ``floors`` are lower bounds of the batch that are known before, aligned with ``Levels``;
    ``bounds_first`` says that the start is good, and that bounds are wanted more than plans. Operations that may be cut
    into lots are planned whole. What the model does not hold is handed over (``Report.handed_over``).
    With one thread the same input and seed give the same plan unless the deadline cuts a search short.
    """

    name = "cpsat"

    def __init__(self) -> None:
        self.start: tuple[Decision, ...] = ()
        self.floors: tuple[int | None, ...] = ()
        self.bounds_first = False

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        """Plan the unfixed operations of ``jobs``."""
        begun = time.monotonic()
        reason = unsupported(problem, jobs)
        if reason:
            return self._handed_over(reason, begun)
        calendars = Calendars(problem)
        batch = scope(problem, jobs, calendars)
        known = [_valued(problem, jobs, calendars, self.start)] if self.start else []
        told = known[0][0] if known else None
        run = Solve(batch, limits, watch, self.start, told=told, floors=self.floors, bounds_first=self.bounds_first)
        if run.handed_over:
            return self._handed_over(run.handed_over, begun)
        run.run()
        if run.complete:
            known.append(_valued(problem, jobs, calendars, run.decisions))
        levels, decisions = min(known, key=lambda row: row[0]) if known else (None, ())
        status = "unknown" if levels is None else "optimal" if levels == run.bounds else "feasible"
        left = sum(1 for state in run.states if state.reason)
        parameters: dict[str, object] = {"threads": limits.threads, "seed": limits.seed, "parts": len(run.states)}
        if left:
            parameters["parts_left_to_start"] = left
        return Report(self.name, decisions, status, run.bounds, time.monotonic() - begun, parameters)

    def _handed_over(self, reason: str, begun: float) -> Report:
        return Report(self.name, (), "unknown", seconds=time.monotonic() - begun, handed_over=reason)


def _valued(
    problem: Problem, jobs: Sequence[int], calendars: Calendars, decisions: Sequence[Decision]
) -> tuple[Levels, tuple[Decision, ...]]:
    """What a plan is worth, and its decisions in order of their starts."""
    schedule = replay(problem, decisions, jobs, calendars)
    return evaluate(problem, schedule, jobs, calendars), schedule.decisions()
