"""The process of one measured run: ``python -m benchmarks.child`` reads a task on stdin and answers on stdout.

Nothing but the run happens between the two readings of the clock: libraries are imported, kernels compiled and the
problem parsed before; the result is validated after.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.memory import forget_peak, resident
from benchmarks.work import OURS, RULES, Outcome, Task
from models.shop.parse import load
from models.shop.problem import COUNT_TERMS, Problem
from models.shop.relax import relaxed

MOST_MEMORY = 8 * 2**30
"""A solver that wants more address space than this fails, instead of taking the machine down."""

Solver = Callable[[Problem, Task, Outcome], None]


def main() -> None:
    """Reads, measures, answers."""
    document = json.loads(sys.stdin.read())
    task = Task(**{**document, "cores": tuple(document["cores"])})
    if task.cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, task.cores)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, resource.RLIM_INFINITY))
    outcome = Outcome(load=os.getloadavg()[0])
    try:
        measure(task, outcome)
    except Exception as error:  # whatever a solver raises is a result of the benchmark
        outcome.error = f"{type(error).__name__}: {error}"[:500]
    print(json.dumps(outcome.as_document()), flush=True)
    os._exit(0)  # freeing a hundred thousand jobs one by one takes seconds that nobody needs


def measure(task: Task, outcome: Outcome) -> None:
    """One run, told in ``outcome``."""
    solver = solver_of(task)
    outcome.base_mib = resident("VmRSS")
    text = Path(task.file).read_bytes()
    begun = time.perf_counter()
    problem = load(text)
    outcome.parse_seconds = time.perf_counter() - begun
    del text
    if task.objective:
        problem = replace(problem, objective=({task.objective: 1000},))
    problem = relaxed(problem)
    level = problem.objective[0]
    outcome.unit = "" if any(term in COUNT_TERMS for term in level) else "h"
    outcome.jobs, outcome.operations = len(problem.jobs), len(problem.operations)
    outcome.parsed_mib = resident("VmRSS")
    forget_peak()
    try:
        solver(problem, task, outcome)
    finally:
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        outcome.peak_mib = max(resident("VmHWM"), outcome.parsed_mib) + (children if task.workers > 1 else 0.0)


def solver_of(task: Task) -> Solver:
    """The solver of a task, imported and warm."""
    if task.solver == OURS:
        from benchmarks import ours  # noqa: PLC0415  each child imports its own solver only

        ours.warm(task)
        return ours.solve
    if task.solver == RULES:
        from benchmarks import floor  # noqa: PLC0415

        return floor.solve
    from benchmarks import peers  # noqa: PLC0415

    return peers.solver(task.solver)


if __name__ == "__main__":
    main()
