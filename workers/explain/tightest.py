"""Which machines hold late jobs up most, and where one more open hour of each would help at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.shop.calendar import Calendars
from models.shop.objective import HOUR, evaluate
from models.shop.problem import Problem, Span
from models.shop.schedule import Schedule
from models.shop.timeline import replay
from models.shop.whatif import with_open_time
from workers.explain.chain import chain
from workers.explain.plan import Plan

MOST_LATE = 50
"""Late jobs, the costliest, whose chains are looked at."""

MOST_PLACES = 24
"""Closed hours of a machine that are tried."""

LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Tight:
    """A machine that late jobs wait for: ``hours`` of their chains, weighted like the jobs; a closed hour to open.

    ``span`` is None where the machine is never closed while it matters.
    """

    machine: int
    hours: float
    span: Span | None


def tightest(
    problem: Problem, schedule: Schedule, most: int = 5, hours: float = 1.0, seconds: float = LOOK_SECONDS
) -> Sequence[Tight]:
    """The machines on which the chains of late jobs spend most time, weighted like the jobs; of each a stretch to open.

    It is the one after which the same plan, replayed, is best, of those there were ``seconds`` to look at; of equals
    the first.
    """
    deadline = time.monotonic() + seconds
    plan = Plan(problem, schedule)
    spent: dict[int, int] = {}
    for late in plan.late()[:MOST_LATE]:
        for link in chain(plan, late.job).links:
            if link.work.end > 0:
                cost = problem.jobs[late.job].weight * (link.work.end - max(0, link.since))
                spent[link.work.machine] = spent.get(link.work.machine, 0) + cost
    ranked = sorted(spent, key=lambda machine: (-spent[machine], machine))[:most]
    length = round(hours * HOUR)
    return [
        Tight(machine, spent[machine] / 1000 / HOUR, _best_place(problem, schedule, machine, length, deadline))
        for machine in ranked
    ]


def _best_place(problem: Problem, schedule: Schedule, machine: int, length: int, deadline: float) -> Span | None:
    calendars = Calendars(problem)
    last = max((row.end for row in schedule.assignments if row.machine == machine), default=0)
    opened = calendars.machine(machine).intervals(0, last)
    closings = [end for (_, end), (start, _) in pairwise(opened) if start - end >= length]
    if problem.machines[machine].calendar is None or not closings:
        return None
    decisions = schedule.decisions()
    best: tuple[tuple[int, ...], Span] | None = None
    for end in closings[:MOST_PLACES]:
        if best is not None and time.monotonic() > deadline:
            break
        span = Span(end, end + length)
        more = with_open_time(problem, machine, span)
        value = evaluate(more, replay(more, decisions))
        if best is None or value < best[0]:
            best = (value, span)
    return None if best is None else best[1]
