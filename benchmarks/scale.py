"""``nightshift bench scale``: tens of thousands of jobs, makespan against its bound, memory a job (bars Q5 and Q6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.curves import gap
from benchmarks.options import factor_option, machines_option, peers_option, study_options
from benchmarks.plant_results import KIB, PlantResults, both, by_plant, first_plan, picture
from benchmarks.plants import PLAIN, SETUPS, Plant, made
from benchmarks.report import Report
from benchmarks.study import Study

MOST_MIB, SETUPS_MIB = 1536.0, 512.0


@dataclass(frozen=True, slots=True)
class Size:
    """Up to ``jobs`` jobs: at most ``gap`` percent above the bound after ``seconds``."""

    jobs: int
    seconds: float
    gap: float


SIZES = (Size(10_000, 5.0, 0.3), Size(50_000, 10.0, 0.2), Size(100_000, 30.0, 0.2))
"""Bar Q5; more jobs are measured as the last."""

SETUPS_SECONDS = 30.0
MOST_PEER_JOBS = 20_000
"""With more jobs the peers' models do not fit into the memory."""


class Jobs(click.ParamType[Sequence[int]]):
    """Whole numbers with commas between them, or none."""

    name = "numbers"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Sequence[int]:
        """Ascending."""
        parts = [part.strip() for part in str(value).split(",") if part.strip() not in ("", "none")]
        if not all(part.isdigit() and int(part) for part in parts):
            self.fail(f"{value!r} is not numbers of jobs with commas between them", param, ctx)
        return sorted({int(part) for part in parts})


@click.command(short_help="Up to 100,000 jobs: bound, first plan, memory (Q5, Q6).")
@click.option("--jobs", default="10000,50000,100000", show_default=True, type=Jobs(), help="Sizes, makespan.")
@click.option("--setups", default="1000,10000", show_default=True, type=Jobs(), help="Sizes, family setups; or none.")
@machines_option
@peers_option
@factor_option
@study_options
def scale(
    jobs: Sequence[int],
    setups: Sequence[int],
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
    """Measure made-up plants of many jobs: how far the makespan is from its lower bound, first plan, memory a job.

    Memory is the most that the run's process held from the parsed problem to the checked result document. What was
    measured before is kept in DIR/scale.jsonl and not run again; tables go to DIR/scale.md and .json.
    """
    plants = [made(PLAIN, count, machines, out / "plants") for count in jobs]
    plants += [made(SETUPS, count, machines, out / "plants") for count in setups]
    study = Study(out / "scale.jsonl", checker=checker, at_once=at_once)
    study.forget(again)
    results = PlantResults(
        study=study,
        plants=plants,
        limits={plant.name: [time_factor * _seconds(plant)] for plant in plants},
        seeds=range(1, seeds + 1),
        peers={plant.name: peers if plant.jobs <= MOST_PEER_JOBS else () for plant in plants},
        objective={plant.name: "makespan" for plant in plants if plant.kind == PLAIN},
        rules=False,
    )
    if not only_tables:
        study.run(results.tasks())
    report = Report("scale")
    for plant in plants:
        if results.ours(plant):
            _tell(results, report, plant)
    report.sections += [
        "![Makespan over time](scale.svg)",
        "## By plant\n\nValues are hours of makespan, and weighted hours late where there are setups; the median over "
        "seeds with the\nworst in brackets. The lower bound is the one that comes with the result, proved within the "
        "same time. Memory is\nthe most that the run's process held from the parsed problem to the result; a job's is "
        "by how much that is more\nthan before the file was read.\n\n" + by_plant(results),
    ]
    out.mkdir(parents=True, exist_ok=True)
    references = {p.name: bound for p in plants if p.kind == PLAIN and (bound := results.bound(p))}
    drawn = picture(results, "Makespan over time, one core", "1 is the lower bound.", "makespan / bound", references)
    (out / "scale.svg").write_text(drawn, encoding="utf-8")
    report.write(out)


def _size(plant: Plant) -> Size:
    return next((size for size in SIZES if plant.jobs <= size.jobs), SIZES[-1])


def _seconds(plant: Plant) -> float:
    return SETUPS_SECONDS if plant.kind == SETUPS else _size(plant).seconds


def _tell(results: PlantResults, report: Report, plant: Plant) -> None:
    (limit,) = results.limits[plant.name]
    runs = results.ours(plant)
    if plant.kind == SETUPS:
        bar, most = "Q6", SETUPS_MIB
    else:
        bar, most = "Q5", MOST_MIB
        above = [gap(run.value, run.bound) for run in runs if run.bound]
        both(report, bar, f"{plant.name}: makespan above its bound, at {limit:g} s", above, "%", _size(plant).gap)
    first_plan(results, report, plant, bar)
    report.add(bar, f"{plant.name}: most memory", max(results.peaks(plant)), "MiB", most)
    own = max(run.peak_mib - run.base_mib for run in runs)
    report.add(bar, f"{plant.name}: memory a job", own * KIB / plant.jobs, "KiB")
    report.add(bar, f"{plant.name}: the longest after its time limit", max(r.seconds for r in runs) - limit, "s")
    report.add(bar, f"{plant.name}: plans that a validator refuses", sum(not run.valid for run in runs), "", 0)
    checked = [run for run in runs if run.checked is not None]
    if checked:
        report.add(bar, f"{plant.name}: refused by the outside checker", sum(not r.checked for r in checked), "", 0)
