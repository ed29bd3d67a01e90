"""The improver's loop: read the incumbent, make a step in the way that gains most, put what is better.

Any number of improvers run beside each other on one board, with different seeds. When the incumbent has moved on
meanwhile, a patch is rebased by replay and put only if it still makes the plan better. One patch at a time: merging
several at once makes plans worse.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Literal

from models.shop.problem import Problem
from workers.engine import Levels, Limits, Repairer, Unwatched, Watch
from workers.improve.incumbent import Board
from workers.improve.left_out import LeftOut
from workers.improve.lots import Lots
from workers.improve.proof import Proof
from workers.improve.standing import Proved, Standing, Steps, reached
from workers.improve.ways import LocalSearch, Neighbourhoods, Way
from workers.split import undecided

WORTH_SECONDS = 0.3
"""With less time than this left, improving is not begun."""

LATER_SHARE = 0.1
"""How often neighbourhoods work on any level, and not the first that is not proved."""

LAST_STEP_SECONDS = 0.1
"""With less time than this left no further step is started."""

MOST_RESERVED = 0.5
"""At most this part of the time is left for making a result of the plan."""

EXPLORED = 0.1
"""How often another way than the one that gained most lately is tried."""

MEMORY = 0.7
"""How much of what a way gained before still counts after its next step."""


def improve(
    problem: Problem,
    board: Board,
    limits: Limits,
    watch: Watch | None = None,
    owner: str = "improver",
    tick: Callable[[], None] = lambda: None,
    target: Levels | None = None,
    repairer: Repairer | None = None,
    prover: Literal["no", "alone", "beside"] = "alone",
) -> Steps:
    """Improves the incumbent on ``board`` until the deadline, a cancel, or the loss of the incumbent.

    It ends so much before the deadline as it takes, by what this plan took, to make a result of one.
    With lower bounds of all levels as ``target``, or as it proves them, it also ends when they are reached, to the
    limits' gap tolerance. A ``repairer`` is used alone; None lets all ways take turns. One improver of a run is the
    ``prover``, alone or beside others.

    The same seed makes the same choices, but what they lead to depends on how fast the machine is and on who else
    improves.
    """
    watch = watch or Unwatched()
    random = Random(limits.seed)
    standing = Standing(problem, board, watch)
    standing.prove([Proved(value, "") for value in target or ()])
    if not undecided(problem, range(len(problem.jobs))) or standing.read() is None:
        return standing.steps
    reserved = min(MOST_RESERVED * limits.seconds_left, standing.concluding_seconds)
    limits = replace(limits, deadline=limits.deadline - reserved)
    whole = max(1e-3, limits.seconds_left)
    ways: list[Way] = [Neighbourhoods(random, owner, repairer)]
    if repairer is None:
        ways = [LocalSearch(lambda: limits.seconds_left / whole, limits.seed), LeftOut(random), Lots(random), *ways]
    turns = Turns(ways, random)
    proof = None if prover == "no" else Proof(standing, limits, alone=prover == "alone")
    while limits.seconds_left > LAST_STEP_SECONDS + standing.telling_seconds and not watch.cancelled():
        tick()
        incumbent = standing.read()
        bounds = standing.bounds
        if incumbent is None or (standing.proved and reached(incumbent.levels, bounds, limits.gap_tolerance)):
            break
        if proof is not None and proof.due():
            standing.steps.tried += 1
            proof.slice()
            continue
        way = turns.next()
        level = _open_level(incumbent.levels, bounds, random if isinstance(way, Neighbourhoods) else None)
        standing.steps.tried += 1
        begun = time.monotonic()
        if not way.step(standing, level, bounds[level + 1], limits):
            turns.drop(way)
            if not turns.ways:
                break
            continue
        now = standing.board.read()
        gained = 0.0 if now is None else _gain(incumbent.levels, now.levels)
        turns.count(way, gained / max(1e-3, time.monotonic() - begun))
    return standing.steps


class Turns:
    """Which way makes the next step: the one that gained most a second lately, now and then another.

    Every way has a first turn in the order given.
    """

    def __init__(self, ways: Sequence[Way], random: Random) -> None:
        self.ways = list(ways)
        self._random = random
        self._rates: dict[str, float] = {}

    def next(self) -> Way:
        """The way for the next step."""
        fresh = next((way for way in self.ways if way.name not in self._rates), None)
        if fresh is not None:
            return fresh
        if self._random.random() < EXPLORED:
            return self._random.choice(self.ways)
        return max(self.ways, key=lambda way: self._rates[way.name])

    def count(self, way: Way, rate: float) -> None:
        """Takes note of what a way gained a second, as a part of the plan's value."""
        known = self._rates.get(way.name)
        self._rates[way.name] = rate if known is None else MEMORY * known + (1 - MEMORY) * rate

    def drop(self, way: Way) -> None:
        """The way has nothing to do on this problem."""
        self.ways.remove(way)


def _gain(before: Levels, after: Levels) -> float:
    """How much better a plan is, as a part of the first level that differs; 0 where it is not."""
    for old, new in zip(before, after, strict=True):
        if old != new:
            return max(0.0, (old - new) / max(1, old))
    return 0.0


def _open_level(levels: Levels, bounds: Levels, random: Random | None) -> int:
    """The first objective level that is not proved to be as good as can be; with ``random`` sometimes a later one."""
    objective = levels[1:]
    left = [k for k, (value, bound) in enumerate(zip(objective, bounds[1:], strict=True)) if value > bound]
    if not left:
        return len(objective) - 1
    return left[0] if random is None or random.random() > LATER_SHARE else random.choice(left)
