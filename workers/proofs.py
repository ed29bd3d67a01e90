"""Lower bounds of a whole problem at a price that fits its size, so that no plan waits long for what proves it good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from models.shop.calendar import Calendars
from models.shop.problem import TERMS, Problem
from workers.bounds import Bound, lower_bounds
from workers.bounds.terms import BOUND_SECONDS, UNSCHEDULED

__all__ = ["BOUND_SECONDS", "term_bounds"]

MOST_OPTIONS = 2_000_000
"""Machine options from which on nothing is proved: looking at them all takes ten seconds and a gigabyte."""

MOST_OPENINGS = 500_000
"""Operations times different open times of machines, from which on calendars are left out of what is proved."""

FEW_OPTIONS = 20_000
"""Machine options up to which bounds take so little that even a first plan can wait for them."""


def term_bounds(
    problem: Problem, calendars: Calendars | None = None, *, seconds: float = BOUND_SECONDS, at_once: bool = False
) -> Mapping[str, Bound]:
    """A lower bound of every objective term (see ``workers.bounds.lower_bounds``, and for ``seconds``).

    ``at_once`` proves only what takes milliseconds. What is true of a shop that never closes is true of this one, so
    that is looked at where there are too many calendars.
    """
    options = sum(len(operation.options) for operation in problem.operations)
    if options > (FEW_OPTIONS if at_once else MOST_OPTIONS):
        return {term: Bound(0, "trivial") for term in (UNSCHEDULED, *TERMS)}
    calendars = calendars or Calendars(problem)
    openings = len({id(calendars.machine(machine)) for machine in range(len(problem.machines))})
    if openings * len(problem.operations) > MOST_OPENINGS:
        problem = _always_open(problem)
        calendars = Calendars(problem)
    return lower_bounds(problem, calendars, seconds=0.0 if at_once else seconds)


def _always_open(problem: Problem) -> Problem:
    machines = tuple(replace(machine, calendar=None, closed=()) for machine in problem.machines)
    operators = tuple(replace(operator, calendar=None, absent=()) for operator in problem.operators)
    return replace(problem, machines=machines, operators=operators)
