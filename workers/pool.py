"""The processes of a local run: they share its problem, solve its batches, and improve one plan together."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from multiprocessing.managers import BaseManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from workers.batch import AUTO_ENGINE, Answer
from workers.engine import Levels, load
from workers.improve.incumbent import Board, LocalBoard
from workers.improve.standing import Steps, total
from workers.wire import from_bytes, to_bytes

if TYPE_CHECKING:
    from workers.local import Progress, Run

LOOK_SECONDS = 0.1

# fork shares the parsed problem and the imported solver; where it is not the rule (macOS), processes start afresh
CONTEXT = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


class _Boards(BaseManager):
    """Serves a board to all processes."""


_Boards.register("Board", LocalBoard)


class Pool:
    """A context manager: the processes live as long as it does. ``board`` is empty at first."""

    def __init__(self, run: Run, workers: int) -> None:
        self.run, self.workers = run, workers
        self._boards = _Boards(ctx=CONTEXT)

    def __enter__(self) -> Pool:
        if self.run.engine != "dispatch":
            load(AUTO_ENGINE if self.run.engine == "auto" else self.run.engine)  # imported once, not in every child
        self._boards.start(_ignore_interrupts)
        self.board = cast("Board", self._boards.Board())  # type: ignore[attr-defined]
        self._stop, self._news = CONTEXT.Event(), CONTEXT.Queue()
        self._pool = ProcessPoolExecutor(
            self.workers, CONTEXT, _start_child, (self.run, self._stop, self._news, self.board)
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._pool.shutdown()
        self._boards.shutdown()

    def solve(self, state: Progress, tell: Callable[[], None], interrupted: Callable[[], bool]) -> dict[int, Answer]:
        """Solves every batch; after an interruption, what is left is planned by dispatch in no time."""
        futures = {self._pool.submit(_solve_in_child, batch.number): batch.number for batch in self.run.batches}
        answers: dict[int, Answer] = {}
        for future in self._done(futures, state, tell, interrupted):
            answers[futures[future]] = from_bytes(future.result())
            state.done += 1
        return answers

    def improve(
        self, target: Levels, state: Progress, tell: Callable[[], None], interrupted: Callable[[], bool]
    ) -> Steps:
        """Lets every process improve the plan on the board until the run's deadline; the answer is what they did."""
        futures = [self._pool.submit(_improve_in_child, number, target) for number in range(self.workers)]
        return total(future.result() for future in self._done(futures, state, tell, interrupted))

    def _done(
        self,
        futures: Iterable[Future[Any]],
        state: Progress,
        tell: Callable[[], None],
        interrupted: Callable[[], bool],
    ) -> Iterable[Future[Any]]:
        """Futures as they are done; meanwhile news are passed on and the wish to stop is passed down."""
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED")
            if interrupted():
                self._stop.set()
            yield from done
            self._read_news(state)
            tell()

    def _read_news(self, state: Progress) -> None:
        while True:
            try:
                number, levels = self._news.get_nowait()
            except queue.Empty:
                return
            if number is not None:
                state.best[number] = levels
            elif state.plan is None or levels < state.plan:
                state.plan = levels


_child: dict[str, Any] = {}
"""What a process of the pool was started with: the run, the event to stop, the queue of news, the board."""


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _start_child(run: Run, stop: Any, news: Any, board: Any) -> None:
    _ignore_interrupts()
    _child.update(run=run, stop=stop, news=news, board=board)


def _watch(number: int | None) -> Any:
    from workers.local import LocalWatch  # noqa: PLC0415  local imports this module

    return LocalWatch(lambda levels: _child["news"].put((number, levels)), _child["stop"].is_set)


def _solve_in_child(number: int) -> bytes:
    return to_bytes(_child["run"].solve(number, _watch(number)))


def _improve_in_child(number: int, target: Levels) -> Steps:
    steps: Steps = _child["run"].improve(number, _child["board"], target, _watch(None), alone=False)
    return steps
