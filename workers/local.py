"""The same split, solve, merge and improve as through the queue, in this process tree: no broker, no database."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from models.shop.canonical import digest
from models.shop.problem import Problem
from models.shop.relax import relaxed
from workers.aggregate import aggregate
from workers.batch import Answer, solve_batch
from workers.bounds import level_bounds
from workers.conclude import AGGREGATE_SECONDS, conclude
from workers.engine import Levels, Limits, Watch, load_repairer
from workers.improve.incumbent import Board, Incumbent, LocalBoard, value_of
from workers.improve.loop import FIRST_ROUND_SHARE, WORTH_SECONDS, Steps, improve, reached
from workers.pool import Pool
from workers.proofs import term_bounds
from workers.split import Batch, split


@dataclass
class Progress:
    """How far a local run is: batches done of all, the best value of each batch by number, then that of the plan."""

    total: int
    done: int = 0
    best: dict[int, Levels] = field(default_factory=dict)
    plan: Levels | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Run:
    """What every process of a local run knows: the relaxed problem, its batches, and how to solve them."""

    problem: Problem
    batches: tuple[Batch, ...]
    engine: str
    deadline: float
    batch_seconds: float
    seed: int
    gap_tolerance: float

    def solve(self, number: int, watch: Watch, tick: Callable[[], None] = lambda: None) -> Answer:
        """Solves one batch within its part of the time."""
        limits = Limits.within(self.batch_seconds, seed=self.seed + number, gap_tolerance=self.gap_tolerance)
        return solve_batch(self.problem, self.batches[number].jobs, self.engine, limits, watch, tick)

    def improve(
        self, number: int, board: Board, target: Levels, watch: Watch, tick: Callable[[], None] = lambda: None
    ) -> Steps:
        """Improves the plan on ``board`` until the run's deadline, as improver ``number``."""
        limits = Limits(self.deadline, seed=self.seed + len(self.batches) + number, gap_tolerance=self.gap_tolerance)
        return improve(self.problem, board, load_repairer(), limits, watch, f"improver-{number}", tick, target)


def solve(
    problem: Problem,
    *,
    engine: str | None = None,
    seconds: float | None = None,
    workers: int = 1,
    seed: int | None = None,
    batch_size: int | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> dict[str, object]:
    """Solves a problem here and returns its result document. What is None is taken from the problem's options.

    ``seconds`` is the whole budget: half of it for the batches, ``workers`` at a time, the rest for improving the plan
    they are merged to (engine ``dispatch`` does not improve). Ctrl-C ends the search and returns the best plan so far,
    with status ``cancelled``.
    """
    begun = time.monotonic()
    options = problem.options
    todo = relaxed(problem)
    batches = split(todo, batch_size or options.batch_size)
    budget = options.seconds if seconds is None else seconds
    name = engine or options.engine
    rounds = max(1, -(-len(batches) // workers))
    run = Run(
        problem=todo,
        batches=batches,
        engine=name,
        deadline=begun + budget,
        batch_seconds=budget * (1.0 if name == "dispatch" else FIRST_ROUND_SHARE) / rounds,
        seed=options.seed if seed is None else seed,
        gap_tolerance=options.gap_tolerance,
    )
    state = Progress(len(batches))

    def tell() -> None:
        state.seconds = time.monotonic() - begun
        progress(state)

    tell()
    with _interrupts() as interrupted:
        work = _alone if workers <= 1 else partial(_together, workers)
        answers, best, steps = work(run, state, tell, interrupted)
    conclusion = conclude(
        todo,
        batches,
        answers,
        start=None if best is None else best.decisions,
        merge=best is None,
        steps=steps,
        schedule_id="local",
        digest=digest(problem),
        cancelled=interrupted(),
    )
    timing = conclusion.document["timing"]
    assert isinstance(timing, dict)
    timing["total_seconds"] = round(time.monotonic() - begun, 3)
    return conclusion.document


Told = Callable[[], None]
Asked = Callable[[], bool]
Found = tuple[Mapping[int, Answer], Incumbent | None, Steps | None]


class LocalWatch:
    """Tells incumbents to a callable and stops when asked to."""

    def __init__(self, tell: Callable[[Levels], None], stopped: Asked) -> None:
        self._tell, self.cancelled = tell, stopped

    def incumbent(self, levels: Levels) -> None:
        """Passes the value on."""
        self._tell(levels)

    def bound(self, levels: tuple[int | None, ...]) -> None:
        """Bounds are told in the result."""


def merged(run: Run, answers: Mapping[int, Answer], interrupted: Asked) -> tuple[Incumbent, Levels]:
    """The plan that the batches are merged to, and the lower bound of each of its levels."""
    reports = {number: answer.report for number, answer in answers.items()}
    watch = LocalWatch(lambda _: None, interrupted)
    plan = aggregate(run.problem, run.batches, reports, Limits.within(AGGREGATE_SECONDS), None, watch)
    bounds = level_bounds(run.problem, run.batches, reports, term_bounds(run.problem, at_once=interrupted()))
    first = Incumbent(1, value_of(run.problem, plan.schedule), plan.schedule.decisions())
    return first, tuple(bound.value for bound in bounds)


def improvable(run: Run, first: Incumbent, target: Levels) -> bool:
    """Whether there is time for improving, and something left to gain."""
    worth = run.deadline - time.monotonic() > WORTH_SECONDS
    return worth and run.engine != "dispatch" and not reached(first.levels, target, run.gap_tolerance)


def _alone(run: Run, state: Progress, tell: Told, interrupted: Asked) -> Found:
    answers = {}

    def found(number: int, levels: Levels) -> None:
        state.best[number] = levels
        tell()

    for batch in run.batches:
        watch = LocalWatch(partial(found, batch.number), interrupted)
        answers[batch.number] = run.solve(batch.number, watch, tell)
        state.done += 1
        tell()
    if interrupted():
        return answers, None, None
    first, target = merged(run, answers, interrupted)
    state.plan = first.levels
    tell()
    board, steps = LocalBoard(first), None
    if improvable(run, first, target):
        steps = run.improve(0, board, target, LocalWatch(partial(setattr, state, "plan"), interrupted), tell)
    return answers, board.read(), steps


def _together(workers: int, run: Run, state: Progress, tell: Told, interrupted: Asked) -> Found:
    with Pool(run, workers) as pool:
        answers = pool.solve(state, tell, interrupted)
        if interrupted():
            return answers, None, None
        first, target = merged(run, answers, interrupted)
        state.plan = first.levels
        tell()
        board, steps = pool.board, None
        board.put(0, first.value, first.decisions)
        if improvable(run, first, target):
            steps = pool.improve(target, state, tell, interrupted)
        return answers, board.read(), steps


@contextmanager
def _interrupts() -> Iterator[Asked]:
    """Turns Ctrl-C into a wish that can be asked for, where this is the main thread."""
    seen: list[bool] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(True))
    try:
        yield lambda: bool(seen)
    finally:
        signal.signal(signal.SIGINT, before)
