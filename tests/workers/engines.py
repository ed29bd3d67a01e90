"""Engines that misbehave, for tests of what happens then."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from models.shop.problem import Problem
from models.shop.schedule import Decision
from workers.engine import Limits, Report, Watch


class Raises:
    """Fails at once."""

    name = "raises"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        raise ValueError("no such luck")


class Hangs:
    """Never looks at its deadline."""

    name = "hangs"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        time.sleep(60)
        raise AssertionError("slept on")


class Dies:
    """Takes its process along."""

    name = "dies"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("survived SIGKILL")


class Declines:
    """Hands every batch over."""

    name = "declines"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        return Report(self.name, (), "unknown", handed_over="it does not model mondays")


class Worst:
    """Puts everything on the first eligible machine, last job first."""

    name = "worst"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        numbers = [n for job in reversed(jobs) for n in problem.jobs[job].operations]
        return Report(self.name, tuple(Decision(n, min(problem.operations[n].options)) for n in numbers), "feasible")


class Waits:
    """Works until it is cancelled."""

    name = "waits"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        while not watch.cancelled() and limits.seconds_left:
            time.sleep(0.01)
        return Worst().solve(problem, jobs, limits, watch)


MISBEHAVING = {
    name: f"tests.workers.engines:{name.capitalize()}"
    for name in ("raises", "hangs", "dies", "declines", "worst", "waits")
}
