"""The floor under every plan: each dispatch rule by itself, its decisions replayed under all rules of the problem."""

from __future__ import annotations

from benchmarks.clock import Clock
from benchmarks.rules import ATC_LOOK_AHEAD
from benchmarks.rules import RULES as NAMES
from benchmarks.work import Outcome, Task
from models.shop.calendar import Calendars
from models.shop.objective import LEVEL_UNIT
from models.shop.problem import Problem
from workers.dispatch.portfolio import Attempt, Dispatcher
from workers.dispatch.rules import Rule

ATC_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Every look-ahead factor that ATC is tried with where the best ATC is asked for."""

DIGITS = 6


def solve(problem: Problem, _task: Task, outcome: Outcome) -> None:
    """Each rule of bar Q2, then ATC with every factor and in every way; ``more`` has the value of each.

    Neither stops at the time limit: a floor that was cut short would be too easy.
    """
    clock = Clock()
    calendars = Calendars(problem)
    dispatcher = Dispatcher(problem, range(len(problem.jobs)), calendars)
    attempts = {name: Attempt(Rule(name, ATC_LOOK_AHEAD if name == "atc" else 0.0), "event") for name in NAMES}
    found = {}
    best: tuple[int, ...] | None = None
    for name, attempt in attempts.items():
        levels = dispatcher.plan(attempt).levels
        found[name] = levels
        if best is None or levels < best:
            best = levels
            outcome.points.append((round(clock.seconds, 3), _shown(levels)))
    assert best is not None
    outcome.value, outcome.status = _shown(best), "feasible"
    outcome.more = {"rules": {name: _shown(levels) for name, levels in found.items()}, "left_out": best[0]}
    if any(job.due is not None for job in problem.jobs):
        tried = [Attempt(Rule("atc", k), way) for k in ATC_FACTORS for way in ("event", "ect")]
        outcome.more["best_atc"] = _shown(min(found["atc"], *(dispatcher.plan(one).levels for one in tried)))
    outcome.seconds, outcome.cpu_seconds = clock.seconds, clock.cpu_seconds


def _shown(levels: tuple[int, ...]) -> float:
    return round(levels[1] / LEVEL_UNIT, DIGITS)
