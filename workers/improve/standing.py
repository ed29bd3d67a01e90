"""The plan that an improver works on, and how what it finds gets onto the board."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from models.shop.calendar import Calendars
from models.shop.problem import WHOLE_SHARE, Problem
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.timeline import replay
from workers.engine import Levels, Move, Unwatched, Watch
from workers.improve.incumbent import Board, Incumbent, value_of
from workers.improve.neighbourhood import Plan

REBASES = 3

REPLAYS, VALUATIONS = 2, 5
"""What comes after improving takes, in times that a replay and a valuation of the plan take: it is replayed, measured,
checked by the validator and written as a document. Measured on plain shops and on such with every rule."""


class Proved(NamedTuple):
    """A lower bound of an objective level, in level units, and the argument that proves it."""

    value: int
    proved_by: str


@dataclass(slots=True)
class Steps:
    """What an improver did: steps tried, plans put, plans that only crossed a plateau, patches lost to others.

    ``proved``: the lower bound of each level that it proved of the whole problem, the unscheduled weight first; a
    level's bound holds for plans that attain those before it. None where nothing is proved.
    """

    tried: int = 0
    better: int = 0
    sideways: int = 0
    lost: int = 0
    blocked: int = 0
    proved: tuple[Proved | None, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Steps:
        """From what ``asdict`` made, after its way through JSON."""
        proved = tuple(None if row is None else Proved(*row) for row in document["proved"])
        return cls(**{**document, "proved": proved})


def total(steps: Iterable[Steps]) -> Steps:
    """What several improvers did together."""
    found = Steps()
    for one in steps:
        for name in COUNTED:
            setattr(found, name, getattr(found, name) + getattr(one, name))
        found.proved = higher(found.proved, one.proved)
    return found


COUNTED = ("tried", "better", "sideways", "lost", "blocked")


def higher(one: Sequence[Proved | None], other: Sequence[Proved | None]) -> tuple[Proved | None, ...]:
    """The higher bound of each level."""
    rows = zip_longest(one, other)
    return tuple(max((row for row in pair if row is not None), default=None) for pair in rows)


class Standing:
    """The incumbent as this improver last saw it. ``steps`` counts what it does.

    From the first plan it knows about how long telling others of a plan takes (``telling_seconds``), and making a
    result of one (``concluding_seconds``).
    """

    def __init__(self, problem: Problem, board: Board, watch: Watch) -> None:
        self.problem, self.board, self.watch = problem, board, watch
        self.calendars = Calendars(problem)
        self.steps = Steps()
        self.version = 0
        self.plan: Plan | None = None
        self.improved_at = 0.0
        self.telling_seconds = 0.0
        self.concluding_seconds = 0.0

    @property
    def proved(self) -> tuple[Proved | None, ...]:
        """The lower bounds of all levels that are proved so far."""
        return self.steps.proved

    @property
    def bounds(self) -> Levels:
        """The same as numbers, 0 where nothing is proved."""
        count = 1 + len(self.problem.objective)
        return tuple(0 if row is None else row.value for row in (*self.proved, *[None] * count)[:count])

    def prove(self, bounds: Sequence[Proved | None]) -> None:
        """Takes lower bounds of all levels, the unscheduled weight first."""
        self.steps.proved = higher(self.steps.proved, bounds)

    def read(self) -> Incumbent | None:
        """The incumbent of now, which ``version`` and ``plan`` follow; None where there is none."""
        incumbent = self.board.read()
        if incumbent is not None and (self.plan is None or self.version != incumbent.version):
            self.version = incumbent.version
            self.improved_at = time.monotonic()
            schedule = replay(self.problem, incumbent.decisions, None, self.calendars)
            if self.plan is None:
                self._time(schedule, time.monotonic() - self.improved_at)
            self.plan = Plan(self.problem, schedule)
        return incumbent

    def _time(self, schedule: Schedule, replaying: float) -> None:
        """Notes what a step takes after its search, and a result after the last step, on this machine."""
        begun = time.monotonic()
        value_of(self.problem, schedule, self.calendars)
        valuing = time.monotonic() - begun
        self.telling_seconds = replaying + valuing
        self.concluding_seconds = REPLAYS * replaying + VALUATIONS * valuing

    def offer(self, base: tuple[int, Schedule], moves: Sequence[Move], whole: Schedule | None = None) -> None:
        """Puts a patch if the plan gets better, or no worse but different.

        ``base`` is the version and schedule that ``moves`` were made for. Where others have moved on meanwhile, the
        moves are rebased on the plan of now. ``whole`` is a complete plan with the moves made: it is put instead where
        it is better than what rebasing gives.
        """
        for _ in range(REBASES):
            now = self.board.read()
            if now is None:
                return
            known = base[1]
            if now.version != base[0]:
                known = replay(self.problem, now.decisions, None, self.calendars)
            plans = [] if whole is None else [whole]
            if whole is None or now.version != base[0]:
                plans.append(rebased(self.problem, known, moves, self.calendars))
            values = [value_of(self.problem, plan, self.calendars) for plan in plans]
            value = min(values)
            best = plans[values.index(value)]
            decisions = best.decisions()
            if value > now.value or decisions == now.decisions:
                return
            if self.board.put(now.version, value, decisions):
                self.version, self.plan = now.version + 1, Plan(self.problem, best)
                self.improved_at = time.monotonic()
                if value < now.value:
                    self.steps.better += 1
                    self.watch.incumbent(value[:-1])
                else:
                    self.steps.sideways += 1
                return
        self.steps.lost += 1


class Quiet(Unwatched):
    """Passes the wish to stop on to a step, and tells nobody of its plans."""

    def __init__(self, watch: Watch) -> None:
        self.cancelled = watch.cancelled  # type: ignore[method-assign]


def rebased(problem: Problem, now: Schedule, moves: Sequence[Move], calendars: Calendars) -> Schedule:
    """A schedule with some operations moved: one list by start time, replayed.

    All others keep machine, operator and order; their times follow.
    """
    moved = {move.operation: move for move in moves}
    rows: list[tuple[int, int, int, Decision]] = []
    for row in now.assignments:
        move = moved.get(row.operation)
        if row.fixed:
            continue
        if move is None or row.share != WHOLE_SHARE:
            decision = Decision(row.operation, row.machine, row.operator, row.lot, row.share)
            rows.append((row.start, row.operation, row.lot, decision))
        else:
            decision = Decision(row.operation, move.machine, move.operator)
            rows.append((move.start, row.operation, row.lot, decision))
    rows.sort(key=lambda row: row[:3])
    return replay(problem, [row[3] for row in rows], None, calendars)


def differences(before: Schedule, after: Schedule) -> tuple[Move, ...]:
    """The moves that lead from one plan to another: what is on another machine, or behind another operation there."""
    was = _places(before)
    return tuple(
        Move(row.operation, row.machine, row.operator, row.start)
        for row, place in ((row, place) for row, place in _rows(after))
        if row.share == WHOLE_SHARE and was.get(row.operation) != place
    )


def _places(schedule: Schedule) -> dict[int, tuple[int, int]]:
    return {row.operation: place for row, place in _rows(schedule)}


def _rows(schedule: Schedule) -> Iterable[tuple[Assignment, tuple[int, int]]]:
    """What is not fixed, with its machine and the operation before it there (-1: none)."""
    last: dict[int, int] = {}
    for row in schedule.assignments:
        if not row.fixed:
            yield row, (row.machine, last.get(row.machine, -1))
        last[row.machine] = row.operation


def reached(levels: Levels, bounds: Levels, gap_tolerance: float = 0.0) -> bool:
    """Whether every level is at its lower bound, or within ``gap_tolerance`` (a share of the value) of it."""
    return all(level - bound <= gap_tolerance * level for level, bound in zip(levels, bounds, strict=True))
