"""The first plan of a run, by dispatch rules: of compiled ones where there are many jobs."""

from __future__ import annotations

from models.shop.calendar import Calendars
from models.shop.problem import Problem
from models.shop.schedule import Schedule
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits, Watch, load_quick_planner

FEW_JOBS = 2000
"""Up to so many jobs, rules need no compiling."""


def first_schedule(
    problem: Problem, calendars: Calendars, limits: Limits, watch: Watch | None = None, *, compiled: bool
) -> Schedule:
    """A plan of all jobs that can be planned. One complete plan is always made, however little time is left.

    ``compiled``: the compiled rules may be used. They take a tenth of the time with 10,000 jobs, but there must be
    kernels, and not every problem is theirs.
    """
    found: Schedule | None = None
    if compiled and len(problem.jobs) > FEW_JOBS:
        found = load_quick_planner()(problem, calendars)
    if found is None:
        found = dispatch_plans(problem, range(len(problem.jobs)), limits, calendars, watch).schedule
    return found
