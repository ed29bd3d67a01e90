"""Compiles every kernel, or loads what was compiled before, so that no request waits for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from models.shop.calendar import Calendars
from models.shop.problem import Job, Machine, Operation, Options, Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from workers.search.choice import kind, searcher
from workers.search.kernel import FOLDER

SEARCH_SECONDS = 0.05

COMPLETE = FOLDER / "complete"
"""Says that everything was compiled once."""


def warm(like: Problem | None = None) -> None:
    """Runs every search, or only the one for a problem ``like`` this, on a shop of two jobs.

    Takes about a minute where nothing is compiled yet, else a second.
    """
    wanted = None if like is None else kind(like, range(len(like.jobs)))
    for problem in _shops():
        if wanted not in (None, kind(problem, range(len(problem.jobs)))):
            continue
        calendars = Calendars(problem)
        decisions = [Decision(operation.number, next(iter(operation.options))) for operation in problem.operations]
        search = searcher(problem, range(len(problem.jobs)), calendars, 0)
        search.adopt(replay(problem, decisions, None, calendars))
        search.run(SEARCH_SECONDS, lambda: 0.5, lambda: False, 0)
        search.decisions()
    if wanted is None:
        COMPLETE.touch()


def warm_once() -> None:
    """The same, but nothing where all was compiled before: then each process loads what it needs when it needs it."""
    if not COMPLETE.exists():
        warm()


def _shops() -> list[Problem]:
    """One shop for each search."""
    routed = Problem(
        start=datetime(2026, 1, 1, tzinfo=UTC),
        machines=(Machine("M1"), Machine("M2")),
        jobs=(Job(0, "J1", 0, 2, due=60), Job(1, "J2", 2, 2, due=60)),
        operations=tuple(
            Operation(number, number // 2, str(number % 2), {0: 60, 1: 90}, predecessors=(number - 1,) * (number % 2))
            for number in range(4)
        ),
        objective=({"makespan": 1000},),
        options=Options(),
    )
    apart = tuple(replace(operation, predecessors=()) for operation in routed.operations)
    late = replace(routed, objective=({"weighted_tardiness": 1000},))
    return [routed, late, replace(late, operations=apart)]
