"""The same split, solve and aggregate as through the queue, in this process tree: no broker, no database."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from models.shop.canonical import digest
from models.shop.problem import Problem
from models.shop.relax import relaxed
from workers.batch import AUTO_ENGINE, Answer, solve_batch
from workers.conclude import conclude
from workers.engine import Levels, Limits, load
from workers.split import Batch, split
from workers.wire import from_bytes, to_bytes

LOOK_SECONDS = 0.1


@dataclass
class Progress:
    """How far a local run is: batches done of all, and the best known value of each batch (by number)."""

    total: int
    done: int = 0
    best: dict[int, Levels] = field(default_factory=dict)
    seconds: float = 0.0


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

    ``seconds`` is the whole budget; with more batches than ``workers`` each batch gets its part of it. Ctrl-C ends the
    search and returns the best plan so far, with status ``cancelled``.
    """
    begun = time.monotonic()
    options = problem.options
    todo = relaxed(problem)
    batches = split(todo, batch_size or options.batch_size)
    rounds = max(1, -(-len(batches) // workers))
    run = _Run(
        problem=todo,
        batches=batches,
        engine=engine or options.engine,
        seconds=(options.seconds if seconds is None else seconds) / rounds,
        seed=options.seed if seed is None else seed,
        gap_tolerance=options.gap_tolerance,
    )
    state = Progress(len(batches))

    def tell() -> None:
        state.seconds = time.monotonic() - begun
        progress(state)

    tell()
    if len(batches) <= 1 or workers <= 1:
        answers, cancelled = _one_after_another(run, state, tell)
    else:
        answers, cancelled = _side_by_side(run, min(workers, len(batches)), state, tell)
    conclusion = conclude(todo, batches, answers, schedule_id="local", digest=digest(problem), cancelled=cancelled)
    document = conclusion.document
    document["timing"] = {**_timing(document), "total_seconds": round(time.monotonic() - begun, 3)}
    return document


@dataclass(frozen=True)
class _Run:
    problem: Problem
    batches: tuple[Batch, ...]
    engine: str
    seconds: float
    seed: int
    gap_tolerance: float

    def solve(self, batch: Batch, watch: Any, tick: Callable[[], None]) -> Answer:
        limits = Limits.within(self.seconds, seed=self.seed + batch.number, gap_tolerance=self.gap_tolerance)
        return solve_batch(self.problem, batch.jobs, self.engine, limits, watch, tick)


class _LocalWatch:
    """Tells incumbents to a callable and stops when asked to."""

    def __init__(self, tell: Callable[[Levels], None], stopped: Callable[[], bool]) -> None:
        self.tell, self.stopped = tell, stopped

    def cancelled(self) -> bool:
        return self.stopped()

    def incumbent(self, levels: Levels) -> None:
        self.tell(levels)

    def bound(self, levels: tuple[int | None, ...]) -> None:
        """Bounds are told in the result."""


def _one_after_another(run: _Run, state: Progress, tell: Callable[[], None]) -> tuple[dict[int, Answer], bool]:
    interrupted: list[bool] = []
    before = (
        signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
        if threading.current_thread() is threading.main_thread()
        else None
    )
    answers = {}
    try:
        for batch in run.batches:
            watch = _LocalWatch(partial(state.best.__setitem__, batch.number), lambda: bool(interrupted))
            answers[batch.number] = run.solve(batch, watch, tell)
            state.done += 1
            tell()
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
    return answers, bool(interrupted)


_child: dict[str, Any] = {}
"""What a pool process was started with: the run, its event to stop, and its queue of incumbents."""


def _start_child(run: _Run, stop: Any, news: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _child.update(run=run, stop=stop, news=news)


def _solve_in_child(number: int) -> bytes:
    run: _Run = _child["run"]
    watch = _LocalWatch(lambda levels: _child["news"].put((number, levels)), _child["stop"].is_set)
    return to_bytes(run.solve(run.batches[number], watch, lambda: None))


def _side_by_side(run: _Run, workers: int, state: Progress, tell: Callable[[], None]) -> tuple[dict[int, Answer], bool]:
    # fork shares the parsed problem and the imported solver; where it is not the rule (macOS), processes start afresh
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    if run.engine != "dispatch":
        load(AUTO_ENGINE if run.engine == "auto" else run.engine)  # imported once here, not in every child
    stop, news = context.Event(), context.Queue()
    cancelled = False
    answers: dict[int, Answer] = {}
    with ProcessPoolExecutor(workers, context, _start_child, (run, stop, news)) as pool:
        waiting: dict[Future[bytes], int] = {pool.submit(_solve_in_child, b.number): b.number for b in run.batches}
        while waiting:
            try:
                done, _ = wait(waiting, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED")
                for future in done:
                    number = waiting.pop(future)
                    answers[number] = from_bytes(future.result())
                    state.done += 1
                _read_news(news, state)
                tell()
            except KeyboardInterrupt:
                cancelled = True
                stop.set()
    return answers, cancelled


def _read_news(news: Any, state: Progress) -> None:
    while True:
        try:
            number, levels = news.get_nowait()
        except queue.Empty:
            return
        state.best[number] = levels


def _timing(document: dict[str, object]) -> dict[str, object]:
    timing = document["timing"]
    return dict(timing) if isinstance(timing, dict) else {}
