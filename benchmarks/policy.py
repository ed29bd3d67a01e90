"""``nightshift bench policy``: what policies reach alone, beside rules, and as starts of the search (R1 to R5)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil

from benchmarks.bars import Bars
from benchmarks.policy_generated import generated
from benchmarks.policy_seeds import other_seeds
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
from workers.ppo.forward import Weights
from workers.ppo.infer import Planner

SAMPLES = 100
GREEDY = {"Brandimarte": 6.5, "Hurink e": 10.5, "Hurink r": 7.5, "Hurink v": 2.4}
BEST = {"Brandimarte": 4.2, "Hurink e": 5.2, "Hurink r": 3.0, "Hurink v": 0.7}
"""Bars (R2) in percent above the best known makespan, mean over a class."""

STARTS = 5
"""Problems a class for R4."""

MINUTE = 60

KINDS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "setups": {"setups": True},
    "routings": {"routings": True},
    "few jobs": {"machines": 149},
    "few jobs, setups": {"machines": 149, "setups": True},
}
"""Made-up plants of 100 jobs; on 12 machines unless told."""


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
@click.option("--made", default=100, show_default=True, type=click.IntRange(0, 1000), help="Made-up shops a set.")
@click.option("--made-seconds", default=1.0, show_default=True, type=click.FloatRange(0.1, 600), help="Search on each.")
@click.option("--large/--no-large", default=True, show_default=True, help="Also 10,000 jobs at once.")
@click.option(
    "--also",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A policy of the same training with another seed, for R2 and R3; may be given several times.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for policy.json and .md.")
def policy(
    folder: Path,
    samples: int,
    start_seconds: float,
    plants: int,
    made: int,
    made_seconds: float,
    large: bool,
    also: tuple[Path, ...],
    out: Path | None,
) -> None:
    """Measure the policies in force on the FJSP files in FOLDER (with bks.csv), on made-up shops and on made-up plants.

    Every plan is checked by the validator. The tables go to DIR/policy.md and .json, the pictures to
    DIR/policy-classes.svg and DIR/policy-starts.svg.
    """
    report = Report("policy")
    files = sorted(path for path in folder.rglob("*.fjs"))
    known = best_known(folder / "bks.csv")
    problems = {path.stem: relaxed(load(path.read_bytes())) for path in files if path.stem in known}
    makespans = {name: known[name][0] * MINUTE for name in problems}
    bars, gaps = by_class(report, problems, makespans, samples)
    if made:
        generated(report, made, made_seconds, samples, solved)
    made_plants = {kind: [made_plant(seed, **has) for seed in range(plants)] for kind, has in KINDS.items()}
    ruled, late = against_rules(report, made_plants, samples)
    if also:
        other_seeds(
            report,
            also,
            solved,
            samples,
            problems=problems,
            known=makespans,
            gaps=gaps,
            bars={"greedy": GREEDY, "best": BEST},
            made=made_plants,
            ruled=ruled,
            late=late,
        )
    speed(report, large)
    starts: dict[str, list[Problem]] = {class_of(name): [] for name in problems}
    for name, problem in problems.items():
        if len(starts[class_of(name)]) < STARTS:
            starts[class_of(name)].append(problem)
    starts |= {f"plants, {kind}": rows[:STARTS] for kind, rows in made_plants.items()}
    section, over_time = compare_starts(report, starts, start_seconds)
    report.sections.append(section)
    report.sections.insert(0, "![Gap by class](policy-classes.svg)\n\n![Starts over time](policy-starts.svg)")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "policy-classes.svg").write_text(bars.svg(), encoding="utf-8")
        (out / "policy-starts.svg").write_text(over_time.svg(), encoding="utf-8")
    report.write(out)


def made_plant(seed: int, jobs: int = 100, machines: int = 12, **has: Any) -> Problem:
    """A made-up plant for weighted tardiness that no policy was trained on."""
    problem = relaxed(parse(factory(jobs, machines, 7000 + seed, longest_hours=90.0, **has)))
    return replace(problem, objective=({"weighted_tardiness": 1000},))


def solved(problem: Problem, samples: int, weights: Weights | None = None) -> Found:
    """Plans a problem greedily and with samples, by the policy in force or by ``weights``, whatever its envelope."""
    begun = time.perf_counter()
    calendars, jobs = Calendars(problem), range(len(problem.jobs))
    rule, shop, numbers, _ = chosen(problem, jobs, calendars)
    planner = Planner(shop, weights or rule.weights)
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


def by_class(
    report: Report, problems: dict[str, Problem], known: dict[str, float], samples: int
) -> tuple[Bars, dict[str, Sequence[float]]]:
    """R1 and R2 on public instances: gaps to the best known makespans, as a picture beside rules, and by class."""
    classes: dict[str, list[tuple[list[float], Found]]] = {}
    ruled: dict[str, list[float]] = {}
    for name, problem in problems.items():
        found = solved(problem, samples)
        gaps = [100 * (value / known[name] - 1) for value in (found.greedy, found.passes, found.best)]
        classes.setdefault(class_of(name), []).append((gaps, found))
        ruled.setdefault(class_of(name), []).append(100 * (by_rules(problem) / known[name] - 1))
    rows = []
    groups: dict[str, Sequence[float]] = {}
    for name, runs in classes.items():
        greedy, passes, best = (float(np.mean([run[0][at] for run in runs])) for at in range(3))
        report.add("R2", f"{name}, greedy: above the best known", greedy, "%", GREEDY.get(name), samples=len(runs))
        report.add("R2", f"{name}, greedy both ways", passes, "%", GREEDY.get(name), samples=len(runs))
        report.add("R2", f"{name}, best of {samples}", best, "%", BEST.get(name), samples=len(runs))
        groups[name] = (float(np.mean(ruled[name])), greedy, passes, best)
        seconds = [run[1].best_seconds for run in runs]
        rows.append(
            [
                name,
                len(runs),
                f"{groups[name][0]:.1f}",
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
    head = ["Class", "Files", "Best rule, %", "Greedy, %", "Both ways, %", f"Best of {samples}, %"]
    report.sections.append(
        "## Makespan by class\n\nMean gaps to the best known makespan; median times, one thread. Greedy is one pass, "
        "both ways the\nbetter of one forwards and one backwards in time; both are among the plans that the best is "
        "of. The best rule is that of\nsome 30 dispatch rules and ways of dispatching, chosen for each file.\n\n"
        + table([*head, "Greedy, ms", "Best, s", "Most, s"], rows)
    )
    picture = Bars(
        title="Policies and dispatch rules, flexible job shops",
        note="mean gap to the best known makespan; best rule chosen for each file",
        label="gap, %",
        series=("best rule", "policy, greedy", "policy, both ways", f"policy, best of {samples}"),
        groups=groups,
    )
    return picture, {name: row[1:] for name, row in groups.items()}


def by_rules(problem: Problem) -> float:
    """What the best of all dispatch rules reaches, in the first level's unit or seconds."""
    plan = dispatch_plans(problem, range(len(problem.jobs)), Limits.within(60))
    return plan.levels[1] / LEVEL_UNIT * 3600


def against_rules(
    report: Report, made: dict[str, list[Problem]], samples: int
) -> tuple[dict[str, float], dict[str, Sequence[float]]]:
    """R3: weighted tardiness of made-up plants over that of the best of all dispatch rules; by kind, the sums of those,
    and (greedy, best) over them.
    """
    rows = []
    sums: dict[str, float] = {}
    late: dict[str, Sequence[float]] = {}
    for kind, problems in made.items():
        if not problems:
            continue
        ours, rules = [], []
        wrong = 0
        for problem in problems:
            found = solved(problem, samples)
            wrong += found.wrong
            ours.append((found.greedy, found.best))
            rules.append(by_rules(problem))
        best_rule = sum(rules)
        greedy, best = (sum(row[at] for row in ours) / max(1.0, best_rule) for at in (0, 1))
        sums[kind], late[kind] = best_rule, (greedy, best)
        wins = sum(row[1] <= rule for row, rule in zip(ours, rules, strict=True))
        report.add("R3", f"plants, {kind}: greedy over the best rule", greedy, "", samples=len(problems))
        report.add("R3", f"plants, {kind}: best of {samples} over the best rule", best, "", 1.0, samples=len(problems))
        report.add("R1", f"plants, {kind}: invalid choices, unplanned jobs, broken rules", wrong, "", 0)
        rows.append([kind, len(problems), f"{greedy:.3f}", f"{best:.3f}", f"{wins} of {len(problems)}"])
    head = ["Plants", "Number", "Greedy", f"Best of {samples}", "At least as good"]
    text = (
        "## Weighted tardiness beside rules\n\nSums over made-up plants of 100 jobs and 12 machines (few jobs: 149 "
        "machines), divided by the best of some 30\ndispatch rules and ways of dispatching, chosen for each plant (EDD "
        "and ATC with five look-aheads are among them).\n\n"
    )
    report.sections.append(text + table(head, rows))
    return sums, late


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
