"""Which compiled search improves a plan: the narrowest one that holds all rules of the problem.

Makespan of job shops: tabu search on the critical path. One operation a job: annealing of machine rows. Everything
else: annealing on the whole floor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from models.shop.calendar import Calendars
from models.shop.problem import Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from workers.search import jobshop
from workers.search.floor.search import FloorSearch
from workers.search.jobshop import JobShopSearch, from_problem
from workers.search.parallel.covers import covers as covers_rows
from workers.search.parallel.search import COLD, HOT, WARM, ParallelSearch

Heat = Callable[[], float]
"""How hot a search still is: 1 at its beginning, 0 at its end."""

Stop = Callable[[], bool]

STEP_SECONDS = 0.5
"""A step of a search: long beside a replay, short beside a request's time."""


ITERATIONS_A_SECOND, MOVES_A_SECOND, TRIES_A_SECOND = 10_000_000, 300_000, 2_000_000
"""What an ordinary core does: iterations of tabu search times operations, moves of rows, tries times pieces."""

HOT_SECONDS = 1.0
"""Runs of rows this long begin hot: there is time to cool down again, and to leave what a short run is stuck in."""

MANY_JOBS = 2000
"""With more jobs than this the plan handed over is a ``quick_plan`` already, and is not made again."""


class Searcher(Protocol):
    """A search that goes on from plan to plan, call after call; what it knows is kept between the calls."""

    name: str

    def adopt(self, schedule: Schedule) -> None:
        """Takes a plan, often of another worker, as the one to make better."""

    def step_seconds(self, left: float) -> float:
        """How long its next run should be where ``left`` seconds are left; others wait for what it finds until then."""

    def run(self, seconds: float, heat: Heat, stop: Stop, target: int) -> bool:
        """Searches for ``seconds``, until the level is at ``target`` (level units) or ``stop()``.

        Whether the best plan is new since the last call.
        """

    def run_counted(self, seconds: float, heat: float) -> bool:
        """Does as much work as an ordinary core does in ``seconds``, counted: the same on every machine."""

    def decisions(self) -> tuple[Decision, ...]:
        """The best plan found."""


class JobShop:
    """The makespan search as a searcher."""

    name = "tabu"

    def __init__(self, problem: Problem, jobs: Sequence[int], seed: int) -> None:
        self._search = JobShopSearch(from_problem(problem, jobs), seed)
        self._coefficient = max(1, problem.objective[0]["makespan"])
        self._known: int | None = None

    def adopt(self, schedule: Schedule) -> None:
        """Takes a plan, which tabu search goes on from if it is the best known."""
        if schedule.unscheduled:
            return
        self._search.adopt(schedule.decisions())
        self._known = self._search.best

    def step_seconds(self, left: float) -> float:
        """Always the same: it goes on where it was."""
        return min(STEP_SECONDS, left)

    def run(self, seconds: float, heat: Heat, stop: Stop, target: int) -> bool:  # noqa: ARG002  it knows no heat
        """Searches for ``seconds``."""
        self._search.run(seconds, self._makespan(target), stop)
        return self._news()

    def run_counted(self, seconds: float, heat: float) -> bool:  # noqa: ARG002  it knows no heat
        """Does what an ordinary core does in ``seconds``."""
        self._search.run_iterations(max(1, int(seconds * ITERATIONS_A_SECOND / max(1, len(self._search.shop.release)))))
        return self._news()

    def _news(self) -> bool:
        better = self._known is None or self._search.best < self._known
        self._known = self._search.best
        return better

    def decisions(self) -> tuple[Decision, ...]:
        """The best plan found."""
        return self._search.decisions()

    def _makespan(self, target: int) -> int:
        """The makespan in seconds at which the level is at ``target``."""
        return target // (self._coefficient * 1000)


class Rows:
    """The search of single-stage shops as a searcher."""

    name = "rows"

    def __init__(self, problem: Problem, jobs: Sequence[int], calendars: Calendars, seed: int, level: int) -> None:
        self._search = ParallelSearch(problem, jobs, calendars, seed=seed, level=level)
        self._known: tuple[int, ...] | None = None
        self._begun = time.monotonic()

    def adopt(self, schedule: Schedule) -> None:
        """Takes a plan to go on from; the first time, the search's own first plan where that is better."""
        own = None
        if self._known is None and len(self._search.jobs) <= MANY_JOBS:
            self._search.start()
            own = self._search.value, self._search.decisions()
        self._search.adopt(schedule)
        self._known = self._search.value
        if own is not None and own[0] < self._known:
            self._search.adopt(own[1])

    def step_seconds(self, left: float) -> float:
        """As long as all runs so far: each cools down from warm to cold, and longer is better."""
        seconds = max(STEP_SECONDS, time.monotonic() - self._begun)
        return left if left < 1.5 * seconds else seconds

    def run(self, seconds: float, heat: Heat, stop: Stop, target: int) -> bool:  # noqa: ARG002  it cools by itself
        """Searches for ``seconds``."""
        self._search.run(seconds, stop=stop, heat=HOT if seconds >= HOT_SECONDS else None)
        return self._news()

    def run_counted(self, seconds: float, heat: float) -> bool:
        """Does what an ordinary core does in ``seconds``."""
        self._search.run_iterations(max(1, int(seconds * MOVES_A_SECOND)), heat=WARM * heat + COLD)
        return self._news()

    def _news(self) -> bool:
        better = self._known is None or self._search.value < self._known
        self._known = self._search.value
        return better

    def decisions(self) -> tuple[Decision, ...]:
        """The best plan found."""
        return self._search.decisions()


class WholeFloor:
    """The search on the whole floor as a searcher."""

    name = "anneal"

    def __init__(self, problem: Problem, calendars: Calendars, seed: int, level: int) -> None:
        self._search = FloorSearch(problem, calendars, seed, level)
        self._known = float("inf")

    def adopt(self, schedule: Schedule) -> None:
        """Takes a plan to go on from."""
        self._search.adopt(schedule)
        self._known = self._search.cost

    def step_seconds(self, left: float) -> float:
        """Always the same: it goes on where it was."""
        return min(STEP_SECONDS, left)

    def run(self, seconds: float, heat: Heat, stop: Stop, target: int) -> bool:  # noqa: ARG002  the loop looks at it
        """Searches for ``seconds``."""
        self._search.run(time.monotonic() + seconds, heat, stop)
        return self._news()

    def run_counted(self, seconds: float, heat: float) -> bool:
        """Does what an ordinary core does in ``seconds``."""
        self._search.run_tries(max(1, int(seconds * TRIES_A_SECOND / self._search.size)), heat)
        return self._news()

    def _news(self) -> bool:
        better = self._search.cost < self._known
        self._known = self._search.cost
        return better

    def decisions(self) -> tuple[Decision, ...]:
        """The best plan found."""
        return self._search.decisions()


def quick_plan(problem: Problem, calendars: Calendars) -> Schedule | None:
    """A first plan of a single-stage shop by compiled rules, in milliseconds; None for any other problem."""
    jobs = range(len(problem.jobs))
    if covers_rows(problem, jobs) is not None:
        return None
    search = ParallelSearch(problem, jobs, calendars)
    search.start()
    return replay(problem, search.decisions(), None, calendars)


def kind(problem: Problem, jobs: Sequence[int], level: int = 0) -> str:
    """The name of the search for ``jobs``: the narrowest that covers them."""
    if level == 0 and jobshop.covers(problem, jobs) is None and any(o.predecessors for o in problem.operations):
        return JobShop.name
    return Rows.name if covers_rows(problem, jobs) is None else WholeFloor.name


def searcher(problem: Problem, jobs: Sequence[int], calendars: Calendars, seed: int, level: int = 0) -> Searcher:
    """A search for ``jobs`` of a relaxed problem that makes objective ``level`` better; adopt a plan first."""
    name = kind(problem, jobs, level)
    if name == JobShop.name:
        return JobShop(problem, jobs, seed)
    if name == Rows.name:
        return Rows(problem, jobs, calendars, seed, level)
    return WholeFloor(problem, calendars, seed, level)
