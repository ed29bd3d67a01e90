"""What a study of plants found: read by plant, time limit and seed, as a table and as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.curves import times
from benchmarks.picture import Curve, Picture
from benchmarks.plants import Plant
from benchmarks.report import Report, shown, table
from benchmarks.study import Study
from benchmarks.work import OURS, PEERS, RULES, Outcome, Task, crowded

FIRST_PLAN_SECONDS, FIRST_PLAN_JOBS = 1.0, 10_000
"""The bar for first plans, and the most jobs that it is meant for."""

KIB = 1024
Values = Sequence[float]


@dataclass(frozen=True)
class PlantResults:
    """A study of plants. ``limits``: the time limits that ours is run with, by plant name, ascending.

    ``objective`` is the term to minimise, by plant name, where it is not the file's. Peers are run with the largest
    limit and one seed.
    """

    study: Study
    plants: Sequence[Plant]
    limits: Mapping[str, Sequence[float]]
    seeds: Sequence[int]
    peers: Mapping[str, Sequence[str]]
    objective: Mapping[str, str]
    rules: bool = True

    def task(self, plant: Plant, solver: str, seed: int, limit: float) -> Task:
        """One run."""
        return replace(plant.task, solver=solver, seed=seed, limit=limit, objective=self.objective.get(plant.name))

    def tasks(self) -> list[Task]:
        """Every run: rules first, then ours seed by seed, then the peers."""
        found = [self.task(plant, RULES, 1, 1.0) for plant in self.plants] if self.rules else []
        for seed in self.seeds:
            for plant in self.plants:
                found += [self.task(plant, OURS, seed, limit) for limit in self.limits[plant.name]]
        for plant in self.plants:
            ways = [way for peer in self.peers[plant.name] for way in PEERS[peer]]
            found += [self.task(plant, way, 1, self.limits[plant.name][-1]) for way in ways]
        return found

    def ours(self, plant: Plant, limit: float | None = None) -> list[Outcome]:
        """Our runs with one limit (None: all of them) that are known."""
        limits = self.limits[plant.name] if limit is None else [limit]
        tasks = [self.task(plant, OURS, seed, one) for one in limits for seed in self.seeds]
        return [found for task in tasks if (found := self.study.get(task))]

    def values(self, plant: Plant, limit: float) -> Values:
        """The values of our valid plans; infinite for a run without one."""
        runs = self.ours(plant, limit)
        return [run.value if run.valid and run.value is not None else math.inf for run in runs]

    def bound(self, plant: Plant) -> float | None:
        """The best lower bound of all our runs: a bound is true whenever it was proved."""
        return max((run.bound for run in self.ours(plant) if run.bound is not None), default=None)

    def best(self, plant: Plant) -> float | None:
        """The best value of all runs, the peers' too."""
        runs = [*self.ours(plant), *self.theirs(plant).values()]
        return min((run.value for run in runs if run.value is not None), default=None)

    def floor(self, plant: Plant) -> Outcome | None:
        """What the dispatch rules bring."""
        return self.study.get(self.task(plant, RULES, 1, 1.0))

    def best_rule(self, plant: Plant) -> float | None:
        """The best value of any rule, ATC's look-ahead factors tried; None where it is unknown or 0."""
        floor = self.floor(plant)
        values = [] if floor is None else [floor.value, floor.more.get("best_atc")]
        return min((value for value in values if value), default=None)

    def theirs(self, plant: Plant) -> dict[str, Outcome]:
        """Each peer's run; of its ways the better one."""
        found = {}
        for peer in self.peers[plant.name]:
            tasks = [self.task(plant, way, 1, self.limits[plant.name][-1]) for way in PEERS[peer]]
            runs = [run for task in tasks if (run := self.study.get(task))]
            if runs:
                found[peer] = min(runs, key=lambda run: math.inf if run.value is None else run.value)
        return found

    def first_plans(self, plant: Plant) -> Values:
        """When each of our runs told its first plan; infinite where none did."""
        return [math.inf if run.first_seconds is None else run.first_seconds for run in self.ours(plant)]

    def peaks(self, plant: Plant) -> Values:
        """The most memory of each of our runs, in MiB."""
        return [run.peak_mib for run in self.ours(plant)]


def first_plan(results: PlantResults, report: Report, plant: Plant, bar: str) -> None:
    """The latest of all runs."""
    most = FIRST_PLAN_SECONDS if plant.jobs <= FIRST_PLAN_JOBS else None
    report.add(bar, f"{plant.name}: the latest first plan", max(results.first_plans(plant)), "s", most)


def both(report: Report, bar: str, what: str, values: Values, unit: str, most: float | None = None) -> None:
    """Median and worst of the seeds."""
    if values:
        report.add(bar, f"{what}, median", median(values), unit, most, samples=len(values))
        report.add(bar, "the same, worst", max(values), unit, most, samples=len(values))


def by_plant(results: PlantResults) -> str:
    """One row a plant: values at each limit, floors, bound, first plan, memory, peers."""
    head = ["plant", "jobs", "operations", "first plan, s", "value at each limit", "best rule", "best ATC"]
    head += ["lower bound", "parsed in, s", "peak, MiB", "KiB a job", "PyJobShop", "plain CP-SAT"]
    rows = []
    for plant in results.plants:
        runs = results.ours(plant)
        if not runs:
            continue
        floor, theirs = results.floor(plant), results.theirs(plant)
        peak = max(results.peaks(plant))
        own = max(run.peak_mib - run.base_mib for run in runs)
        values = [(limit, results.values(plant, limit)) for limit in results.limits[plant.name]]
        rows.append(
            [
                plant.name,
                plant.jobs,
                runs[0].operations,
                max(results.first_plans(plant)),
                ", ".join(f"{limit:g} s: {_told(found)}" for limit, found in values if found),
                floor and floor.value,
                floor and floor.more.get("best_atc"),
                results.bound(plant),
                max(run.parse_seconds for run in runs),
                peak,
                own * KIB / plant.jobs,
                *(_peer(theirs.get(peer)) for peer in PEERS),
            ]
        )
    note = crowded(run for plant in results.plants for run in results.ours(plant))
    return table(head, rows) + (f"\n\n{note}" if note else "")


def _told(values: Values) -> str:
    """The median, and the worst in brackets where it differs."""
    middle, worst = shown(median(values)), shown(max(values))
    return middle if middle == worst else f"{middle} ({worst})"


def _peer(run: Outcome | None) -> str | None:
    if run is None:
        return None
    if run.error and run.error.startswith("NotForThisPeer"):
        return f"cannot state {run.error.split(':')[-1].strip()}"
    if run.value is None:
        return f"{(run.error or 'no plan').split(':')[-1].strip()}, {run.peak_mib:,.0f} MiB"
    return f"{shown(run.value)} after {run.points[-1][0]:.1f} s, {run.peak_mib:,.0f} MiB"


def picture(results: PlantResults, title: str, note: str, y_label: str, reference: Mapping[str, float]) -> str:
    """Each plant's value over time as a multiple of its reference; of the runs with the largest limit the first."""
    curves = []
    for plant in results.plants:
        runs = results.ours(plant, results.limits[plant.name][-1])
        if runs and runs[0].points and reference.get(plant.name):
            points = [(max(0.01, at), value / reference[plant.name]) for at, value in runs[0].points]
            points.append((max(runs[0].seconds, points[-1][0]), points[-1][1]))
            curves.append(Curve(plant.name, _thinned(points)))
    return Picture(title, note, "seconds since the problem was parsed", y_label, curves).svg()


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """No more points than a picture can show."""
    if len(points) < 3:
        return points
    found = [points[0]]
    for moment in times(points[0][0], points[-1][0]) if points[0][0] < points[-1][0] else []:
        last = [value for at, value in points if at <= moment][-1:]
        found += [(moment, value) for value in last]
    return found
