"""Solving one batch so that it always ends with a plan: dispatch first, then the engine, watched from outside.

An engine that raises, hangs, finds nothing or does not model the batch is replaced by the dispatch plan that was made
before it started; the answer says so. An engine that kills its process is the task's concern (it is delivered again).
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.timeline import replay
from monitoring.logs import get
from workers.engine import STEADY, Engine, Levels, Limits, Report, Unwatched, Watch, load
from workers.split import undecided

log = get(__name__)

AUTO_ENGINE = "search"
"""What ``auto`` asks first."""

FIRST_ROUND_SHARES = {"dispatch": 1.0, STEADY: 1.0, "auto": 0.1}
"""Part of a request's time for its batches, by engine; the rest goes into improving what they are merged to."""

FIRST_ROUND_SHARE = 0.5
"""The same for all other engines."""

DISPATCH_SHARE = 0.2
"""At most this part of a batch's time goes into dispatch rules before an engine starts."""

TOO_SHORT_SECONDS = 0.2
"""With less time than this left after dispatch, no engine is started."""

GRACE_SECONDS = 3.0
"""An engine that has not answered this long after its deadline counts as hung."""

STEADY_GRACE, STEADY_SECONDS = 5.0, 12.0
"""The reproducible engine counts its work; on a slow machine it may take this many times its seconds, and more."""

TICK_SECONDS = 0.1


def first_round_share(engine: str) -> float:
    """The part of a request's time that its batches get."""
    return FIRST_ROUND_SHARES.get(engine, FIRST_ROUND_SHARE)


class EngineHung(RuntimeError):
    """An engine did not answer within its deadline and the grace after it. Its thread may still be running."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a batch ended.

    ``report`` is the plan that counts, ``asked`` the engine asked for it, ``tried`` every engine that ran. ``fallback``
    says in one sentence why dispatch stands in for an engine that failed; None where none did. After ``hung`` the
    process should be replaced: the engine's thread cannot be stopped.
    """

    report: Report
    asked: str
    tried: tuple[str, ...]
    fallback: str | None = None
    hung: bool = False

    @property
    def outcome(self) -> str:
        """``solved``, ``handed_over`` or ``fallback``."""
        if self.fallback:
            return "fallback"
        return "handed_over" if self.report.handed_over else "solved"


def solve_batch(
    problem: Problem,
    jobs: Sequence[int],
    engine: str,
    limits: Limits,
    watch: Watch | None = None,
    tick: Callable[[], None] = lambda: None,
    grace: float = GRACE_SECONDS,
) -> Answer:
    """Plans the unfixed operations of ``jobs`` with ``engine`` (a name of ENGINES, or ``auto``).

    ``problem`` is already relaxed. ``tick`` is called in this thread about ten times a second while the engine works in
    another (heartbeats). Always returns a plan; raises only what dispatch itself raises.
    """
    watch = watch or Unwatched()
    name = AUTO_ENGINE if engine == "auto" else engine
    if name == STEADY:
        report = _supervised(
            load(name), problem, jobs, limits, watch, tick, grace + STEADY_GRACE * limits.seconds_left + STEADY_SECONDS
        )
        return Answer(report, name, (name,))
    first = _dispatch(problem, jobs, limits, watch, alone=name == "dispatch")
    nothing = not undecided(problem, jobs)  # searches need something to move
    if name == "dispatch" or watch.cancelled() or nothing or limits.seconds_left < TOO_SHORT_SECONDS:
        return Answer(first, name, ("dispatch",))
    tried = ("dispatch", name)
    try:
        report = _supervised(_started(name, first), problem, jobs, limits, watch, tick, grace)
    except EngineHung as error:
        log.error("engine_hung", engine=name, error=str(error))
        return Answer(first, name, tried, fallback=str(error), hung=True)
    except Exception as error:  # whatever an engine raises, the batch must not die with it
        log.exception("engine_failed", engine=name)
        return Answer(
            first, name, tried, fallback=f"{name} failed ({type(error).__name__}: {error}); dispatch stands in"
        )
    if report.handed_over:
        handed = replace(first, handed_over=report.handed_over, parameters={**report.parameters, **first.parameters})
        wanted = None if engine == "auto" else f"{name} handed the batch to dispatch: {report.handed_over}"
        return Answer(handed, name, tried, fallback=wanted)
    if _value(problem, report, jobs) > _value(problem, first, jobs):
        told = {**report.parameters, **first.parameters}
        kept = replace(first, bounds=report.bounds or first.bounds, parameters=told)
        return Answer(kept, name, tried)
    return Answer(report, name, tried)


def _dispatch(problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch, *, alone: bool) -> Report:
    share = limits.seconds_left * (1.0 if alone else DISPATCH_SHARE)
    return load("dispatch").solve(problem, jobs, replace(limits, deadline=time.monotonic() + share), watch)


def _started(name: str, first: Report) -> Engine:
    engine = load(name)
    if hasattr(engine, "start"):
        engine.start = first.decisions
    return engine


def _value(problem: Problem, report: Report, jobs: Sequence[int]) -> Levels:
    return evaluate(problem, replay(problem, report.decisions, jobs), jobs)


def _supervised(
    engine: Engine,
    problem: Problem,
    jobs: Sequence[int],
    limits: Limits,
    watch: Watch,
    tick: Callable[[], None],
    grace: float,
) -> Report:
    """Runs the engine in a thread of its own, so that this one can keep beating and give up on it."""
    answers: list[Report] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(engine.solve(problem, jobs, limits, watch))
        except BaseException as error:  # handed to the waiting thread, which raises it
            errors.append(error)

    # what it logs carries this thread's run and request
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name=f"engine-{engine.name}", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(TICK_SECONDS)
        tick()
        if time.monotonic() > limits.deadline + grace:
            raise EngineHung(
                f"{engine.name} did not answer {grace:g} s after its deadline; dispatch stands in",
            )
    if errors:
        raise errors[0]
    return answers[0]
