"""The improver's loop: read the incumbent, free a neighbourhood, solve it, replay it on the incumbent of now, put it.

Any number of improvers run beside each other on one board, with different seeds. Each claims the machines it disturbs,
so that two rarely work on the same; when the incumbent has moved on meanwhile, the patch is rebased by replay and put
only if it still makes the plan better. One patch at a time: merging several at once makes plans worse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, replace
from random import Random

from models.shop.calendar import Calendars
from models.shop.problem import Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from workers.engine import Engine, Levels, Limits, Report, Unwatched, Watch
from workers.improve.incumbent import Board, Incumbent, value_of
from workers.improve.neighbourhood import Neighbourhood, around, pick

FIRST_SIZE = 24
LEAST_SIZE = 8
MOST_SIZE = 120
"""Operations freed at once; grows while neighbourhoods are solved to the end in time, shrinks where they are not."""

STEP_SECONDS = 1.0
LAST_STEP_SECONDS = 0.15
"""With less time than this left no further step is started."""

REBASES = 3


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
    engine: Engine,
    spare: Engine,
    limits: Limits,
    watch: Watch | None = None,
    owner: str = "improver",
    tick: Callable[[], None] = lambda: None,
    target: Levels | None = None,
) -> Steps:
    """Improves the incumbent on ``board`` until the deadline, a cancel, or the loss of the incumbent.

    With lower bounds of all levels as ``target`` it also ends when they are reached, to the limits' gap tolerance.

    ``engine`` solves neighbourhoods; what it hands over goes to ``spare``. The same seed makes the same choices,
    but what they lead to depends on how fast the machine is and on who else improves.
    """
    watch = watch or Unwatched()
    random = Random(limits.seed)
    calendars = Calendars(problem)
    steps, size, engines = Steps(), FIRST_SIZE, [engine, spare]
    known: tuple[int, Schedule] | None = None
    while limits.seconds_left > LAST_STEP_SECONDS and not watch.cancelled():
        tick()
        incumbent = board.read()
        if incumbent is None or (target and reached(incumbent.levels, target, limits.gap_tolerance)):
            break
        if known is None or known[0] != incumbent.version:
            known = (incumbent.version, replay(problem, incumbent.decisions, None, calendars))
        free = pick(problem, known[1], size, random)
        if free is None:
            break
        steps.tried += 1
        if not board.claim(free.machines, owner, STEP_SECONDS * 3):
            steps.blocked += 1
            continue
        try:
            report = _solved(problem, known[1], free, engines, limits, random, watch)
            size = _next_size(size, report)
            if report.decisions:
                _offer(problem, board, free, report, calendars, steps, watch)
        finally:
            board.release(free.machines, owner)
    return steps


def reached(levels: Levels, bounds: Levels, gap_tolerance: float = 0.0) -> bool:
    """Whether every level is at its lower bound, or within ``gap_tolerance`` (a share of the value) of it."""
    return all(level - bound <= gap_tolerance * level for level, bound in zip(levels, bounds, strict=True))


def _solved(
    problem: Problem,
    schedule: Schedule,
    free: Neighbourhood,
    engines: list[Engine],
    limits: Limits,
    random: Random,
    watch: Watch,
) -> Report:
    part = around(problem, schedule, free)
    start = tuple(
        Decision(row.operation, row.machine, row.operator, row.lot, row.share)
        for row in schedule.assignments
        if row.operation in free.operations and not row.fixed
    )
    for engine in engines:
        if hasattr(engine, "start"):
            engine.start = start
        seconds = min(STEP_SECONDS, limits.seconds_left)
        step = replace(Limits.within(seconds, threads=limits.threads), seed=random.randrange(2**31))
        report = engine.solve(part, free.jobs, step, _Quiet(watch))
        if not report.handed_over:
            return report
    return report


def _next_size(size: int, report: Report) -> int:
    if report.status == "optimal":
        return min(MOST_SIZE, size + max(1, size // 6))
    return max(LEAST_SIZE, size - max(1, size // 8))


def _offer(
    problem: Problem,
    board: Board,
    free: Neighbourhood,
    report: Report,
    calendars: Calendars,
    steps: Steps,
    watch: Watch,
) -> None:
    """Rebases the patch on the incumbent of now and puts it if the plan gets better, or no worse but different."""
    for _ in range(REBASES):
        now = board.read()
        if now is None:
            return
        schedule = rebased(problem, now, free, report, calendars)
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


def rebased(problem: Problem, now: Incumbent, free: Neighbourhood, report: Report, calendars: Calendars) -> Schedule:
    """The incumbent with the neighbourhood's operations decided as in ``report``: one list by start time, replayed.

    Operations outside the neighbourhood keep machine, operator and order; their times follow.
    """
    before = replay(problem, now.decisions, None, calendars)
    outside = [row for row in before.assignments if not row.fixed and row.operation not in free.operations]
    part = replay(around(problem, before, free), report.decisions, free.jobs, calendars)
    inside = [row for row in part.assignments if row.operation in free.operations]
    rows = sorted([*outside, *inside], key=lambda row: (row.start, row.end, row.operation, row.lot))
    decided = [Decision(row.operation, row.machine, row.operator, row.lot, row.share) for row in rows]
    return replay(problem, decided, None, calendars)
