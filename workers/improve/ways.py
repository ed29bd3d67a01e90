"""The ways to make a plan better in a step of a moment: compiled local search, and neighbourhoods solved by CP-SAT."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Protocol

from models.shop.schedule import Schedule
from models.shop.timeline import replay
from workers.engine import Limits, Neighbourhood, Repairer, load_repairer, load_searcher
from workers.improve.neighbourhood import pick
from workers.improve.standing import Quiet, Standing, differences

REPAIR_SECONDS = 0.4

TELLING = 10
"""A step of local search is at least so many times as long as telling others of the last one took."""

FIRST_SIZE = 8.0
LEAST_SIZE = 4.0
MOST_SIZE = 200.0
"""Operations freed at once: many small steps gain more than few large ones while there is much to gain, ..."""

GROWTH, QUICK_GROWTH, SHRINKAGE = 1.03, 1.12, 0.9
"""... so the size grows slowly with each neighbourhood that is solved to the end, faster where that took a small part
of a step, and shrinks where one is not: about three in four are."""

QUICK_SHARE = 0.25

BLOCKED_TRIES = 4
"""So often in a row another's claim is respected; then the step is made all the same, and rebased if need be: where
every neighbourhood holds most machines, claims would leave all but one improver idle."""


class Way(Protocol):
    """One way to make a step."""

    name: str

    def step(self, standing: Standing, level: int, target: int, limits: Limits) -> bool:
        """Makes a step and offers what it finds; False where this way has nothing to do here."""


class LocalSearch:
    """Compiled local search on the whole plan; it keeps what it learned from step to step.

    ``heat()`` is how hot the search still is, from 1 at the start of the run to 0 at its end.
    """

    name = "search"

    def __init__(self, heat: Callable[[], float], seed: int) -> None:
        self._heat, self._seed = heat, seed
        self._level = -1
        self._version = 0
        self._base: Schedule | None = None
        self._telling = 0.0

    def step(self, standing: Standing, level: int, target: int, limits: Limits) -> bool:
        """Searches on from the incumbent, or from where it is where that is better."""
        assert standing.plan is not None
        if level != self._level:
            jobs = range(len(standing.problem.jobs))
            self._search = load_searcher()(standing.problem, jobs, standing.calendars, self._seed, level)
            self._level, self._version = level, 0
        if self._version != standing.version:
            self._version, self._base = standing.version, standing.plan.schedule
            self._search.adopt(self._base)
        left = max(0.0, limits.seconds_left - max(self._telling, standing.telling_seconds))
        seconds = min(left, max(self._search.step_seconds(left), TELLING * self._telling))
        if self._search.run(seconds, self._heat, standing.watch.cancelled, target):
            assert self._base is not None
            begun = time.monotonic()
            found = replay(standing.problem, self._search.decisions(), None, standing.calendars)
            standing.offer((self._version, self._base), differences(self._base, found), found)
            if standing.plan.schedule is found:
                # the plan of now is this search's own: it goes on where it is
                self._version, self._base = standing.version, found
            self._telling = time.monotonic() - begun
        return True


class Neighbourhoods:
    """A few operations set free, others kept in their order, all else standing, decided again by CP-SAT."""

    name = "neighbourhoods"

    def __init__(self, random: Random, owner: str, repairer: Repairer | None = None) -> None:
        self._random, self._owner, self._repairer = random, owner, repairer
        self._size = FIRST_SIZE
        self._waited = 0

    def step(self, standing: Standing, level: int, target: int, limits: Limits) -> bool:  # noqa: ARG002  see LocalSearch
        """Solves one neighbourhood around what hurts."""
        assert standing.plan is not None
        chosen = pick(standing.plan, level, round(self._size), self._random)
        if chosen is None:
            return False
        if not standing.board.claim(chosen.machines, self._owner, REPAIR_SECONDS * 3):
            standing.steps.blocked += 1
            self._waited += 1
            if self._waited < BLOCKED_TRIES:
                return True
        self._waited = 0
        self._repairer = self._repairer or load_repairer()
        try:
            schedule = standing.plan.schedule
            around = Neighbourhood(standing.problem, standing.calendars, schedule, chosen.free, chosen.kept, level)
            step = Limits.within(min(REPAIR_SECONDS, limits.seconds_left), threads=limits.threads)
            begun = time.monotonic()
            step = replace(step, seed=self._random.randrange(2**31))
            found = self._repairer.repair(around, step, Quiet(standing.watch))
            self._size = _next_size(self._size, found.proved, time.monotonic() - begun)
            if found.moves:
                standing.offer((standing.version, schedule), found.moves)
        finally:
            standing.board.release(chosen.machines, self._owner)
        return True


def _next_size(size: float, proved: bool, seconds: float) -> float:
    if not proved:
        return max(LEAST_SIZE, size * SHRINKAGE)
    return min(MOST_SIZE, size * (QUICK_GROWTH if seconds < QUICK_SHARE * REPAIR_SECONDS else GROWTH))
