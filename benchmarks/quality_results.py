"""What a study of job shops found, read by instance, solver, time limit and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from benchmarks.curves import gap, middle
from benchmarks.study import Study
from benchmarks.work import OURS, PEERS, Outcome, Task

MINUTES = 60
NAMES: Mapping[str, str] = {OURS: "Nightshift", "pyjobshop": "PyJobShop", "cpsat": "plain CP-SAT"}
"""As solvers are called in tables."""


@dataclass(frozen=True)
class Results:
    """A study and what it is about; gaps are in percent of the best known makespan."""

    study: Study
    problems: Sequence[Task]
    limits: Sequence[float]
    seeds: Sequence[int]
    peers: Sequence[str]
    peer_seeds: Sequence[int]
    trajectory: bool
    best_known: Mapping[str, tuple[float, float]]

    @property
    def our_limits(self) -> Sequence[float]:
        """The limits that ours is run with."""
        return self.limits[-1:] if self.trajectory else self.limits

    def task(self, problem: Task, solver: str, seed: int, limit: float) -> Task:
        """One run."""
        return replace(problem, solver=solver, seed=seed, limit=limit, objective=None)

    def ours(self, problem: Task) -> list[Outcome]:
        """Every run of ours, of all limits and seeds, that is known."""
        tasks = [self.task(problem, OURS, seed, limit) for seed in self.seeds for limit in self.our_limits]
        return [found for task in tasks if (found := self.study.get(task))]

    def ways(self, problem: Task, peer: str, seed: int) -> list[Outcome]:
        """A peer's runs with one seed, one for each way it is run."""
        tasks = [self.task(problem, way, seed, self.limits[-1]) for way in PEERS[peer]]
        return [found for task in tasks if (found := self.study.get(task))]

    def values(self, problem: Task, solver: str, limit: float) -> list[float | None]:
        """The makespan in hours of each seed that was run; None where there is no plan. The better way counts."""
        found: list[float | None] = []
        if solver == OURS:
            for seed in self.seeds:
                run = self.study.get(self.task(problem, OURS, seed, self.limits[-1] if self.trajectory else limit))
                if run is not None:
                    found.append(run.at(limit) if self.trajectory else run.value if run.valid else None)
            return found
        for seed in self.peer_seeds:
            if ways := self.ways(problem, solver, seed):
                values = [value for way in ways if (value := way.at(limit)) is not None]
                found.append(min(values, default=None))
        return found

    @cached_property
    def references(self) -> dict[str, float]:
        """The best known makespan of each instance in hours; the best of this study where none is stated."""
        found = {}
        for problem in self.problems:
            stated = self.best_known.get(problem.name)
            seen = [v for s in (OURS, *self.peers) for t in self.limits for v in self.values(problem, s, t) if v]
            if stated:
                found[problem.name] = stated[0] / MINUTES
            elif seen:
                found[problem.name] = min(seen)
        return found

    def gaps(self, problem: Task, solver: str, limit: float) -> list[float]:
        """The gap of each seed; infinite without a plan, none where nothing was run."""
        if problem.name not in self.references:
            return []
        return [gap(value, self.references[problem.name]) for value in self.values(problem, solver, limit)]

    def gap(self, problem: Task, solver: str, limit: float) -> float | None:
        """The median over seeds; None where nothing was run."""
        found = self.gaps(problem, solver, limit)
        return middle(found) if found else None

    def of(self, problem: Task, limit: float) -> list[Outcome]:
        """Our runs with one time limit."""
        tasks = [self.task(problem, OURS, seed, limit) for seed in self.seeds]
        return [found for task in tasks if (found := self.study.get(task))]

    def last(self, problem: Task, solver: str) -> list[Outcome]:
        """Runs with the largest limit, one a seed; of a peer's ways the one that ends better."""
        if solver == OURS:
            return self.of(problem, self.limits[-1])
        by_seed = [ways for seed in self.peer_seeds if (ways := self.ways(problem, solver, seed))]
        return [min(ways, key=_rank) for ways in by_seed]

    def slack(self, problem: Task) -> float | None:
        """How far our bound at the largest limit lies below the best known makespan, in percent of it."""
        bounds = [run.bound for run in self.of(problem, self.limits[-1]) if run.bound is not None]
        if not bounds or problem.name not in self.references:
            return None
        return 0.0 - gap(middle(bounds), self.references[problem.name])


def _rank(run: Outcome) -> tuple[bool, float, bool]:
    """Better plans first, then those that are proved."""
    return run.value is None, run.value or 0.0, run.status != "optimal"
