"""What every engine is: a function from a problem and a batch of jobs to decisions, with a deadline and a watcher.

An engine never touches the broker, the database or Redis. It reads the clock only through ``Limits`` and tells what it
finds only through ``Watch`` and its ``Report``.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from models.shop.calendar import Calendars
from models.shop.problem import Problem
from models.shop.schedule import Decision, Schedule

Levels = tuple[int, ...]
"""A plan's value for comparison, smaller is better: weight of unscheduled jobs first, then each objective level."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how hard an engine may work. ``deadline`` is a reading of ``time.monotonic()``.

    ``patience`` is how many seconds after it dispatch, which always makes one plan, still takes a rule's time for it;
    then it completes that plan in a hurry.
    """

    deadline: float
    threads: int = 1
    seed: int = 0
    gap_tolerance: float = 0.0
    patience: float = 20.0

    @classmethod
    def within(
        cls, seconds: float, *, threads: int = 1, seed: int = 0, gap_tolerance: float = 0.0, patience: float = 20.0
    ) -> Limits:
        """Limits that end ``seconds`` from now."""
        return cls(time.monotonic() + seconds, threads, seed, gap_tolerance, patience)

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - time.monotonic())


class Watch(Protocol):
    """Who looks on while an engine works. Calls must be cheap; engines call them at most a few times a second."""

    def cancelled(self) -> bool:
        """Whether the engine should stop now and answer with the best it has."""

    def incumbent(self, levels: Levels) -> None:
        """A better plan for the batch has been found; ``levels`` is its value."""

    def bound(self, levels: tuple[int | None, ...]) -> None:
        """Lower bounds proved for the batch, aligned with ``Levels``; None where nothing is proved."""


class Unwatched:
    """Nobody looks on."""

    def cancelled(self) -> bool:
        """Never."""
        return False

    def incumbent(self, levels: Levels) -> None:
        """Ignored."""

    def bound(self, levels: tuple[int | None, ...]) -> None:
        """Ignored."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an engine answers for a batch.

    ``decisions`` cover the batch's unfixed operations in order (jobs that cannot be scheduled are left out). ``bounds``
    are lower bounds for the batch's jobs alone, aligned with ``Levels`` (first the unscheduled weight), None where
    nothing was proved. ``status`` is ``optimal`` (every level proved), ``feasible``, or ``unknown`` (no plan found).
    ``handed_over`` says in one sentence why the engine passed the batch on to dispatch; None where it did not.
    """

    engine: str
    decisions: tuple[Decision, ...]
    status: str
    bounds: tuple[int | None, ...] = ()
    seconds: float = 0.0
    parameters: Mapping[str, object] = field(default_factory=dict)
    handed_over: str | None = None


class Engine(Protocol):
    """A way to solve a batch."""

    name: str

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        """Plan the unfixed operations of ``jobs`` (indices into ``problem.jobs``).

        The problem's other jobs are not there, but all fixed work is. ``problem`` is already relaxed. The answer comes
        by the deadline, or as soon as ``watch.cancelled()``; it is the best plan found. Deterministic for a seed where
        the engine's own docstring says so.
        """


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What may be decided again of a schedule.

    ``free`` operations may go to any machine, operator and time, ``kept`` ones move in time alone, in the order that
    they have on their machines; everything else stands. ``level`` is the objective level to make better, those before
    it must not get worse. The problem is already relaxed.
    """

    problem: Problem
    calendars: Calendars
    schedule: Schedule
    free: frozenset[int]
    kept: frozenset[int]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """Where an operation of a neighbourhood goes; ``start`` in seconds says what comes before what."""

    operation: int
    machine: int
    operator: int | None
    start: int


@dataclass(frozen=True, slots=True)
class Repair:
    """How a neighbourhood was decided; ``proved`` says that there is nothing better to find in it."""

    moves: tuple[Move, ...]
    proved: bool


class Repairer(Protocol):
    """A way to solve neighbourhoods of a plan."""

    def repair(self, around: Neighbourhood, limits: Limits, watch: Watch) -> Repair:
        """The best moves found by the deadline; none where the schedule has the best that was found."""


ENGINES: Mapping[str, str] = {
    "dispatch": "workers.dispatch.engine:DispatchEngine",
    "search": "workers.search.engine:SearchEngine",
    "steady": "workers.search.steady:SteadyEngine",
    "cpsat": "workers.cpsat.engine:CpSatEngine",
    "ppo": "workers.ppo.engine:PpoEngine",
}
"""Engine name -> dotted name, so that only the worker that needs a solver imports it."""


REPAIRER = "workers.cpsat.repair:CpSatRepairer"
"""Who solves neighbourhoods."""


STEADY = "steady"
"""The engine of reproducible runs, whatever engine they ask for; it plans all jobs as one batch and alone."""

SEARCHER = "workers.search.choice:searcher"
"""Who chooses the compiled search for a problem (see there)."""


QUICK_PLANNER = "workers.search.choice:quick_plan"
"""Who makes first plans by compiled rules (see there)."""


def load_searcher() -> Callable[..., Any]:
    """The function that makes a searcher."""
    return _loaded(SEARCHER)


def load_quick_planner() -> Callable[..., Any]:
    """The function that makes first plans by compiled rules."""
    return _loaded(QUICK_PLANNER)


def _loaded(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def warm(like: Problem | None = None) -> None:
    """Compiles the kernels of the local search, or loads them where that was done before.

    All of them and those of the policy, or only those for a problem ``like`` this.
    """
    importlib.import_module("workers.search.warm").warm(like)
    if like is None or like.options.engine == "ppo":
        importlib.import_module("workers.ppo.warm").warm()


def warm_once() -> None:
    """Compiles all kernels where that was never done; else it is left to whoever needs them."""
    importlib.import_module("workers.search.warm").warm_once()
    importlib.import_module("workers.ppo.warm").warm_once()


def is_compiled() -> bool:
    """Whether all kernels were compiled before, so that using one costs milliseconds."""
    return bool(importlib.import_module("workers.search.warm").COMPLETE.exists())


def load_repairer() -> Repairer:
    """A new repairer."""
    module, _, attribute = REPAIRER.partition(":")
    repairer: Repairer = getattr(importlib.import_module(module), attribute)()
    return repairer


def load(name: str) -> Engine:
    """The engine of that name. Raises KeyError for an unknown name."""
    module, _, attribute = ENGINES[name].partition(":")
    engine: Engine = getattr(importlib.import_module(module), attribute)()
    return engine
