"""Pieces of real problems to learn on: some of the jobs on some of the machines, as busy as a batch or the whole is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from models.shop.calendar import Calendars
from models.shop.problem import Problem
from workers.ppo.build import Parts, Work, build, parts_of
from workers.ppo.envelope import UNKNOWN, rules
from workers.ppo.generate import MOST_OPERATIONS, Generator
from workers.ppo.shop import Shop

LEAST_LOAD = 1.0
"""Operations a machine of the emptiest pieces; the fullest have as many as the whole problem."""


class Pieces:
    """Draws pieces of real problems, for one objective."""

    def __init__(self, problems: Sequence[Problem], *, tardy: bool) -> None:
        """``problems`` are relaxed already. Raises ValueError where there is none with an operation to plan."""
        self.tardy = tardy
        self.unknown = set(UNKNOWN)
        self._parts: list[Parts] = []
        for problem in problems:
            jobs = range(len(problem.jobs))
            parts, _ = parts_of(problem, jobs, Calendars(problem), tardy=tardy)
            if parts.works:
                self._parts.append(parts)
                self.unknown -= rules(problem, jobs)
        if not self._parts:
            raise ValueError("there is no problem with an operation to learn on")

    def draw(self, rng: Generator, kind: str | None = None) -> Shop:  # noqa: ARG002  real problems have no kind
        """The next piece, of at most about MOST_OPERATIONS operations."""
        return build(piece(self._parts[int(rng.integers(len(self._parts)))], rng))


def piece(parts: Parts, rng: Generator) -> Parts:
    """Jobs at random until there are enough operations, on as few machines as make it as busy as wanted.

    Every operation that has machines keeps at least one of them.
    """
    jobs = _jobs(parts, rng)
    works = [at for at, work in enumerate(parts.works) if work.job in jobs]
    whole = len(parts.works) / len(parts.places)
    load = float(np.exp(rng.uniform(0.0, np.log(whole)))) if whole > LEAST_LOAD else whole
    machines = _machines([parts.works[at] for at in works], max(1, round(len(works) / load)), rng)
    job_at, place, new = _renumbered(jobs), _renumbered(machines), _renumbered(works)
    return replace(
        parts,
        works=[_within(parts.works[at], job_at, place, new) for at in works],
        places=[parts.places[machine] for machine in machines],
        due=[parts.due[job] for job in jobs],
        weight=[parts.weight[job] for job in jobs],
    )


def _renumbered(kept: Iterable[int]) -> dict[int, int]:
    return {old: new for new, old in enumerate(kept)}


def _jobs(parts: Parts, rng: Generator) -> dict[int, None]:
    size = np.bincount([work.job for work in parts.works], minlength=len(parts.due))
    chosen: dict[int, None] = {}
    operations = 0
    for job in rng.permutation(len(size)).tolist():
        if size[job]:
            chosen[job] = None
            operations += int(size[job])
            if operations >= MOST_OPERATIONS:
                break
    return chosen


def _machines(works: Sequence[Work], count: int, rng: Generator) -> list[int]:
    """One machine of each operation, then others that they may use, until there are ``count``."""
    kept: set[int] = set()
    for at in rng.permutation(len(works)).tolist():
        options = sorted(works[at].options)
        if options and kept.isdisjoint(options):
            kept.add(options[int(rng.integers(len(options)))])
    others = sorted({machine for work in works for machine in work.options} - kept)
    more = rng.permutation(len(others))[: max(0, count - len(kept))].tolist()
    return sorted(kept | {others[at] for at in more}) or [0]


def _within(work: Work, job_at: dict[int, int], place: dict[int, int], new: dict[int, int]) -> Work:
    return replace(
        work,
        job=job_at[work.job],
        options={place[machine]: seconds for machine, seconds in work.options.items() if machine in place},
        before=[new[at] for at in work.before],
    )
