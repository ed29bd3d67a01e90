"""Something done again and again beside other work, such as heartbeats: long computations never delay it."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def every(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Calls ``act`` at once and then every ``seconds``, in a thread of its own, until the block is left.

    ``act`` must not raise. A call that has begun when the block is left is waited for.
    """
    done = threading.Event()

    def work() -> None:
        act()
        while not done.wait(seconds):
            act()

    # what it logs carries this thread's run and request
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
