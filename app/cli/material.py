"""What ``nightshift train`` learns on where it is not made up: problems in files, and what the store holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import files
from app.cli.errors import BadInput

if TYPE_CHECKING:
    from models.shop.problem import Problem
    from models.shop.schedule import Schedule
    from models.store.material import Material
    from workers.ppo.pieces import Pieces
    from workers.ppo.plans import Example

SUFFIXES = (".json", ".fjs", ".jsp", ".txt")

MOST_OPERATIONS = 200_000
"""Of all problems together; the newest come first, and what comes after is left out."""


@dataclass(frozen=True)
class Gathered:
    """Where pieces to learn on are drawn from, those to be judged on, and the plans that are known.

    ``described`` and ``judged_on`` say so in words, for the policy's card.
    """

    source: Pieces
    judged: Pieces
    plans: tuple[Example, ...]
    described: str
    judged_on: str


def gathered(place: Path | None, *, store: bool, plant: str | None, tardy: bool) -> Gathered:
    """Problems below ``place`` and in the store. Raises BadInput where there is none, or one cannot be read.

    The newest is kept back to be judged on, where there are others.
    """
    from workers.ppo.pieces import Pieces
    from workers.ppo.plans import example

    found = [*(_stored(plant) if store else ()), *(_in_files(place) if place is not None else ())]
    kept: list[Found] = []
    operations = 0
    for origin, problem, schedule in found:
        operations += len(problem.operations)
        if problem.operations and (operations <= MOST_OPERATIONS or not kept):
            kept.append((origin, problem, schedule))
    if not kept:
        where = " and ".join([*(["the store"] if store else []), *([str(place)] if place is not None else [])])
        raise BadInput(
            f"there is no problem with an operation to learn on in {where}"
            + ("; nightshift ingest stores a snapshot, NIGHTSHIFT_TRAINING_RUNS keeps finished runs" if store else "")
        )
    back, rest = (kept[:1], kept[1:]) if len(kept) > 1 else (kept, kept)
    plans = [
        one
        for _, problem, schedule in rest
        if schedule is not None and _tardy(problem) == tardy
        if (one := example(problem, schedule, tardy=tardy)) is not None
    ]
    origins = [origin for origin, _, _ in rest]
    kinds = ", ".join(f"{origins.count(kind)} {kind}" for kind in sorted(set(origins)))
    return Gathered(
        source=Pieces([problem for _, problem, _ in rest], tardy=tardy),
        judged=Pieces([problem for _, problem, _ in back], tardy=tardy),
        plans=tuple(plans),
        described=f"pieces of real problems ({kinds}), {len(plans)} with a final plan",
        judged_on="pieces of the newest problem, which was not trained on"
        if rest is not kept
        else "other pieces of that problem",
    )


def _tardy(problem: Problem) -> bool:
    return any("tard" in term for term in (problem.objective[0] if problem.objective else ()))


Found = tuple[str, "Problem", "Schedule | None"]


def _in_files(place: Path) -> Iterator[Found]:
    from models.shop.relax import relaxed

    paths = sorted(file for file in place.rglob("*") if file.suffix in SUFFIXES) if place.is_dir() else [place]
    for path in paths:
        yield "in files", relaxed(files.read_problem(str(path))), None


def _stored(plant: str | None) -> Iterator[Found]:
    """Finished runs first, as many as the settings keep for training, then snapshots."""
    from app.cli.database import made_sessions
    from models.settings import settings
    from models.store import material
    from models.tables.session import reading

    with reading(made_sessions()) as session:
        for one in material.of_runs(session, settings().training_runs, plant):
            yield "of finished runs", *_read(one)
        for one in material.of_snapshots(session, plant):
            yield "of snapshots", *_read(one)


def _read(one: Material) -> tuple[Problem, Schedule | None]:
    from models.shop.faults import InvalidProblem
    from models.shop.parse import load
    from models.shop.relax import relaxed
    from models.shop.result_reader import read_result

    try:
        problem = relaxed(load(one.problem, files.bounds()))
        return problem, None if one.result is None else read_result(problem, one.result)[0]
    except InvalidProblem as error:
        raise BadInput(f"{one.origin} cannot be read: {error.faults[0]}") from None
