"""Our side of a measured run: the whole road in this process tree, from the problem to the result document."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.clock import Clock
from benchmarks.plants import KINDS
from benchmarks.recording import events_in, record, steps_of
from benchmarks.work import SHOP, Outcome, Task
from models.shop.formats import parse_text
from models.shop.generate import factory
from models.shop.objective import LEVEL_UNIT
from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.result_reader import read_result
from models.shop.validator import validate
from monitoring import logs
from workers import local
from workers.local import Progress

WARM_SECONDS = 1.0
"""At most; never longer than the run itself."""

WARM_JOBS, WARM_MACHINES = 20, 8
DIGITS = 6


class Points:
    """The values that a run tells while it goes on, with their times."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.found: list[tuple[float, int, int]] = []

    def look(self, now: Progress) -> None:
        """Notes the plan of now, where it is better than the one before. A batch's plan is one only if it is all."""
        levels = now.plan
        if levels is None and now.total == 1:
            levels = now.best.get(0)
        if levels is not None and (not self.found or tuple(levels[:2]) < self.found[-1][1:]):
            self.found.append((self.clock.seconds, levels[0], levels[1]))

    def values(self, left_out: int) -> list[tuple[float, float]]:
        """(seconds, value of the first level) of those plans that leave out no more weight than ``left_out``."""
        return [
            (round(at, 3), round(value / LEVEL_UNIT, DIGITS)) for at, weight, value in self.found if weight <= left_out
        ]


def warm(task: Task) -> None:
    """Solves a small made-up problem of the same kind, so that everything is imported, compiled and loaded."""
    logs.configure(level="CRITICAL")
    if task.kind == SHOP:
        problem = parse_text(job_shop(WARM_JOBS, WARM_MACHINES))
    else:
        term = task.objective or "weighted_tardiness"
        problem = parse(factory(WARM_JOBS, WARM_MACHINES, **KINDS[task.kind]) | {"objective": term})
    local.solve(problem, seconds=min(WARM_SECONDS, task.limit), workers=task.workers)


def job_shop(jobs: int, machines: int) -> str:
    """A flexible job shop as text: each job once on each machine, in any order, or on the next one. Hard to prove."""
    random = Random(1)
    lines = [f"{jobs} {machines}"]
    for _ in range(jobs):
        route = random.sample(range(machines), machines)
        pairs = [(on + 1, (on + 1) % machines + 1, random.randint(10, 99)) for on in route]
        lines.append(f"{machines} " + " ".join(f"2 {one} {time} {other} {time + 5}" for one, other, time in pairs))
    return "\n".join(lines) + "\n"


def solve(problem: Problem, task: Task, outcome: Outcome) -> None:
    """The run; then its result is read back and judged."""
    if task.record:
        with TemporaryDirectory() as folder:
            file = Path(folder, "board")
            record(file)
            begun = time.monotonic()
            _solve(problem, task, outcome)
            steps = steps_of(events_in(file) if file.exists() else [], begun)
            outcome.more["steps"] = [step.as_row() for step in steps]
    else:
        _solve(problem, task, outcome)


def _solve(problem: Problem, task: Task, outcome: Outcome) -> None:
    clock = Clock()
    points = Points(clock)
    document = local.solve(problem, seconds=task.limit, workers=task.workers, seed=task.seed, progress=points.look)
    outcome.seconds, outcome.cpu_seconds = clock.seconds, clock.cpu_seconds
    outcome.status = str(document["status"])
    _judge(problem, document, outcome, points)
    if task.keep:
        Path(task.keep).write_text(json.dumps(document), encoding="utf-8")


def _judge(problem: Problem, document: Mapping[str, Any], outcome: Outcome, points: Points) -> None:
    schedule, metrics = read_result(problem, document)
    verdict = validate(problem, schedule, metrics)
    outcome.valid = verdict.valid
    if not verdict.valid:
        outcome.error = f"{verdict.violations[0].rule}: {verdict.violations[0].detail}"
    quality = document["quality"]
    level = next(row for row in quality["levels"] if row["objective"] != "unscheduled")
    outcome.value, outcome.bound = level["value"], level["lower_bound"]
    outcome.left_out = len(schedule.unscheduled)
    weight = sum(problem.jobs[entry.job].weight for entry in schedule.unscheduled)
    outcome.points = points.values(weight)
    if not outcome.points or outcome.points[-1][1] > level["value"]:
        outcome.points.append((round(outcome.seconds, 3), level["value"]))
    outcome.more = {
        "engine": quality["engine"],
        "proved_by": level["proved_by"],
        "improvement": quality["parameters"].get("improvement"),
        "timing": document["timing"],
    }
