"""Why jobs are left out of a plan: which rules conflict, and what dropping each of them would buy.

A job that finds no place even alone in the shop is asked alone (``alone``): that can be proved. Jobs that each fit
alone and still are left out conflict with one another: there only a search can tell, and a longer one may find more.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.schedule import Schedule
from models.shop.soonest import soonest
from models.shop.timeline import replay
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Levels, Limits
from workers.explain.alone import Alone, JobAlone
from workers.explain.rules import bearing, without

SECONDS = 10.0
"""What is spent on a plan's conflicts unless something else is said."""

ALONE_SHARE = 0.3
"""Part of the time for jobs asked alone; the rest is for plans without rules."""

Proof = Literal["proved", "search"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rules that keep ``jobs`` out even with no other rule beside them, as long as none of them is dropped.

    ``rules`` is empty where no rule that may be dropped is to blame. ``remedy`` is a smallest set of rules without
    which the jobs have a place, all others kept; empty where none was found. ``alone``: each job by itself in the shop,
    else only together with the others. ``proof``: ``proved``, or ``search`` where merely no plan was found.
    ``smallest``: no smaller set conflicts; else the set only cannot be made smaller by leaving out one of its rules.
    """

    jobs: tuple[int, ...]
    rules: tuple[str, ...]
    remedy: tuple[str, ...]
    alone: bool
    proof: Proof
    smallest: bool


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The best plan found without ``rules``: which left-out jobs it schedules, and its levels (as ``evaluate``)."""

    rules: tuple[str, ...]
    scheduled: tuple[int, ...]
    levels: Levels


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What keeps jobs out of a plan, and what dropping rules buys, found in ``seconds``.

    ``levels`` are those of the plan as it is. There was no time for ``unasked`` jobs and ``untried`` rules.
    """

    levels: Levels
    conflicts: tuple[Conflict, ...]
    relaxations: tuple[Relaxation, ...]
    unasked: tuple[int, ...]
    untried: tuple[tuple[str, ...], ...]
    seconds: float


def conflicts(
    problem: Problem, schedule: Schedule, seconds: float = SECONDS, jobs: Collection[int] | None = None
) -> Conflicts:
    """Asks left-out ``jobs`` (all if None), the weightiest first, then tries plans without rules, until time is over.

    ``problem`` is relaxed as the plan was made.
    """
    begun = time.monotonic()
    out = {entry.job for entry in schedule.unscheduled}
    left_out = sorted(out if jobs is None else out.intersection(jobs), key=lambda job: (-problem.jobs[job].weight, job))
    alone: dict[int, Alone | None] = {}
    for job in left_out:
        if alone and time.monotonic() > begun + seconds * ALONE_SHARE:
            break
        one = JobAlone(problem, job)
        alone[job] = None if one.fits else one.conflict
    found = _grouped(alone)
    search = _Search(problem, schedule, left_out, begun + seconds)
    together = [job for job, conflict in alone.items() if conflict is None]
    wanted: list[tuple[str, ...]] = [(rule,) for rule in bearing(problem, left_out)]
    wanted += [conflict.remedy for conflict in found if len(conflict.remedy) > 1]
    relaxations, untried = [], []
    for rules in dict.fromkeys(wanted):
        best = search.without(rules)
        if best is None:
            untried.append(rules)
        else:
            relaxations.append(Relaxation(rules, search.gained(best), search.levels(rules, best)))
    if together:
        found += search.conflict(together)
    return Conflicts(
        evaluate(problem, schedule),
        tuple(found),
        tuple(relaxations),
        tuple(job for job in left_out if job not in alone),
        tuple(untried),
        time.monotonic() - begun,
    )


def _grouped(alone: dict[int, Alone | None]) -> list[Conflict]:
    """Jobs with the same conflict as one."""
    jobs: dict[Alone, list[int]] = {}
    for job, found in alone.items():
        if found is not None:
            jobs.setdefault(found, []).append(job)
    return [
        Conflict(tuple(members), one.rules, one.remedy, True, "proved" if one.proved else "search", one.smallest)
        for one, members in jobs.items()
    ]


class _Search:
    """Plans of the whole problem without some rules, each looked for once."""

    def __init__(self, problem: Problem, schedule: Schedule, left_out: Sequence[int], deadline: float) -> None:
        self._problem, self._schedule, self._left_out = problem, schedule, left_out
        self._deadline = deadline
        self._tries = 2 * len(bearing(problem, left_out)) + 2
        self._known: dict[frozenset[str], Schedule | None] = {}

    def without(self, rules: Collection[str]) -> Schedule | None:
        """The best plan found without ``rules``; None where there was no time to look for one."""
        dropped = frozenset(rules)
        if dropped not in self._known:
            self._known[dropped] = self._planned(dropped)
        return self._known[dropped]

    def gained(self, schedule: Schedule) -> tuple[int, ...]:
        """The left-out jobs that a plan schedules."""
        out = {entry.job for entry in schedule.unscheduled}
        return tuple(job for job in self._left_out if job not in out)

    def levels(self, rules: Collection[str], schedule: Schedule) -> Levels:
        """The value of a plan without ``rules``."""
        return evaluate(without(self._problem, rules), schedule)

    def conflict(self, jobs: Sequence[int]) -> list[Conflict]:
        """A set of rules that keeps these jobs out together, made smaller as far as plans are found (deletion filter).

        Nothing where there was no time for it.
        """
        rules = bearing(self._problem, jobs)
        kept: list[str] = list(rules)
        for rule in rules:
            dropped = {one for one in rules if one not in kept} | {rule}
            best = self.without(dropped)
            if best is None:
                return []
            if not set(jobs) <= set(self.gained(best)):
                kept.remove(rule)
        remedy = min(
            (
                tuple(rule for rule in rules if rule in dropped)
                for dropped, best in self._known.items()
                if best is not None and set(jobs) <= set(self.gained(best))
            ),
            key=len,
            default=(),
        )
        return [Conflict(tuple(jobs), tuple(kept), remedy, False, "search", False)]

    def _planned(self, dropped: frozenset[str]) -> Schedule | None:
        """The best of: the plan as it is with the left-out jobs behind it, the same with them first, dispatch rules."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            return None
        problem = without(self._problem, dropped)
        calendars = Calendars(problem)
        standing = self._schedule.decisions()
        added = soonest(problem, self._left_out, calendars)
        plans = [replay(problem, order, None, calendars) for order in ((*standing, *added), (*added, *standing))]
        share = Limits.within(max(0.0, left / max(1, self._tries - len(self._known))))
        plans.append(dispatch_plans(problem, range(len(problem.jobs)), share, calendars).schedule)
        return min(plans, key=lambda plan: evaluate(problem, plan, None, calendars))
