"""A run's problem, its batches and its budget: the same in every task, worked out once a process."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from models.settings import settings
from models.shop.parse import load
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.schedule import Decision
from models.store import origins, runs
from models.tables.session import reading
from monitoring import metrics
from tasks.base import database
from tasks.board import from_bytes
from workers.batch import first_round_share
from workers.engine import STEADY
from workers.split import Batch, split

KEPT = 3
"""Problems kept in memory by each process; a 10,000-job problem takes tens of megabytes."""


@dataclass(frozen=True)
class Work:
    """A run's relaxed problem and its batches, numbered from 0, the ``engine`` that plans them, and in how many
    ``seconds`` each.

    A run that begins with a plan (``start``) has no batches: all its time goes into improving that.
    """

    problem: Problem
    batches: tuple[Batch, ...]
    engine: str
    seconds: float
    start: tuple[Decision, ...] | None = None

    @property
    def improves(self) -> bool:
        """Whether time is kept for improving the merged plan: not for dispatch alone, nor for reproducible plans."""
        return self.engine not in ("dispatch", STEADY)


def rounds(batches: int) -> int:
    """How often every solve process gets a batch, at least 1."""
    return max(1, math.ceil(batches / settings().solve_processes))


def work(run_id: str) -> Work:
    """The problem of a run: remembered, or loaded, parsed and split. Raises LookupError for an unknown run."""
    hits = loaded.cache_info().hits
    found = loaded(run_id)
    metrics.cache_request("problem", hit=loaded.cache_info().hits > hits)
    return found


@lru_cache(maxsize=KEPT)
def loaded(run_id: str) -> Work:
    """The problem of a run, as ``work`` remembers it."""
    with reading(database()) as session:
        body, begun = runs.problem_body(session, run_id), origins.start(session, run_id)
    problem = relaxed(load(body))
    options = problem.options
    engine = STEADY if options.deterministic else options.engine
    if begun is not None and engine != STEADY:
        return Work(problem, (), engine, 0.0, from_bytes(begun))
    batches = split(problem, max(1, len(problem.jobs)) if options.deterministic else options.batch_size)
    share = first_round_share(engine)
    return Work(problem, batches, engine, options.seconds * share / rounds(len(batches)))
