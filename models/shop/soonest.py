"""Decisions for jobs that a plan does not have yet."""

from __future__ import annotations

from collections.abc import Iterable

from models.shop.alone import topological
from models.shop.calendar import Calendars
from models.shop.problem import Problem
from models.shop.schedule import Decision
from models.shop.timeline import Timeline


def soonest(problem: Problem, jobs: Iterable[int], calendars: Calendars) -> list[Decision]:
    """Decisions for ``jobs`` one after another, each operation where it ends first beside the fixed work alone."""
    timeline = Timeline(problem, calendars)
    found = []
    for number in topological(problem, [number for job in jobs for number in problem.jobs[job].operations]):
        if timeline.end(number) is not None:
            continue
        places = (timeline.probe(number, machine) for machine in problem.operations[number].options)
        best = min((place for place in places if place is not None), key=lambda place: place.end, default=None)
        if best is not None:
            timeline.place(best)
            found.append(Decision(number, best.machine, best.operator, best.lot, best.share))
    return found
