"""``nightshift bench repair``: one breakdown on the 411-job factory, repaired and replanned beside each other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.report import Report
from models.shop.disruptions import MOVE_PRICE, Repaired, disrupted, priced
from models.shop.generate import factory
from models.shop.objective import HOUR, Metrics, as_document, measure
from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.reading.disruptions import read_disruptions
from models.shop.result_reader import read_result
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from models.shop.validator import validate
from monitoring import logs
from workers import local
from workers.engine import warm

JOBS, MACHINES = 411, 149
AT_HOURS = 4
DOWN_HOURS = 24
SHIFT_BAR_SECONDS = 1.0
TARDINESS_BAR = 2.0
MOVES_BAR = 25.0


@dataclass(frozen=True, slots=True)
class Found:
    """One way to go on after the breakdown: its plan's metrics, and how long it took."""

    metrics: Metrics
    seconds: float

    @property
    def tardiness(self) -> float:
        """Weighted tardiness in hours."""
        return self.metrics.weighted_tardiness / 1000 / HOUR


@click.command(short_help="A breakdown on the 411-job factory: shifted right, repaired, replanned.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.5, 600), help="For each search.")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 20), help="Made-up factories.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes of each search.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the table.")
def repair(seconds: float, seeds: int, workers: int, out: Path | None) -> None:
    """Break the machine on which most work waits, four hours into the plan, for a day.

    Then shift the plan right, repair it from there at a price per move, and replan from nothing, both within --seconds.
    The bars: shifted right within 1 s; repaired, the weighted tardiness within 2 % of the full replan's, with a quarter
    of its moves.
    """
    logs.configure(level="CRITICAL")
    report = Report("repair")
    shifts: list[float] = []
    excess: list[float] = []
    shares: list[float] = []
    for seed in range(1, seeds + 1):
        made = parse(factory(JOBS, MACHINES, seed))
        warm(made)
        warm(replace(made, objective=priced(made.objective, MOVE_PRICE)))
        plan = _solved(made, seconds, workers, None)[1]
        row = _breakdown(made, plan)
        begun = time.perf_counter()
        found = disrupted(made, plan, read_disruptions(made, [row]), now=AT_HOURS * HOUR)
        shifted = replay(found.problem, found.decisions)
        metrics = measure(found.problem, shifted)
        valid = validate(found.problem, shifted, as_document(metrics)).valid
        shifts.append(time.perf_counter() - begun)
        if not valid:
            raise click.ClickException(f"seed {seed}: the plan shifted right breaks a rule")
        repaired = _repaired(found, seconds, workers)
        full = _full(found, seconds, workers)
        excess.append(_excess(repaired.tardiness, full.tardiness))
        shares.append(repaired.metrics.changes / max(1, full.metrics.changes))
        _tell(report, seed, row, Found(metrics, shifts[-1]), repaired, full)
    report.add("C8", "shifted right and checked, the slowest", max(shifts), "s", SHIFT_BAR_SECONDS)
    above = "repaired: weighted tardiness above the full replan's"
    report.add("C8", f"{above}, median", 100 * median(excess), "%", TARDINESS_BAR)
    report.add("C8", f"{above}, worst", 100 * max(excess), "%", TARDINESS_BAR)
    report.add("C8", "repaired: its moves as a share of the full replan's, worst", 100 * max(shares), "%", MOVES_BAR)
    report.write(out)


def _solved(problem: Problem, seconds: float, workers: int, start: Sequence[Decision] | None) -> tuple[float, Schedule]:
    begun = time.perf_counter()
    document = local.solve(problem, seconds=seconds, workers=workers, start=start)
    return time.perf_counter() - begun, read_result(problem, document)[0]


def _breakdown(problem: Problem, plan: Schedule) -> dict[str, Any]:
    """The machine on which most operations wait when it breaks."""
    waiting = Counter(row.machine for row in plan.assignments if row.start > AT_HOURS * HOUR)
    machine = waiting.most_common(1)[0][0]
    return {
        "type": "machine_breakdown",
        "machine_id": problem.machines[machine].machine_id,
        "from": _instant(problem, AT_HOURS),
        "to": _instant(problem, AT_HOURS + DOWN_HOURS),
    }


def _repaired(found: Repaired, seconds: float, workers: int) -> Found:
    problem = replace(found.problem, objective=priced(found.problem.objective, MOVE_PRICE))
    took, schedule = _solved(problem, seconds, workers, found.decisions)
    return Found(measure(found.problem, schedule), took)


def _full(found: Repaired, seconds: float, workers: int) -> Found:
    took, schedule = _solved(found.problem, seconds, workers, None)
    return Found(measure(found.problem, schedule), took)


def _excess(ours: float, theirs: float) -> float:
    return 0.0 if ours <= theirs else (ours - theirs) / theirs if theirs else float("inf")


def _tell(report: Report, seed: int, row: dict[str, Any], shifted: Found, repaired: Found, full: Found) -> None:
    click.echo(f"factory {seed}: {row['machine_id']} is down for {DOWN_HOURS} h", err=True)
    for name, one in (("shifted right", shifted), ("repaired", repaired), ("full replan", full)):
        told = f"factory {seed}, {name}"
        report.add("C8", f"{told}: weighted tardiness", one.tardiness, "h")
        report.add("C8", f"{told}: moves", one.metrics.changes, "")
        report.add("C8", f"{told}: time", one.seconds, "s")


def _instant(problem: Problem, hours: float) -> str:
    return datetime.fromtimestamp(problem.epoch + round(hours * HOUR), UTC).isoformat()
