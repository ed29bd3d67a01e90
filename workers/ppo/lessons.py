"""Made-up problems and the plans that our own search finds for them, for a training to begin by imitating.

Search knows where the good plans are, which the rewards of a beginner's own plans hardly tell. The same seed gives the
same lessons: the search's work is counted, not timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from models.shop.calendar import Calendars
from models.shop.generate import factory as made_factory
from models.shop.objective import evaluate
from models.shop.parse import load, parse
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.schedule import Decision
from models.shop.timeline import replay
from workers.ppo.build import Parts, from_problem
from workers.ppo.generate import MINUTE, MOST_OPERATIONS, Generator, brandimarte, dated, hurink, larger, sd1, sd2
from workers.ppo.place import PLANNED
from workers.ppo.plans import Example, example
from workers.ppo.rules import RANDOM, RULES, by_rule, seeded
from workers.ppo.shop import NO_DUE, new_state
from workers.search.choice import searcher

ROUTED: Mapping[str, Callable[[Generator, int, int], Parts]] = {
    "sd1": sd1,
    "sd2": sd2,
    "brandimarte": brandimarte,
    "hurink": hurink,
}
PLANT = "plant"

SHARES: Mapping[bool, Mapping[str, float]] = {
    False: {"sd1": 0.15, "sd2": 0.15, "brandimarte": 0.2, "hurink": 0.5},
    True: {"sd1": 0.07, "sd2": 0.07, "brandimarte": 0.08, "hurink": 0.08, PLANT: 0.7},
}
"""How often each kind is drawn, for makespan (False) and for weighted tardiness (True)."""

SEED = 7_919
"""Training and validation draw from other seeds."""

SECONDS = {False: 0.0025, True: 0.005}
"""Search for each operation, for makespan (False) and for weighted tardiness (True): near the best there is, and about
as long as making the problem and following its plan."""

STAGES = 8


def lessons(count: int, *, tardy: bool, seed: int, stop: Callable[[], bool] = lambda: False) -> Iterator[Example]:
    """Up to ``count`` problems with plans, fewer where ``stop`` says so."""
    rng = np.random.default_rng([SEED, seed])
    kinds, shares = list(SHARES[tardy]), list(SHARES[tardy].values())
    for _ in range(count):
        if stop():
            return
        kind = str(rng.choice(kinds, p=shares))
        found = searched(
            _plant(rng) if kind == PLANT else _routed(ROUTED[kind](rng, *larger(rng)), rng, tardy=tardy), tardy=tardy
        )
        if found is not None:
            yield found


def as_problem(parts: Parts) -> Problem:
    """A flexible job shop for makespan as a problem, by way of the FJSP text, in whole minutes."""
    jobs: list[list[str]] = [[] for _ in parts.due]
    for work in parts.works:
        options = " ".join(f"{machine + 1} {seconds // MINUTE}" for machine, seconds in work.options.items())
        jobs[work.job].append(f"{len(work.options)} {options}")
    lines = [f"{len(jobs)} {len(parts.places)}", *(f"{len(row)} {' '.join(row)}" for row in jobs)]
    return relaxed(load("\n".join(lines).encode()))


def searched(problem: Problem, *, tardy: bool) -> Example | None:
    """The plan that search makes of the best rule's; None where that leaves jobs out."""
    jobs, calendars = range(len(problem.jobs)), Calendars(problem)
    shop, numbers = from_problem(problem, jobs, calendars, tardy=tardy)
    state, generator = new_state(shop), seeded(0)
    plans = []
    for rule in range(len(RULES)):
        if rule == RANDOM:
            continue
        makespan, tardiness = by_rule(shop, state, rule, generator)
        made = int(state.counts[PLANNED])
        done = zip(state.done[:made].tolist(), state.done_on[:made].tolist(), strict=True)
        plans.append((tardiness if tardy else makespan, [Decision(numbers[at], machine) for at, machine in done]))
    schedule = replay(problem, min(plans, key=lambda plan: plan[0])[1], None, calendars)
    if schedule.unscheduled:
        return None
    best = evaluate(problem, schedule, None, calendars)
    search = searcher(problem, jobs, calendars, 1)
    search.adopt(schedule)
    for stage in range(STAGES):
        if search.run_counted(SECONDS[tardy] * len(numbers) / STAGES, 1 - stage / STAGES):
            found = replay(problem, search.decisions(), None, calendars)
            value = evaluate(problem, found, None, calendars)
            if value < best:
                best, schedule = value, found
    return example(problem, schedule, tardy=tardy)


def _routed(parts: Parts, rng: Generator, *, tardy: bool) -> Problem:
    """Made-up jobs; for weighted tardiness with due dates and weights."""
    problem = as_problem(parts)
    if not tardy:
        return problem
    dated(rng, parts)
    jobs = [
        replace(job, due=None if due == NO_DUE else due, weight=round(1000 * weight))
        for job, due, weight in zip(problem.jobs, parts.due, parts.weight, strict=True)
    ]
    return replace(problem, jobs=tuple(jobs), objective=({"weighted_tardiness": 1000},))


def _plant(rng: Generator) -> Problem:
    """A small plant of ``models.shop.generate``, from one job a machine on."""
    machines = int(rng.integers(3, 15))
    has: dict[str, Any] = {"setups": bool(rng.random() < 0.4), "routings": bool(rng.random() < 0.35)}
    most = MOST_OPERATIONS // (2 if has["routings"] else 1)
    jobs = int(np.clip(machines * np.exp(rng.uniform(0.0, np.log(25.0))), 6, most))
    document = made_factory(
        jobs, machines, int(rng.integers(2**31)), longest_hours=float(rng.uniform(60.0, 332.0)), **has
    )
    return replace(relaxed(parse(document)), objective=({"weighted_tardiness": 1000},))
