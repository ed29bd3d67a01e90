"""``nightshift bench hotpaths``: what compiling gains over the same code interpreted, and where a run's time goes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from benchmarks.report import Report, median
from models.shop.calendar import Calendars
from models.shop.generate import factory
from models.shop.objective import evaluate
from models.shop.parse import load
from models.shop.problem import Problem
from models.shop.timeline import replay
from models.shop.validator import validate
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits
from workers.search.floor.search import FloorSearch
from workers.search.jobshop import JobShopSearch, from_problem
from workers.search.parallel.search import WARM, ParallelSearch

FLOOR: Mapping[str, Any] = {"setups": True, "routings": True, "calendars": True, "operators": True}
SHOPS: Mapping[str, tuple[int, int]] = {"tabu": (30, 15), "rows": (411, 149), "floor": (170, 60)}
"""Search -> jobs and machines of a shop that it is chosen for."""

COMPILED: Mapping[str, int] = {"tabu": 30_000, "rows": 3_000_000, "floor": 15_000}
INTERPRETED: Mapping[str, int] = {"tabu": 50, "rows": 15_000}
"""Search -> moves (tabu: iterations) that take about a second. The floor's records have no interpreted form."""

SIZES = (411, 10_000)


@click.command(short_help="What compiling gains, and where a run's time goes.")
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1, 1000), help="Of each measurement.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for hotpaths.json and .md.")
def hotpaths(repeats: int, out: Path | None) -> None:
    """Time each compiled search beside its own code interpreted, and each stage around the search.

    Every search runs in a process of its own from the plan of a dispatch rule, a number of moves that takes about a
    second; the interpreted one has Numba's compiler switched off and does the same steps in Python and NumPy.
    """
    report = Report("hotpaths")
    for name, (jobs, machines) in SHOPS.items():
        fast = median([_moves_a_second(name, COMPILED[name], compiled=True) for _ in range(repeats)])
        unit = "iterations /s" if name == "tabu" else "moves /s"
        what = f"{name}, {jobs} jobs on {machines} machines"
        report.add("", f"{what}, compiled, median", fast, unit, samples=repeats)
        if name not in INTERPRETED:
            continue
        slow = median([_moves_a_second(name, INTERPRETED[name], compiled=False) for _ in range(repeats)])
        report.add("", f"{what}, the same code interpreted, median", slow, unit, samples=repeats)
        report.add("", f"{what}, compiled over interpreted", fast / slow, "x", samples=repeats)
    for jobs in SIZES:
        _stages(report, jobs, repeats)
    report.write(out)


def _stages(report: Report, jobs: int, repeats: int) -> None:
    """What surrounds the search, on a shop with setups and calendars."""
    text = json.dumps(factory(jobs, 149, setups=True, calendars=True)).encode()
    problem = load(text)
    calendars = Calendars(problem)
    numbers = range(len(problem.jobs))
    plan = dispatch_plans(problem, numbers, Limits.within(0.0), calendars).schedule
    decisions = plan.decisions()
    stages: Mapping[str, Callable[[], object]] = {
        "read and check the problem's JSON": lambda: load(text),
        "one dispatch rule": lambda: dispatch_plans(problem, numbers, Limits.within(0.0), calendars),
        "replay a plan on the timeline": lambda: replay(problem, decisions, None, calendars),
        "value it": lambda: evaluate(problem, plan, None, calendars),
        "validate it, by other code": lambda: validate(problem, plan),
    }
    for what, stage in stages.items():
        times = []
        for _ in range(repeats):
            begun = time.perf_counter()
            stage()
            times.append((time.perf_counter() - begun) * 1000)
        report.add("", f"{jobs:,} jobs: {what}, median", median(times), "ms", samples=repeats)


def _moves_a_second(name: str, count: int, *, compiled: bool) -> float:
    """Of one search in a process of its own."""
    env = {**os.environ, "NUMBA_DISABLE_JIT": "0" if compiled else "1"}
    command = [sys.executable, "-m", "benchmarks.hotpaths", name, str(count)]
    return float(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)


def _child(name: str, count: int) -> None:
    """Runs ``count`` moves of a search after a few that load its kernels, and prints how many that is a second."""
    run = _search(name, _problem(name))
    run(max(1, count // 1000))
    begun = time.perf_counter()
    run(count)
    print(count / (time.perf_counter() - begun))


def _problem(name: str) -> Problem:
    """A classic job shop of random times, for makespan; factories for weighted tardiness."""
    jobs, machines = SHOPS[name]
    if name == "tabu":
        chosen = random.Random(1)
        rows = [f"{jobs} {machines}"]
        for _ in range(jobs):
            order = chosen.sample(range(machines), machines)
            rows.append(" ".join(f"{machine} {chosen.randint(1, 99)}" for machine in order))
        return load("\n".join(rows).encode())
    problem = load(json.dumps(factory(jobs, machines, **(FLOOR if name == "floor" else {}))).encode())
    return replace(problem, objective=({"weighted_tardiness": 1000},))


def _search(name: str, problem: Problem) -> Callable[[int], None]:
    """A search that has adopted a dispatched plan, as a call that does so many moves."""
    calendars = Calendars(problem)
    numbers = range(len(problem.jobs))
    plan = dispatch_plans(problem, numbers, Limits.within(0.0), calendars).schedule
    if name == "tabu":
        tabu = JobShopSearch(from_problem(problem, numbers), 1)
        tabu.adopt(plan.decisions())
        return tabu.run_iterations
    if name == "rows":
        rows = ParallelSearch(problem, numbers, calendars, seed=1)
        rows.adopt(plan)
        return lambda count: rows.run_iterations(count, heat=WARM)
    floor = FloorSearch(problem, calendars, 1, 0)
    floor.adopt(plan)
    return lambda count: floor.run_tries(count, 0.5)


if __name__ == "__main__":
    _child(sys.argv[1], int(sys.argv[2]))
