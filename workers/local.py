"""The same split, solve, merge and improve as through the queue, in this process tree: no broker, no database."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from models.shop.calendar import Calendars
from models.shop.canonical import digest
from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from workers.aggregate import aggregate
from workers.batch import Answer, first_round_share, solve_batch
from workers.bounds import level_bounds
from workers.conclude import conclude, merge_limits
from workers.engine import STEADY, Levels, Limits, Watch, warm
from workers.first import first_schedule
from workers.improve.incumbent import Board, Incumbent, LocalBoard, value_of
from workers.improve.loop import WORTH_SECONDS, improve
from workers.improve.standing import Steps, reached
from workers.pool import Pool
from workers.proofs import BOUND_SECONDS, term_bounds
from workers.split import Batch, split

FIRST_PLAN_SECONDS, FIRST_PLAN_SHARE, FIRST_PLAN_MOST = 0.2, 0.03, 0.5
"""Time for the rules of the first plan, or part of the run's, and the most; one complete plan is always made."""

LEAST_PROVING = 0.3
"""Seconds that linear programmes may take for the bounds of a run whose time is up."""

MOST_BATCHES = 12
"""With more batches than this a local run improves the first plan at once: each batch would get hardly any time."""


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
    """What every process of a local run knows: the relaxed problem, its batches (none yet), and how to solve them."""

    problem: Problem
    batches: tuple[Batch, ...]
    engine: str
    deadline: float
    seconds: float
    batch_seconds: float
    seed: int
    gap_tolerance: float
    start: tuple[Decision, ...] | None = None

    @property
    def searches(self) -> bool:
        """Whether the plan is improved by the compiled search."""
        return self.engine not in ("dispatch", "cpsat", STEADY)

    def split(self, size: int, workers: int) -> Run:
        """The run with its batches of at most ``size`` jobs, solved ``workers`` at a time.

        None where the run begins with a plan, or there would be too many of them.
        """
        if self.start is not None or (self.engine == "auto" and len(self.problem.jobs) > MOST_BATCHES * size):
            return self  # it would have more batches than this, for there are no fewer than must be
        run = replace(self, batches=split(self.problem, size))
        rounds = max(1, -(-len(run.batches) // workers))
        return replace(run, batch_seconds=self.seconds * first_round_share(self.engine) / rounds)

    def solve(self, number: int, watch: Watch, tick: Callable[[], None] = lambda: None) -> Answer:
        """Solves one batch within its part of the time."""
        limits = Limits.within(self.batch_seconds, seed=self.seed + number, gap_tolerance=self.gap_tolerance)
        return solve_batch(self.problem, self.batches[number].jobs, self.engine, limits, watch, tick)

    def improve(
        self,
        number: int,
        board: Board,
        target: Levels,
        watch: Watch,
        tick: Callable[[], None] = lambda: None,
        *,
        alone: bool = True,
    ) -> Steps:
        """Improves the plan on ``board`` until the run's deadline, as improver ``number``; number 0 proves, too."""
        limits = Limits(self.deadline, seed=self.seed + len(self.batches) + number, gap_tolerance=self.gap_tolerance)
        return improve(
            self.problem,
            board,
            limits,
            watch,
            f"improver-{number}",
            tick,
            target,
            prover="no" if number else "alone" if alone else "beside",
        )


def solve(
    problem: Problem,
    *,
    engine: str | None = None,
    seconds: float | None = None,
    workers: int = 1,
    seed: int | None = None,
    batch_size: int | None = None,
    start: Sequence[Decision] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> dict[str, object]:
    """Solves a problem here and returns its result document. What is None is taken from the problem's options.

    ``seconds`` is the whole budget: a first plan, then a part of the time for the batches, ``workers`` at a time, and
    the rest for improving the plan they are merged to (engine ``dispatch`` does not improve). With a plan to ``start``
    from, all of the time goes into improving that; deterministic runs do not look at it. Ctrl-C ends the search
    and returns the best plan so far, with status ``cancelled``.
    """
    options = problem.options
    todo = relaxed(problem)
    if (engine or options.engine) not in ("dispatch", "cpsat"):
        warm(todo)  # before the clock runs: a moment, but a minute where nothing was ever compiled
    begun = time.monotonic()
    budget = options.seconds if seconds is None else seconds
    name = engine or options.engine
    if options.deterministic:
        # its work follows from the options alone: one batch, one process
        todo = replace(todo, options=replace(todo.options, seconds=budget))
        name, workers, batch_size = STEADY, 1, max(1, len(todo.jobs))
    run = Run(
        problem=todo,
        batches=(),
        engine=name,
        deadline=begun + budget,
        seconds=budget,
        batch_seconds=0.0,
        seed=options.seed if seed is None else seed,
        gap_tolerance=options.gap_tolerance,
        start=None if start is None or name == STEADY else tuple(start),
    )
    state, calendars = Progress(0), Calendars(todo)

    def tell() -> None:
        state.seconds = time.monotonic() - begun
        progress(state)

    tell()
    with _interrupts() as interrupted:
        known = None if name == STEADY else first_plan(run, calendars, state, tell, interrupted)
        named = digest(problem)
        run = run.split(batch_size or options.batch_size, workers)
        state.total = len(run.batches)
        work = _alone if workers <= 1 else partial(_together, workers)
        answers, best, steps = work(run, calendars, known, state, tell, interrupted)
    conclusion = conclude(
        todo,
        run.batches,
        answers,
        start=None if best is None else best.decisions,
        merge=best is None,
        steps=steps,
        schedule_id="local",
        calendars=calendars,
        proving_seconds=BOUND_SECONDS if name == STEADY else max(LEAST_PROVING, run.deadline - time.monotonic()),
        digest=named,
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


def first_plan(run: Run, calendars: Calendars, state: Progress, tell: Told, interrupted: Asked) -> Schedule:
    """The plan that the run begins with, or one of dispatch rules; told at once."""
    problem = run.problem
    if run.start is not None:
        found = replay(problem, run.start, None, calendars)
    else:
        seconds = min(FIRST_PLAN_MOST, max(FIRST_PLAN_SECONDS, FIRST_PLAN_SHARE * run.seconds))
        watch = LocalWatch(lambda _: None, interrupted)
        found = first_schedule(problem, calendars, Limits.within(seconds), watch, compiled=run.searches)
    state.plan = evaluate(problem, found, None, calendars)
    tell()
    return found


def merged(
    run: Run, calendars: Calendars, answers: Mapping[int, Answer], known: Schedule, interrupted: Asked
) -> tuple[Incumbent, Levels]:
    """The plan that the batches are merged to, or the ``known`` one, and the lower bound of each of its levels."""
    reports = {number: answer.report for number, answer in answers.items()}
    watch = LocalWatch(lambda _: None, interrupted)
    plan = aggregate(run.problem, run.batches, reports, merge_limits(run.seconds), calendars, watch, known)
    bounds = level_bounds(run.problem, run.batches, reports, term_bounds(run.problem, calendars, at_once=True))
    return _incumbent(run, calendars, plan.schedule), tuple(bound.value for bound in bounds)


def _incumbent(run: Run, calendars: Calendars, schedule: Schedule) -> Incumbent:
    return Incumbent(1, value_of(run.problem, schedule, calendars), schedule.decisions())


def improvable(run: Run, first: Incumbent, target: Levels) -> bool:
    """Whether there is time for improving, and something left to gain."""
    worth = run.deadline - time.monotonic() > WORTH_SECONDS
    return worth and run.engine not in ("dispatch", STEADY) and not reached(first.levels, target, run.gap_tolerance)


def _alone(
    run: Run, calendars: Calendars, known: Schedule | None, state: Progress, tell: Told, interrupted: Asked
) -> Found:
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
        return answers, None if known is None else _incumbent(run, calendars, known), None
    if known is None:
        known = replay(run.problem, answers[0].report.decisions, None, calendars)
    first, target = merged(run, calendars, answers, known, interrupted)
    state.plan = first.levels
    tell()
    board, steps = LocalBoard(first), None
    if improvable(run, first, target):
        steps = run.improve(0, board, target, LocalWatch(partial(setattr, state, "plan"), interrupted), tell)
    return answers, board.read(), steps


def _together(
    workers: int,
    run: Run,
    calendars: Calendars,
    known: Schedule | None,
    state: Progress,
    tell: Told,
    interrupted: Asked,
) -> Found:
    assert known is not None
    with Pool(run, workers) as pool:
        answers = pool.solve(state, tell, interrupted)
        if interrupted():
            return answers, _incumbent(run, calendars, known), None
        first, target = merged(run, calendars, answers, known, interrupted)
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
