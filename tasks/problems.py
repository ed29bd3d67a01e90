"""A run's problem, its batches and its budget: the same in every task, worked out once a process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from models.settings import settings
from models.shop.parse import load
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.store import runs
from models.tables.session import reading
from tasks.base import database
from workers.bounds import Bound
from workers.improve.loop import FIRST_ROUND_SHARE
from workers.proofs import term_bounds
from workers.split import Batch, split

KEPT = 3
"""Problems kept in memory by each process; a 10,000-job problem takes tens of megabytes."""


@dataclass(frozen=True)
class Work:
    """A run's relaxed problem and its batches, numbered from 0. ``seconds`` is what each batch may take."""

    problem: Problem
    batches: tuple[Batch, ...]
    seconds: float

    @cached_property
    def terms(self) -> Mapping[str, Bound]:
        """Lower bounds of the objective's terms; worked out once a process, in up to two seconds."""
        return term_bounds(self.problem)

    @property
    def improves(self) -> bool:
        """Whether time is kept for improving the merged plan: not where dispatch alone was asked for."""
        return self.problem.options.engine != "dispatch"


def rounds(batches: int) -> int:
    """How often every solve process gets a batch, at least 1."""
    return max(1, math.ceil(batches / settings().solve_processes))


@lru_cache(maxsize=KEPT)
def work(run_id: str) -> Work:
    """Loads, parses and splits the problem of a run. Raises LookupError for an unknown run."""
    with reading(database()) as session:
        body = runs.problem_body(session, run_id)
    problem = relaxed(load(body))
    batches = split(problem, problem.options.batch_size)
    options = problem.options
    share = 1.0 if options.engine == "dispatch" else FIRST_ROUND_SHARE
    return Work(problem, batches, options.seconds * share / rounds(len(batches)))
