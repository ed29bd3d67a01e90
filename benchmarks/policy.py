"""``nightshift bench policy``: what policies reach alone, beside rules, and as starts of the search (R1 to R5)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil

from benchmarks.policy_starts import compare_starts
from benchmarks.quality import best_known
from benchmarks.quality_tables import class_of
from benchmarks.report import Report, table
from models.shop.calendar import Calendars
from models.shop.generate import factory
from models.shop.objective import LEVEL_UNIT, as_document, evaluate, measure
from models.shop.parse import load, parse
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.timeline import replay
from models.shop.validator import validate
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits
from workers.ppo.engine import chosen, decided, invalid
from workers.ppo.infer import Planner

SAMPLES = 100
GREEDY = {"Brandimarte": 6.5, "Hurink e": 10.5, "Hurink r": 7.5, "Hurink v": 2.4}
BEST = {"Brandimarte": 4.2, "Hurink e": 5.2, "Hurink r": 3.0, "Hurink v": 0.7}
"""Bars (R2) in percent above the best known makespan, mean over a class."""

STARTS = 5
"""Problems a class for R4."""

MINUTE = 60


@dataclass(frozen=True)
class Found:
    """What a policy reached: values of the first level (its unit), seconds, and what must be 0.

    ``greedy`` in one pass; ``passes``: the better of that and the one backwards, where there is one.
    """

    greedy: float
    passes: float
    best: float
    greedy_seconds: float
    best_seconds: float
    operations: int
    wrong: int


@click.command(short_help="Policies alone, beside rules and as starts (R1-R5).")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--samples", default=SAMPLES, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--start-seconds", default=1.0, show_default=True, type=click.FloatRange(0.1, 600), help="For R4.")
@click.option("--plants", default=10, show_default=True, type=click.IntRange(0, 1000), help="Made-up plants a kind.")
@click.option("--large/--no-large", default=True, show_default=True, help="Also 10,000 jobs at once.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for policy.json and .md.")
def policy(folder: Path, samples: int, start_seconds: float, plants: int, large: bool, out: Path | None) -> None:
    """Measure the policies in force on the FJSP files in FOLDER (with bks.csv) and on made-up plants.

    Every plan is checked by the validator.
    """
    report = Report("policy")
    files = sorted(path for path in folder.rglob("*.fjs"))
    known = best_known(folder / "bks.csv")
    problems = {path.stem: relaxed(load(path.read_bytes())) for path in files if path.stem in known}
    by_class(report, problems, {name: known[name][0] * MINUTE for name in problems}, samples)
    made = {
        kind: [made_plant(seed, **has) for seed in range(plants)]
        for kind, has in {"plain": {}, "setups": {"setups": True}, "routings": {"routings": True}}.items()
    }
    against_rules(report, made, samples)
    speed(report, large)
    starts: dict[str, list[Problem]] = {class_of(name): [] for name in problems}
    for name, problem in problems.items():
        if len(starts[class_of(name)]) < STARTS:
            starts[class_of(name)].append(problem)
    starts |= {f"plants, {kind}": rows[:STARTS] for kind, rows in made.items()}
    report.sections.append(compare_starts(report, starts, start_seconds))
    report.write(out)


def made_plant(seed: int, jobs: int = 100, machines: int = 12, **has: Any) -> Problem:
    """A made-up plant for weighted tardiness that no policy was trained on."""
    problem = relaxed(parse(factory(jobs, machines, 7000 + seed, longest_hours=90.0, **has)))
    return replace(problem, objective=({"weighted_tardiness": 1000},))


def solved(problem: Problem, samples: int) -> Found:
    """Plans a problem greedily and with samples, whatever the envelope says."""
    begun = time.perf_counter()
    calendars, jobs = Calendars(problem), range(len(problem.jobs))
    rule, shop, numbers, _ = chosen(problem, jobs, calendars)
    planner = Planner(shop, rule.weights)
    first = planner.greedy()
    greedy_seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    best = planner.best_of(samples)
    best_seconds = time.perf_counter() - begun
    assert first is not None and best is not None, "nothing stops it"
    values, wrong = [], 0
    for sample in (first, best.passes, best.plan):
        schedule = replay(problem, decided(problem, numbers, sample), None, calendars)
        verdict = validate(problem, schedule, as_document(measure(problem, schedule, None, calendars)))
        wrong += invalid(problem, numbers, sample) + len(schedule.unscheduled) + len(verdict.violations)
        values.append(evaluate(problem, schedule, None, calendars)[1] / LEVEL_UNIT * 3600)
    return Found(values[0], values[1], values[2], greedy_seconds, best_seconds, len(numbers), wrong)


def by_class(report: Report, problems: dict[str, Problem], known: dict[str, float], samples: int) -> None:
    """R1 and R2 on public instances: gaps to the best known makespans."""
    classes: dict[str, list[tuple[list[float], Found]]] = {}
    for name, problem in problems.items():
        found = solved(problem, samples)
        gaps = [100 * (value / known[name] - 1) for value in (found.greedy, found.passes, found.best)]
        classes.setdefault(class_of(name), []).append((gaps, found))
    rows = []
    for name, runs in classes.items():
        greedy, passes, best = (float(np.mean([run[0][at] for run in runs])) for at in range(3))
        report.add("R2", f"{name}, greedy: above the best known", greedy, "%", GREEDY.get(name), samples=len(runs))
        report.add("R2", f"{name}, greedy both ways", passes, "%", GREEDY.get(name), samples=len(runs))
        report.add("R2", f"{name}, best of {samples}", best, "%", BEST.get(name), samples=len(runs))
        seconds = [run[1].best_seconds for run in runs]
        rows.append(
            [
                name,
                len(runs),
                f"{greedy:.1f}",
                f"{passes:.1f}",
                f"{best:.1f}",
                f"{1000 * float(np.median([run[1].greedy_seconds for run in runs])):.1f}",
                f"{float(np.median(seconds)):.2f}",
                f"{max(seconds):.2f}",
            ]
        )
    wrong = sum(run[1].wrong for runs in classes.values() for run in runs)
    report.add("R1", "invalid choices, unplanned jobs and broken rules on public instances", wrong, "", 0)
    head = ["Class", "Files", "Greedy, %", "Both ways, %", f"Best of {samples}, %", "Greedy, ms", "Best, s", "Most, s"]
    report.sections.append(
        "## Makespan by class\n\nMean gaps to the best known makespan; median times, one thread. Greedy is one pass, "
        "both ways the\nbetter of one forwards and one backwards in time; both are among the plans that the best is "
        "of.\n\n" + table(head, rows)
    )


def against_rules(report: Report, made: dict[str, list[Problem]], samples: int) -> None:
    """R3: weighted tardiness of made-up plants over that of the best of all dispatch rules."""
    rows = []
    for kind, problems in made.items():
        if not problems:
            continue
        ours, rules = [], []
        wrong = 0
        for problem in problems:
            found = solved(problem, samples)
            wrong += found.wrong
            ours.append((found.greedy, found.best))
            plan = dispatch_plans(problem, range(len(problem.jobs)), Limits.within(60))
            rules.append(plan.levels[1] / LEVEL_UNIT * 3600)
        best_rule = sum(rules)
        greedy, best = (sum(row[at] for row in ours) / max(1.0, best_rule) for at in (0, 1))
        wins = sum(row[1] <= rule for row, rule in zip(ours, rules, strict=True))
        report.add("R3", f"plants, {kind}: greedy over the best rule", greedy, "", samples=len(problems))
        report.add("R3", f"plants, {kind}: best of {samples} over the best rule", best, "", 1.0, samples=len(problems))
        report.add("R1", f"plants, {kind}: invalid choices, unplanned jobs, broken rules", wrong, "", 0)
        rows.append([kind, len(problems), f"{greedy:.3f}", f"{best:.3f}", f"{wins} of {len(problems)}"])
    head = ["Plants", "Number", "Greedy", f"Best of {samples}", "At least as good"]
    text = (
        "## Weighted tardiness beside rules\n\nSums over made-up plants of 100 jobs and 12 machines, divided by the "
        "best of some 30 dispatch rules and ways\nof dispatching, chosen for each plant (EDD and ATC with five "
        "look-aheads are among them).\n\n"
    )
    report.sections.append(text + table(head, rows))


def speed(report: Report, large: bool) -> None:
    """R1 and R5: how long a plan takes."""
    plant = relaxed(parse(factory(411, 149, 1)))
    solved(plant, 1)
    seconds = min(solved(plant, 1).greedy_seconds for _ in range(3))
    report.add("R1", "411 jobs on 149 machines in one go", seconds, "s", 0.2)
    report.add("R5", "a choice there, setting up included", 1e6 * seconds / 411, "us", 100)
    if large:
        many = solved(relaxed(parse(factory(10_000, 149, 1))), 1)
        report.add("R1", "10,000 jobs on 149 machines in one go", many.greedy_seconds, "s", 5)
        report.add("R1", "10,000 jobs: invalid choices, unplanned jobs, broken rules", many.wrong, "", 0)
    report.add("R5", "memory of this process", psutil.Process().memory_info().rss / 2**20, "MiB")
