"""``nightshift bench parallel``: what two workers bring over one, and on paper what sixteen would (bar Q9)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from statistics import median

import click

from benchmarks.options import study_options
from benchmarks.picture import Curve, Picture
from benchmarks.plants import found as plants_in
from benchmarks.recording import Step
from benchmarks.report import Report, table
from benchmarks.simulate import Record, seconds_to_quality, standing_share
from benchmarks.study import Study
from benchmarks.work import OURS, Outcome, Task, digest_of

TEXTS = (".fjs", ".jsp", ".txt")
SHARE_OF_TIME = 0.6
"""Two workers reach within this share of the time limit what one reaches within all of it (36 of 60 s)."""

SIMULATED = (1, 2, 4, 8, 16)
SOON_SECONDS = 1.0
"""What one worker has as soon as this says nothing about improvers."""

Speeds = Mapping[int, float]


@dataclass(frozen=True)
class Case:
    """One problem with one seed: what one worker brought, and what two did."""

    task: Task
    one: Outcome
    two: Outcome

    @property
    def alone(self) -> float:
        """When one worker had its final value, in seconds."""
        return next((at for at, value in self.one.points if value == self.one.points[-1][1]), math.inf)

    @property
    def together(self) -> float:
        """When two workers had a plan as good; infinite where they had none."""
        final = self.one.points[-1][1]
        return next((at for at, value in self.two.points if value <= final), math.inf)

    @cached_property
    def standing(self) -> float:
        """How often two workers' patches still stood after the incumbent had moved."""
        return standing_share([Step.of(row) for row in self.two.more.get("steps", [])])

    @cached_property
    def simulated(self) -> Speeds:
        """Workers -> seconds until one worker's final quality, on paper; empty where one worker made no patch."""
        steps = [step for row in self.one.more.get("steps", []) if not (step := Step.of(row)).blocked]
        begun = steps[0].end - steps[0].seconds if steps else 0.0
        record = Record(steps, begun, self.alone)
        if not record.patches:
            return {}
        return {count: seconds_to_quality(record, count, self.standing) for count in SIMULATED}


@click.command(short_help="Two workers against one, and sixteen on paper (Q9).")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", default=60.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Seconds.")
@click.option("--only", default="*", metavar="PATTERN", help="Problems whose name fits.")
@click.option(
    "--problems", "most", default=8, show_default=True, type=click.IntRange(1), help="Evenly of the sorted names."
)
@study_options
def parallel(
    folder: Path,
    limit: float,
    only: str,
    most: int,
    seeds: int,
    at_once: int,
    checker: str | None,
    again: tuple[str, ...],
    only_tables: bool,
    out: Path,
) -> None:
    """Measure how soon two workers reach what one reaches within the time limit, on the problems in FOLDER.

    One worker has one core, two have two. What more workers would bring is simulated from the recorded steps;
    benchmarks/simulate.py says how. What was measured before is kept in DIR/parallel.jsonl and not run again.
    """
    problems = [task for task in _problems(folder) if fnmatch(task.name, only)]
    if not problems:
        raise click.ClickException(f"there is no problem in {folder}")
    chosen = [problems[at * len(problems) // min(most, len(problems))] for at in range(min(most, len(problems)))]
    study = Study(out / "parallel.jsonl", checker=checker, at_once=at_once)
    study.forget(again)
    pairs = [
        tuple(replace(task, solver=OURS, seed=seed, limit=limit, workers=workers, record=True) for workers in (1, 2))
        for seed in range(1, seeds + 1)
        for task in chosen
    ]
    if not only_tables:
        study.run([task for pair in pairs for task in pair])
    cases = []
    for first, second in pairs:
        one, two = study.get(first), study.get(second)
        if one and two and one.points and two.points:
            cases.append(Case(first, one, two))
    report = Report("parallel")
    speeds = _tell(cases, report, limit)
    report.sections += ["![Speed-up](parallel.svg)", _explained(), "## By problem and seed\n\n" + _by_case(cases)]
    out.mkdir(parents=True, exist_ok=True)
    (out / "parallel.svg").write_text(_picture(cases, speeds), encoding="utf-8")
    report.write(out)


def _problems(folder: Path) -> list[Task]:
    texts = [path for path in folder.iterdir() if path.suffix in TEXTS]
    found = [Task(path.stem, str(path.resolve()), digest_of(path)) for path in texts]
    return sorted([*found, *(plant.task for plant in plants_in(folder))], key=lambda task: task.name)


def _tell(cases: Sequence[Case], report: Report, limit: float) -> Speeds:
    """The bar; returns the median simulated speed-up of each number of workers."""
    if not cases:
        return {}
    most = SHARE_OF_TIME * limit
    together = [case.together for case in cases]
    count = len(cases)
    what = f"two workers: seconds to the quality that one has after {limit:g} s"
    report.add("Q9", f"{what}, median", median(together), "s", most, samples=count)
    report.add("Q9", f"of {count} cases: later than {most:g} s", sum(one > most for one in together), "")
    report.add("Q9", f"of {count} cases: not within {limit:g} s", sum(math.isinf(one) for one in together), "")
    telling = [case for case in cases if case.alone > SOON_SECONDS]
    if telling:
        share = median(case.together / case.alone for case in telling)
        what = f"the same over when one worker had it, of {len(telling)} cases that took it over {SOON_SECONDS:g} s"
        report.add("Q9", f"{what}, median", share, "", samples=len(telling))
    simulated = [case.simulated for case in telling if case.simulated]
    speeds = {}
    for workers in SIMULATED if simulated else ():
        speeds[workers] = median(one[1] / one[workers] for one in simulated)
        seconds = median(one[workers] for one in simulated)
        what = f"on paper, {workers} workers: seconds to one worker's quality, median of {len(simulated)}"
        report.add("Q9", what, seconds, "s", samples=len(simulated))
    if simulated:
        standing = median(case.standing for case in telling)
        report.add(
            "Q9", "patches that still stand after the incumbent moved, of those that stand otherwise", standing, ""
        )
    return speeds


def _explained() -> str:
    return """## How more workers are simulated

From the run of one worker: the sequence of patches that made its plan what it was in the end, and for each place in it
the steps made around it: how long they took, which machines they claimed, whether they found a patch. From the run of
two: how often a patch still stands after the incumbent has moved. In the simulation each worker draws a step of those
recorded around the present place (again, up to four times, where another worker holds one of its machines), works for
the recorded time, and its patch stands where the incumbent has not moved, and with the measured share where it has. A
patch that stands takes the plan one place further. What comes before improving is not sped up. The line of 1 worker is
the check: it should take as long as was measured; so should that of 2."""


def _by_case(cases: Sequence[Case]) -> str:
    head = ["problem", "seed", "one worker", "had it after, s", "two workers", "reach it after, s", "steps of one"]
    head += ["patches stand", *(f"{workers} on paper, s" for workers in SIMULATED)]
    rows = []
    for case in sorted(cases, key=lambda case: (case.task.name, case.task.seed)):
        found = [
            case.task.name,
            case.task.seed,
            case.one.points[-1][1],
            case.alone,
            case.two.points[-1][1],
            case.together,
        ]
        steps = len(case.one.more.get("steps", []))
        rows.append([*found, steps, case.standing, *(case.simulated.get(workers) for workers in SIMULATED)])
    return table(head, rows)


def _picture(cases: Sequence[Case], speeds: Speeds) -> str:
    telling = [case for case in cases if case.alone > SOON_SECONDS and math.isfinite(case.together)]
    curves = [Curve("as many times", [(float(workers), float(workers)) for workers in SIMULATED])]
    if speeds:
        curves.append(Curve("simulated", sorted((float(workers), speed) for workers, speed in speeds.items())))
    if telling:
        curves.append(Curve("measured", [(1.0, 1.0), (2.0, median(case.alone / case.together for case in telling))]))
    return Picture(
        title="How much sooner more workers reach one worker's quality",
        note=f"Median of {len(telling)} cases; one and two measured, more simulated from recorded steps.",
        x_label="workers",
        y_label="times as fast",
        curves=curves,
        steps=False,
    ).svg()
