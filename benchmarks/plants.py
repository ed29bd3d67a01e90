"""Plants to measure: those of a folder, and made-up ones of the same kinds in any size."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.work import Task, digest_of
from models.shop import generate
from models.shop.faults import InvalidProblem
from models.shop.parse import load
from models.shop.problem import Problem

PROMISES = generate.Promises(spread=0.85, overdue=0.0)
"""Due dates over nearly all of the time that the work takes, each of which could be kept if its job were alone."""

LONGEST_HOURS = 90.0
PLAIN, SETUPS, LOTS, FLOOR = "plain", "setups", "lots", "floor"
KINDS: Mapping[str, Mapping[str, Any]] = {
    PLAIN: {"longest_hours": LONGEST_HOURS},
    SETUPS: {"longest_hours": LONGEST_HOURS, "setups": True},
    LOTS: {"lots": True},
    FLOOR: {
        "longest_hours": LONGEST_HOURS,
        "setups": True,
        "routings": True,
        "calendars": True,
        "operators": True,
    },
}
"""Kind of plant -> what ``factory`` adds for it."""


@dataclass(frozen=True, slots=True)
class Plant:
    """A problem file (``task``, without solver and limit), what kind of plant it is, and how many jobs it has."""

    task: Task
    kind: str
    jobs: int

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.task.name


def kind_of(problem: Problem) -> str:
    """Which kind of plant a problem is."""
    if any(operation.max_lots > 1 for operation in problem.operations):
        return LOTS
    routed = len(problem.operations) > len(problem.jobs)
    if routed or problem.operators or any(machine.calendar for machine in problem.machines):
        return FLOOR
    return SETUPS if any(machine.setup_matrix for machine in problem.machines) else PLAIN


def found(folder: Path) -> list[Plant]:
    """The plants in JSON files of a folder, by name; what is no problem is passed over and told."""
    plants = []
    for path in sorted(folder.glob("*.json")):
        try:
            problem = load(path.read_bytes())
        except InvalidProblem as error:
            click.echo(f"{path.name} is passed over: {error}", err=True)
            continue
        kind = kind_of(problem)
        task = Task(path.stem, str(path.resolve()), digest_of(path), kind=kind)
        plants.append(Plant(task, kind, len(problem.jobs)))
    return plants


def made(kind: str, jobs: int, machines: int, folder: Path, seed: int = 1) -> Plant:
    """A made-up plant, written into ``folder`` unless the same generator wrote it there before."""
    generator = digest_of(Path(generate.__file__))
    path = folder / f"made-{kind}-{jobs}-jobs-{machines}-machines-{seed}-{generator}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(generate.factory(jobs, machines, seed, promises=PROMISES, **KINDS[kind]))
        unfinished = path.with_suffix(".part")
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(path)
    return Plant(Task(f"{kind}-{jobs}", str(path.resolve()), digest_of(path), kind=kind), kind, jobs)


class Made(click.ParamType[Sequence[tuple[str, int]]]):
    """KIND:JOBS with commas between them, or none."""

    name = "kinds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Sequence[tuple[str, int]]:
        """Kinds and sizes."""
        if not isinstance(value, str):
            return tuple(value)
        pairs = []
        for part in value.split(","):
            kind, _, jobs = part.strip().partition(":")
            if kind in ("", "none"):
                continue
            if kind not in KINDS or not jobs.isdigit() or not int(jobs):
                self.fail(f"{part!r} must be one of {', '.join(KINDS)}, a colon and a number of jobs", param, ctx)
            pairs.append((kind, int(jobs)))
        return tuple(pairs)
