"""The search from the policy's plan against the search from the best rule's plan, at equal total time (R4)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from benchmarks.curves import Points, mean_curve, times
from benchmarks.picture import Curve, Picture
from benchmarks.report import Report, table
from models.shop.calendar import Calendars
from models.shop.objective import LEVEL_UNIT, evaluate
from models.shop.problem import Problem
from models.shop.schedule import Schedule
from models.shop.timeline import replay
from workers.batch import DISPATCH_SHARE
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits
from workers.ppo.engine import SAMPLES, chosen, decided
from workers.ppo.infer import Planner
from workers.search.choice import searcher

SAME = 1e-3
"""Values closer than this share count as the same."""


PARTS = (0.125, 0.25, 0.5, 1.0)
"""Parts of the time that runs of their own get, for the picture."""


def compare_starts(report: Report, problems: Mapping[str, Sequence[Problem]], seconds: float) -> tuple[str, Picture]:
    """Runs both ways on every problem; returns the table as Markdown, and the picture of both over time."""
    rows = []
    curves: dict[str, dict[str, list[Points]]] = {}
    least: dict[str, float] = {}
    for kind, row in problems.items():
        pairs = []
        for number, problem in enumerate(row):
            rule = _in_all(problem, seconds, rule_start)
            policy = _in_all(problem, seconds, _policy_start)
            pairs.append((rule, policy))
            if min(rule[1], policy[1]) > 0:
                name = f"{kind} {number}"
                least[name] = min(rule[1], policy[1])
                group = "plants" if kind.startswith("plants") else "makespan"
                for way, run in (("rule", rule), ("policy", policy)):
                    curves.setdefault(f"{group}, {way} start", {})[name] = [run[2]]
        if not pairs:
            continue
        first = sum(policy[0] for _, policy in pairs) / max(1.0, sum(rule[0] for rule, _ in pairs))
        last = sum(policy[1] for _, policy in pairs) / max(1.0, sum(rule[1] for rule, _ in pairs))
        better = sum(p[1][1] < p[0][1] * (1 - SAME) for p in pairs)
        worse = sum(p[1][1] > p[0][1] * (1 + SAME) for p in pairs)
        report.add("R4", f"{kind}: policy start over rule start after {seconds:g} s", last, "", samples=len(pairs))
        rows.append([kind, len(pairs), f"{first:.3f}", f"{last:.3f}", better, len(pairs) - better - worse, worse])
    head = ["Problems", "Number", "Start over start", "End over end", "Better", "Same", "Worse"]
    at = times(seconds / 100, seconds * 1.001)
    picture = Picture(
        title=f"From a rule's and from the policy's plan, {seconds:g} s in all",
        note=f"mean gap to the better end; runs of {', '.join(f'{part * seconds:g}' for part in PARTS)} s in all",
        x_label="seconds",
        y_label="gap, %",
        curves=[Curve(name, mean_curve(runs, least, at)) for name, runs in sorted(curves.items())],
    )
    return (
        f"## As a start of the search\n\nSums of the objective, policy start over rule start, after {seconds:g} s in "
        "all (one thread, one seed). Either start may\ntake a fifth of the time: as many dispatch rules as fit, or the "
        f"best of up to {SAMPLES} plans of the policy.\n\n" + table(head, rows)
    ), picture


def _in_all(problem: Problem, seconds: float, start: object) -> tuple[float, float, Points]:
    """The start's value, the value after ``seconds`` in all, and the values at the ends of shorter runs, too: a search
    plans its time, so that what it has half-way is not what it would have had in half the time.
    """
    points: list[tuple[float, float]] = []
    for part in PARTS:
        took, first, last = improved(problem, part * seconds, start)
        points += [(part * seconds, last)] if points else [(took, first), (part * seconds, last)]
    return first, last, points


def improved(problem: Problem, seconds: float, start: object) -> tuple[float, float, float]:
    """When the start was there, its value, and the value after ``seconds`` in all, in the first level's unit."""
    jobs, calendars = range(len(problem.jobs)), Calendars(problem)
    warm = searcher(problem, jobs, calendars, 1)
    begun = time.monotonic()
    deadline = begun + seconds
    schedule: Schedule = start(problem, calendars, begun + DISPATCH_SHARE * seconds)  # type: ignore[operator]
    first = best = evaluate(problem, schedule, None, calendars)
    took = time.monotonic() - begun
    warm.adopt(schedule)
    while (left := deadline - time.monotonic()) > 0:
        step = warm.step_seconds(left)
        if warm.run(step, lambda: max(0.0, deadline - time.monotonic()) / seconds, lambda: False, 0):
            found = replay(problem, warm.decisions(), None, calendars)
            best = min(best, evaluate(problem, found, None, calendars))
    return took, first[1] / LEVEL_UNIT, best[1] / LEVEL_UNIT


def rule_start(problem: Problem, calendars: Calendars, deadline: float) -> Schedule:
    """The best plan of as many dispatch rules as fit."""
    return dispatch_plans(problem, range(len(problem.jobs)), Limits(deadline), calendars).schedule


def _policy_start(problem: Problem, calendars: Calendars, deadline: float) -> Schedule:
    policy, shop, numbers, _ = chosen(problem, range(len(problem.jobs)), calendars)
    planner = Planner(shop, policy.weights)
    found = planner.best_of(SAMPLES, 1, lambda: time.monotonic() > deadline)
    plan = found.plan if found is not None else planner.greedy()
    assert plan is not None, "nothing stops it"
    return replay(problem, decided(problem, numbers, plan), None, calendars)
