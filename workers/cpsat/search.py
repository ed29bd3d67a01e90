"""One call of the CP-SAT solver: parameters, deadline, cancelling, and what it finds on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ortools.sat.python import cp_model

from workers.cpsat.hinted import HintedModel, Variable

POLL_SECONDS = 0.05
"""How often a running search looks whether it is to stop."""

REPORT_SECONDS = 0.3
"""At most this often a running search tells of a new plan."""


@dataclass(frozen=True, slots=True)
class Task:
    """How one search is to be run. ``stop`` is asked often; ``found`` is called with a reader of variables' values.

    The search ends where the objective is ``enough`` or less: something else decides the level then.
    ``bounds_first``: a good plan is known, and it is the bound that is wanted; ``routed``: there are operations that
    follow one another.
    """

    deadline: float
    threads: int
    seed: int
    gap_tolerance: float
    stop: Callable[[], bool]
    found: Callable[[Callable[[Variable], int]], None]
    enough: float | None = None
    bounds_first: bool = False
    routed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a search ended with. ``value`` reads a variable of the best solution, None where there is none.

    ``bound`` is a lower bound on the objective, None where nothing was proved; ``proved`` says that no better solution
    exists (up to the gap tolerance).
    """

    value: Callable[[Variable], int] | None
    bound: float | None
    proved: bool


class _Watcher(cp_model.CpSolverSolutionCallback):
    """Tells of solutions, not too often, and stops where the objective is good enough."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task
        self._told = time.monotonic()

    def on_solution_callback(self) -> None:
        """Called by the solver on each better solution."""
        if self._task.enough is not None and self.objective_value <= self._task.enough:
            self.stop_search()
        now = time.monotonic()
        if now - self._told >= REPORT_SECONDS:
            self._told = now
            self._task.found(lambda variable: int(self.value(variable)))


def search(model: HintedModel, task: Task) -> Found:
    """Minimises the model's objective until proved, the deadline, or ``task.stop``."""
    seconds = task.deadline - time.monotonic()
    if seconds <= 0 or task.stop():
        return Found(None, None, False)
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.max_time_in_seconds = seconds
    parameters.num_workers = task.threads
    parameters.random_seed = task.seed
    parameters.relative_gap_limit = task.gap_tolerance
    # The linear relaxation costs more than it proves here, 5 to 20 times on single-stage batches.
    parameters.linearization_level = 0
    # Probing and symmetries in presolve take as long as the whole proof of many parts, and machines differ in speed.
    parameters.cp_model_probing_level = 0
    parameters.symmetry_level = 0
    if task.bounds_first:
        # Raising the bound step by step gets further where the proof is out of reach, and plans are found later.
        parameters.use_objective_lb_search = True
        # Deciding what comes before what, with all that can be concluded from it, proves job shops 4 to 10 times faster
        # (ta01: 2 s, not 9); on parallel machines it only costs time.
        parameters.use_dynamic_precedence_in_disjunctive = task.routed
        parameters.use_strong_propagation_in_disjunctive = task.routed
    ended = threading.Event()

    def poll() -> None:
        while not ended.wait(POLL_SECONDS):
            if task.stop():
                solver.stop_search()

    poller = threading.Thread(target=poll, name="cpsat-stop", daemon=True)
    poller.start()
    try:
        status = solver.solve(model.finish(), _Watcher(task))
    finally:
        ended.set()
        poller.join()
    if status == cp_model.MODEL_INVALID:
        raise ValueError(f"CP-SAT refuses the model: {model.cp.validate()}")
    if status == cp_model.INFEASIBLE:
        return Found(None, None, True)
    bound = solver.best_objective_bound
    known = None if status == cp_model.UNKNOWN and bound == 0 else bound
    if status == cp_model.UNKNOWN:
        return Found(None, known, False)
    return Found(lambda variable: int(solver.value(variable)), bound, status == cp_model.OPTIMAL)
