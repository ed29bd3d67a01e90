"""The improver's loop: read the incumbent, free a neighbourhood, solve it, replay it on the incumbent of now, put it.

Any number of improvers run beside each other on one board, with different seeds. Each claims the machines it disturbs,
so that two rarely work on the same; when the incumbent has moved on meanwhile, the patch is rebased by replay and put
only if it still makes the plan better. One patch at a time: merging several at once makes plans worse.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from random import Random

from models.shop.calendar import Calendars
from models.shop.problem import WHOLE_SHARE, Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from workers.engine import Levels, Limits, Move, Neighbourhood, Repairer, Unwatched, Watch
from workers.improve.incumbent import Board, value_of
from workers.improve.neighbourhood import Plan, pick

FIRST_ROUND_SHARE = 0.5
"""Part of a request's time for its batches; the rest goes into improving what they are merged to."""

WORTH_SECONDS = 0.3
"""With less time than this left, improving is not begun."""

FIRST_SIZE = 8.0
LEAST_SIZE = 4.0
MOST_SIZE = 200.0
"""Operations freed at once: many small steps gain more than few large ones while there is much to gain, ..."""

GROWTH, QUICK_GROWTH, SHRINKAGE = 1.03, 1.12, 0.9
"""... so the size grows slowly with each neighbourhood that is solved to the end, faster where that took a small part
of a step, and shrinks where one is not: about three in four are."""

QUICK_SHARE = 0.25

LATER_SHARE = 0.1
"""How often any level is worked on, and not the first that is not proved."""

STEP_SECONDS = 0.4
LAST_STEP_SECONDS = 0.15
"""With less time than this left no further step is started."""

REBASES = 3

BLOCKED_TRIES = 4
"""So often in a row another's claim is respected; then the step is made all the same, and rebased if need be: where
every neighbourhood holds most machines, claims would leave all but one improver idle."""


class _Quiet(Unwatched):
    """Passes the wish to stop on to a step, and tells nobody of its plans: they are of a neighbourhood only."""

    def __init__(self, watch: Watch) -> None:
        self.cancelled = watch.cancelled  # type: ignore[method-assign]


@dataclass(slots=True)
class Steps:
    """What an improver did: steps tried, plans put, plans that only crossed a plateau, patches lost to others."""

    tried: int = 0
    better: int = 0
    sideways: int = 0
    lost: int = 0
    blocked: int = 0


def total(steps: Iterable[Steps]) -> Steps:
    """What several improvers did together."""
    rows = [astuple(one) for one in steps]
    return Steps(*(sum(column) for column in zip(*rows, strict=True)))


def improve(
    problem: Problem,
    board: Board,
    repairer: Repairer,
    limits: Limits,
    watch: Watch | None = None,
    owner: str = "improver",
    tick: Callable[[], None] = lambda: None,
    target: Levels | None = None,
) -> Steps:
    """Improves the incumbent on ``board`` until the deadline, a cancel, or the loss of the incumbent.

    With lower bounds of all levels as ``target`` it also ends when they are reached, to the limits' gap tolerance.

    The same seed makes the same choices, but what they lead to depends on how fast the machine is and on who else
    improves.
    """
    watch = watch or Unwatched()
    random = Random(limits.seed)
    calendars = Calendars(problem)
    steps, size = Steps(), FIRST_SIZE
    version, plan, waited = 0, None, 0
    while limits.seconds_left > LAST_STEP_SECONDS and not watch.cancelled():
        tick()
        incumbent = board.read()
        if incumbent is None or (target and reached(incumbent.levels, target, limits.gap_tolerance)):
            break
        if plan is None or version != incumbent.version:
            version, plan = incumbent.version, Plan(problem, replay(problem, incumbent.decisions, None, calendars))
        level = _open_level(incumbent.levels, target, random)
        chosen = pick(plan, level, round(size), random)
        if chosen is None:
            break
        steps.tried += 1
        if not board.claim(chosen.machines, owner, STEP_SECONDS * 3):
            steps.blocked += 1
            waited += 1
            if waited < BLOCKED_TRIES:
                continue
        waited = 0
        try:
            around = Neighbourhood(problem, calendars, plan.schedule, chosen.free, chosen.kept, level)
            step = Limits.within(min(STEP_SECONDS, limits.seconds_left), threads=limits.threads)
            begun = time.monotonic()
            found = repairer.repair(around, replace(step, seed=random.randrange(2**31)), _Quiet(watch))
            size = _next_size(size, found.proved, time.monotonic() - begun)
            if found.moves:
                _offer(problem, board, (version, plan.schedule), found.moves, calendars, steps, watch)
        finally:
            board.release(chosen.machines, owner)
    return steps


def _open_level(levels: Levels, target: Levels | None, random: Random) -> int:
    """Mostly the first objective level that is not proved to be as good as can be, sometimes a later one."""
    objective = levels[1:]
    bounds = target[1:] if target else (0,) * len(objective)
    left = [k for k, (value, bound) in enumerate(zip(objective, bounds, strict=True)) if value > bound]
    if not left:
        return len(objective) - 1
    return left[0] if random.random() > LATER_SHARE else random.choice(left)


def reached(levels: Levels, bounds: Levels, gap_tolerance: float = 0.0) -> bool:
    """Whether every level is at its lower bound, or within ``gap_tolerance`` (a share of the value) of it."""
    return all(level - bound <= gap_tolerance * level for level, bound in zip(levels, bounds, strict=True))


def _next_size(size: float, proved: bool, seconds: float) -> float:
    if not proved:
        return max(LEAST_SIZE, size * SHRINKAGE)
    return min(MOST_SIZE, size * (QUICK_GROWTH if seconds < QUICK_SHARE * STEP_SECONDS else GROWTH))


def _offer(
    problem: Problem,
    board: Board,
    known: tuple[int, Schedule],
    moves: Sequence[Move],
    calendars: Calendars,
    steps: Steps,
    watch: Watch,
) -> None:
    """Rebases the patch on the incumbent of now and puts it if the plan gets better, or no worse but different.

    ``known`` is the version and schedule that the moves are made for.
    """
    for _ in range(REBASES):
        now = board.read()
        if now is None:
            return
        if now.version != known[0]:
            known = now.version, replay(problem, now.decisions, None, calendars)
        schedule = rebased(problem, known[1], moves, calendars)
        value = value_of(problem, schedule, calendars)
        decisions = schedule.decisions()
        if value > now.value or decisions == now.decisions:
            return
        if board.put(now.version, value, decisions):
            if value < now.value:
                steps.better += 1
                watch.incumbent(value[:-1])
            else:
                steps.sideways += 1
            return
    steps.lost += 1


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
