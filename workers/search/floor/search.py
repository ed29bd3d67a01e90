"""The search on the floor as one object: takes a plan, makes it better in slices, gives decisions back."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from models.shop.calendar import Calendars
from models.shop.problem import COUNT_TERMS, MAX_SECONDS, WEIGHTED_TERMS, Problem
from models.shop.schedule import Decision, Schedule
from workers.search.floor.anneal import anneal, keep
from workers.search.floor.build import build
from workers.search.floor.measure import cost_of, measure
from workers.search.floor.settle import relink
from workers.search.floor.shop import Floats
from workers.search.floor.terms import TERMS

SLICE_SECONDS = 0.05
HOPE = 0.01
"""A change is given up once it has cost this part of the plan's cost more than may be accepted: what comes after seldom
makes up for it."""
FIRST_TRIES = 200

LATER_LEVEL = 1e-6
"""What a later level weighs beside the one before it: enough to tell equal plans apart."""

HELD_LEVEL = 1e3
"""What a level weighs that must not get worse."""

HOT, COLD = 5e-3, 2e-4
"""Temperatures at the beginning and the end of a search, as parts of the adopted plan's cost."""

ROOM, ROOM_SECONDS = 3, 90 * 86_400
"""Calendars are known for this many times the plan's length, and as much longer."""


class FloorSearch:
    """Simulated annealing from an adopted plan; jobs that the plan leaves out stay out.

    ``level`` is the objective level to make better; earlier ones are held, later ones break ties. The same seed and
    the same numbers of tries (``run_tries``) give the same plan.
    """

    def __init__(self, problem: Problem, calendars: Calendars, seed: int = 0, level: int = 0) -> None:
        self.problem, self.calendars, self.level = problem, calendars, level
        self._seed, self._speed = seed, 0.0

    def adopt(self, schedule: Schedule) -> None:
        """Takes a plan as where to go on from. Raises ValueError where its arrays would be too large."""
        makespan = max((row.end for row in schedule.assignments), default=0)
        self._rows = [row for row in schedule.assignments if not row.fixed]
        self.floor = build(self.problem, self.calendars, schedule, min(MAX_SECONDS, ROOM * makespan + ROOM_SECONDS))
        measure(self.floor)
        relink(self.floor)
        self._weights = self._weigh()
        keep(self.floor, cost_of(self.floor.amounts, self._weights))
        self._unit = max(1e-3, self.cost)

    @property
    def cost(self) -> float:
        """The best plan's cost: the levels as one number, hours or counts of the level that is made better."""
        return float(self.floor.trial[0]["best_cost"])

    @property
    def size(self) -> int:
        """Pieces of the plan, at least 1."""
        return max(1, len(self.floor.order))

    @property
    def tried(self) -> int:
        """Changes tried since the plan was adopted."""
        return int(self.floor.trial[0]["tried"])

    def decisions(self) -> tuple[Decision, ...]:
        """The best plan, by start."""
        pieces = self.floor.piece[:-1]
        machines = self.floor.option["machine"][pieces["best_option"]].tolist()
        operators = pieces["best_operator"].tolist()
        return tuple(
            Decision(
                (row := self._rows[number]).operation,
                machines[number],
                None if operators[number] < 0 else operators[number],
                row.lot,
                row.share,
            )
            for number in np.argsort(pieces["best_start"], kind="stable").tolist()
        )

    def run(self, deadline: float, heat: Callable[[], float], stop: Callable[[], bool]) -> None:
        """Searches until ``deadline`` (of ``time.monotonic()``) or ``stop()``.

        ``heat()`` is how hot the search still is, from 1 at its beginning to 0 at its end.
        """
        while (left := deadline - time.monotonic()) > 0 and not stop():
            tries = FIRST_TRIES if not self._speed else max(1, int(self._speed * min(left, SLICE_SECONDS)))
            begun = time.monotonic()
            self.run_tries(tries, heat())
            self._speed = tries / max(1e-6, time.monotonic() - begun)

    def run_tries(self, tries: int, heat: float) -> None:
        """Tries that many changes at one temperature."""
        if not len(self.floor.order):
            return
        self._seed += 1
        anneal(self.floor, self._weights, self._seed, tries, self._unit * COLD * (HOT / COLD) ** heat, HOPE * self.cost)

    def _weigh(self) -> Floats:
        """What a unit of each term costs."""
        weights = np.zeros(len(TERMS))
        for number, level in enumerate(self.problem.objective):
            scale = HELD_LEVEL if number < self.level else LATER_LEVEL ** (number - self.level)
            for k, term in enumerate(TERMS):
                unit = 1.0 if term in COUNT_TERMS else 1 / 3600
                weights[k] += scale * level.get(term, 0) / 1000 * unit / (1000 if term in WEIGHTED_TERMS else 1)
        return weights
