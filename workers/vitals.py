"""What a worker tells of itself, from its main process: that it lives, what it takes, whether its engines solve."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from typing import Any, Final

import psutil
import redis

from models.signs import Signs
from monitoring.logs import get
from workers.tester import SelfTest

TELL_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 10.0
"""A worker that has just started has better things to do than to test its engines."""

TEST_SECONDS: Final = 300.0
TEST_AGAIN_SECONDS: Final = 30.0
"""How often engines are tested, and how soon again where one has failed."""

WEIGH_EVERY: Final = 6
"""Pages shared by processes are counted only every so many times: that walks all their memory."""

log = get(__name__)


class Vitals:
    """Tells Redis of this worker from a thread of its own until it is stopped. A Redis that is away only delays it."""

    def __init__(self, signs: Signs, queues: Sequence[str], *, solves: bool = False) -> None:
        """``solves``: this worker solves batches, and tests its engines."""
        self._signs, self._queues, self._solves = signs, tuple(queues), solves
        self._name = f"{socket.gethostname()}:{psutil.Process().pid}"
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, name="vitals", daemon=True)
        self._total = 0
        self._test = SelfTest()

    def start(self) -> None:
        """Begins to tell."""
        self._thread.start()
        if self._solves:
            threading.Thread(target=self._test_engines, name="selftest", daemon=True).start()

    def stop(self) -> None:
        """Ends, and takes the sign of life back: this worker was asked to stop."""
        self._done.set()
        self._test.stop()
        try:
            self._signs.drop("worker", self._name)
        except redis.RedisError as error:
            log.warning("vitals_not_dropped", error=type(error).__name__)

    def _work(self) -> None:
        rounds = 0
        while not self._done.wait(TELL_SECONDS if rounds else 0):
            try:
                self._signs.tell("worker", self._name, self.told(weigh=rounds % WEIGH_EVERY == 0))
            except redis.RedisError as error:
                log.warning("vitals_untold", error=type(error).__name__)
            rounds += 1

    def _test_engines(self) -> None:
        wait = SETTLE_SECONDS
        while not self._done.wait(wait):
            results = self._test.run()
            if self._done.is_set():
                return
            well = all(row["ok"] for row in results.values())
            if not well:
                wrong = {name: row["detail"] for name, row in results.items() if not row["ok"]}
                log.error("engine_fails_its_test", engines=wrong)
            wait = TEST_SECONDS if well else TEST_AGAIN_SECONDS
            try:
                told = {"engines": results, "policies": self._test.policies, "parameters": self._test.parameters}
                self._signs.tell("engine", socket.gethostname(), told)
            except redis.RedisError as error:
                log.warning("engine_test_untold", error=type(error).__name__)
                wait = TEST_AGAIN_SECONDS

    def told(self, *, weigh: bool = True) -> dict[str, Any]:
        """Queues, processes that run tasks, and memory in bytes: of the largest process, and of all together."""
        main = psutil.Process()
        children = [child for child in main.children() if _is_running(child)]
        if weigh:
            self._total = sum(_share(process) for process in (main, *children))
        return {
            "queues": self._queues,
            "processes": len(children),
            "resident": max(resident(process) for process in (main, *children)),
            "total": self._total,
        }


def _is_running(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def resident(process: psutil.Process) -> int:
    """Its resident memory in bytes; 0 where it is gone."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _share(process: psutil.Process) -> int:
    """Its memory, pages shared by n processes counted 1/n; all of its resident memory where that is not told."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return resident(process)
