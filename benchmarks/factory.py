"""``nightshift bench factory``: plants with due dates, setups, shop floors and lots (bars Q3, Q4, Q6, Q7 and Q10)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import click

from benchmarks.curves import gap
from benchmarks.options import factor_option, machines_option, peers_option, study_options
from benchmarks.plant_results import PlantResults, both, by_plant, first_plan, picture
from benchmarks.plants import FLOOR, LOTS, PLAIN, SETUPS, Made, Plant, found, made
from benchmarks.report import Report
from benchmarks.study import Study

MANY_JOBS, VAST_JOBS = 1_000, 5_000
"""Plain plants with fewer jobs are of bar Q3, the others of Q4, which asks less of the largest."""

LIMITS: Mapping[str, Sequence[float]] = {PLAIN: (5.0, 30.0), SETUPS: (5.0, 30.0), LOTS: (5.0,), FLOOR: (5.0, 30.0)}
MANY_LIMITS: Sequence[float] = (5.0, 60.0)
"""Plain plants of MANY_JOBS and more."""

ABOVE_BEST, PROVED_GAP = 0.1, 1.0
"""Percent (Q3)."""

OF_ATC, OF_ATC_VAST = 0.90, 0.93
OF_BEST_RULE = 0.5
OF_BOUND, MOST_HOURS = 1.02, 130.0
SETUPS_MIB = 512.0
MADE = f"{PLAIN}:10000,{SETUPS}:1000,{SETUPS}:10000"
SHARE_OF_PEER = 1.0


@click.command(short_help="Plants beside rules, bounds and peers (Q3, Q4, Q6, Q7, Q10).")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--made", "sizes", default=MADE, show_default=True, type=Made(), help="Made-up plants beside, or none.")
@machines_option
@peers_option
@factor_option
@study_options
def factory(
    folder: Path,
    sizes: Sequence[tuple[str, int]],
    machines: int,
    peers: tuple[str, ...],
    time_factor: float,
    seeds: int,
    at_once: int,
    checker: str | None,
    again: tuple[str, ...],
    only_tables: bool,
    out: Path,
) -> None:
    """Measure plans for the plants in FOLDER (JSON) and for made-up ones beside rules, lower bounds and peers.

    Which bar a plant is measured against follows from what it has: lots, routings and shifts, setups, or none of them.
    What was measured before is kept in DIR/factory.jsonl and not run again; tables go to DIR/factory.md and .json.
    """
    plants = [*found(folder), *(made(kind, jobs, machines, out / "plants") for kind, jobs in sizes)]
    if not plants:
        raise click.ClickException(f"there is no problem in {folder}")
    study = Study(out / "factory.jsonl", checker=checker, at_once=at_once)
    study.forget(again)
    results = PlantResults(
        study=study,
        plants=plants,
        limits={plant.name: [limit * time_factor for limit in _limits(plant)] for plant in plants},
        seeds=range(1, seeds + 1),
        peers={plant.name: peers if plant.kind in (PLAIN, SETUPS) else () for plant in plants},
        objective={plant.name: "makespan" for plant in plants if plant.kind == LOTS},
    )
    if not only_tables:
        study.run(results.tasks())
    report = Report("factory")
    for plant in plants:
        if results.ours(plant):
            tell(results, report, plant)
    report.sections += [
        "![Plans over time](factory.svg)",
        "## By plant\n\nValues are weighted hours late (lots: hours of makespan), the median over seeds with the worst "
        "in brackets.\nBest rule: of SPT, LPT, EDD, ATC, MWKR and MOR, each alone, under all rules of the plant. Best "
        "ATC: of five\nlook-ahead factors and two ways of dispatching. Peers: one seed, the largest limit.\n\n"
        + by_plant(results),
    ]
    out.mkdir(parents=True, exist_ok=True)
    drawn = picture(
        results,
        "Plans over time against the best dispatch rule, one core",
        "1 is the best of all rules, with the best of five look-ahead factors for ATC.",
        "value / best rule",
        {plant.name: best for plant in plants if (best := results.best_rule(plant))},
    )
    (out / "factory.svg").write_text(drawn, encoding="utf-8")
    report.write(out)


def _limits(plant: Plant) -> Sequence[float]:
    return MANY_LIMITS if plant.kind == PLAIN and plant.jobs >= MANY_JOBS else LIMITS[plant.kind]


def tell(results: PlantResults, report: Report, plant: Plant) -> None:
    """The plant's numbers, and the bars of its kind."""
    bars = {PLAIN: _many if plant.jobs >= MANY_JOBS else _few, SETUPS: _setups, LOTS: _lots, FLOOR: _floor}
    bars[plant.kind](results, report, plant)
    runs = results.ours(plant)
    bar = "Q2"
    report.add(bar, f"{plant.name}: plans that a validator refuses", sum(not run.valid for run in runs), "", 0)
    checked = [run for run in runs if run.checked is not None]
    if checked:
        report.add(bar, f"{plant.name}: refused by the outside checker", sum(not r.checked for r in checked), "", 0)
    floor = results.floor(plant)
    if floor is not None and floor.value is not None:
        worse = sum(run.value is None or run.value > floor.value * (1 + 1e-9) for run in runs)
        report.add(bar, f"{plant.name}: of {len(runs)} plans, worse than the best rule", worse, "", 0)
    for peer, run in results.theirs(plant).items():
        if run.value:
            ratio = median(results.values(plant, results.limits[plant.name][-1])) / run.value
            report.add("", f"{plant.name}: ours over {peer} at the largest limit", ratio, "", SHARE_OF_PEER)


def _few(results: PlantResults, report: Report, plant: Plant) -> None:
    first, last = results.limits[plant.name]
    best = results.best(plant)
    if best is not None:
        above = [gap(value, best) for value in results.values(plant, first)]
        both(report, "Q3", f"{plant.name}: above the best plan known, at {first:g} s", above, "%", ABOVE_BEST)
        bound = results.bound(plant)
        if bound:
            report.add("Q3", f"{plant.name}: the best plan known above its proved bound", gap(best, bound), "%")
    proved = [_proved_gap(run.value, run.bound) for run in results.ours(plant, last)]
    both(report, "Q3", f"{plant.name}: gap proved, at {last:g} s", proved, "%", PROVED_GAP)


def _many(results: PlantResults, report: Report, plant: Plant) -> None:
    first_plan(results, report, plant, "Q4")
    floor = results.floor(plant)
    last = results.limits[plant.name][-1]
    if floor is not None and floor.more.get("best_atc"):
        ratios = [value / floor.more["best_atc"] for value in results.values(plant, last)]
        most = OF_ATC_VAST if plant.jobs >= VAST_JOBS else OF_ATC
        both(report, "Q4", f"{plant.name}: over the best ATC, at {last:g} s", ratios, "", most)


def _setups(results: PlantResults, report: Report, plant: Plant) -> None:
    first_plan(results, report, plant, "Q6")
    report.add("Q6", f"{plant.name}: most memory", max(results.peaks(plant)), "MiB", SETUPS_MIB)
    last = results.limits[plant.name][-1]
    ratios = [
        run.value / run.points[0][1]
        for run in results.ours(plant, last)
        if run.value is not None and run.points and run.points[0][1]
    ]
    if ratios:
        both(report, "Q6", f"{plant.name}: plan at {last:g} s over the first plan", ratios, "")


def _floor(results: PlantResults, report: Report, plant: Plant) -> None:
    first_plan(results, report, plant, "Q7")
    floor = results.floor(plant)
    last = results.limits[plant.name][-1]
    if floor is not None and floor.value:
        ratios = [value / floor.value for value in results.values(plant, last)]
        both(report, "Q7", f"{plant.name}: over the best rule, at {last:g} s", ratios, "", OF_BEST_RULE)


def _lots(results: PlantResults, report: Report, plant: Plant) -> None:
    last = results.limits[plant.name][-1]
    values = results.values(plant, last)
    bound = results.bound(plant)
    if bound:
        over = [value / bound for value in values]
        both(report, "Q10", f"{plant.name}: makespan over the lower bound, at {last:g} s", over, "", OF_BOUND)
    both(report, "Q10", f"{plant.name}: makespan at {last:g} s", values, "h", MOST_HOURS)


def _proved_gap(value: float | None, bound: float | None) -> float:
    """The gap of a result document in percent: of the value."""
    if value is None or bound is None:
        return math.inf
    return 0.0 if value <= bound else 100 * (value - bound) / value
