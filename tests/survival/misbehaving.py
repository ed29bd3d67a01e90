"""Imported by the workers of a test beside their tasks: what they meet in problems of certain plants.

A problem's ``plant`` says what goes wrong: the name of a misbehaving engine (then CP-SAT is that engine), or ``plan``,
``merge`` or ``finish`` for a step that kills its worker each time.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
from collections.abc import Callable, Sequence

import tasks.finish
import tasks.merge
import tasks.plan
from models.shop.problem import Problem
from models.shop.schedule import Decision
from tasks.problems import Work
from tests.workers.engines import MISBEHAVING
from workers.cpsat.engine import CpSatEngine
from workers.engine import ENGINES, Engine, Limits, Report, Watch


class Hogs:
    """Holds the interpreter for good, as a solver does that never lets go of it: no thread beats any more."""

    name = "hogs"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        ctypes.PyDLL(None).sleep(600)
        raise AssertionError("slept on")


class ByPlant:
    """CP-SAT, or what the problem's plant says."""

    name = "cpsat"

    def __init__(self) -> None:
        self.start: tuple[Decision, ...] = ()

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        return self._engine(problem.plant or "").solve(problem, jobs, limits, watch)

    def _engine(self, plant: str) -> Engine:
        if plant == "hogs":
            return Hogs()
        if plant in MISBEHAVING:
            module, _, name = MISBEHAVING[plant].partition(":")
            engine: Engine = getattr(importlib.import_module(module), name)()
            return engine
        solver = CpSatEngine()
        solver.start = self.start
        return solver


def _deadly(step: str, real: Callable[[str], Work]) -> Callable[[str], Work]:
    def work(run_id: str) -> Work:
        found = real(run_id)
        if found.problem.plant == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return work


ENGINES["cpsat"] = f"{__name__}:ByPlant"  # type: ignore[index]
for _step in (tasks.plan, tasks.merge, tasks.finish):
    _step.work = _deadly(_step.__name__.removeprefix("tasks."), _step.work)  # type: ignore[attr-defined]
