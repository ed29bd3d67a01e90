"""Whether every engine can solve on this host: each plans a small shop, and the validator looks at what comes out.

``python -m workers.selftest`` is a process of its own: a worker's main process must never run CP-SAT (its children
would hang), and a library that crashes must not take a worker with it. It says before each engine that it begins, so
that who reads knows which one ended the process (``workers.tester``).
"""

from __future__ import annotations

import json
import time
from typing import Any, Final

from models.shop.objective import as_document, measure
from models.shop.parse import load as load_problem
from models.shop.problem import Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.shop.validator import validate
from workers.engine import ENGINES, STEADY, Limits, Unwatched, load
from workers.ppo.policy import OBJECTIVES, PolicyRefused
from workers.ppo.store import faults, in_force

PROBLEM: Final = {
    "schedule_start": "2026-01-05T06:00:00Z",
    "machines": [{"machine_id": "M1"}, {"machine_id": "M2"}],
    "jobs": [
        {
            "job_id": f"J{number}",
            "machines": [{"machine_id": machine, "processing_time": number} for machine in ("M1", "M2")],
        }
        for number in (1, 2, 3)
    ],
    "objective": "makespan",
}
BEST_HOURS: Final = 3.0
"""The makespan of that problem: one machine takes 1 h and 2 h, the other 3 h."""

ENGINE_SECONDS: Final = 0.5

EXACT_SECONDS: Final = {"cpsat": 30.0}
"""Engines that have to find that plan, and so many seconds for it: they end by themselves once it is proved.

Others have to make a plan; how good it gets in a moment says more of how busy the host is than of the engine.
"""

VERSION_DIGITS: Final = 12
"""So much of a policy's SHA-256 is told as its version."""


def tested(name: str, problem: Problem) -> str:
    """Plans the problem with an engine; what is wrong with the plan, or nothing."""
    jobs = range(len(problem.jobs))
    engine = load(name)
    if hasattr(engine, "start"):  # a poor plan: everything on one machine
        engine.start = tuple(Decision(number, 0) for number in range(len(problem.operations)))
    report = engine.solve(problem, jobs, Limits.within(EXACT_SECONDS.get(name, ENGINE_SECONDS)), Unwatched())
    schedule = replay(problem, report.decisions, jobs)
    metrics = as_document(measure(problem, schedule))
    verdict = validate(problem, schedule, metrics)
    if not verdict.valid:
        return f"its plan breaks {verdict.violations[0].rule}"
    if schedule.unscheduled:
        return f"it leaves out {len(schedule.unscheduled)} of {len(problem.jobs)} jobs"
    if name in EXACT_SECONDS and metrics["makespan"] != BEST_HOURS:
        return f"its makespan is {metrics['makespan']} h, the best {BEST_HOURS} h"
    return ""


def main() -> None:
    """Tests every engine; two lines of JSON on stdout for each, one before and one after, then what decides."""
    problem = load_problem(json.dumps(PROBLEM).encode())
    for name in ENGINES:
        if name == STEADY:  # the search, counted instead of timed
            continue
        _say({"name": name})
        begun = time.perf_counter()
        try:
            wrong = tested(name, problem)
        except Exception as error:  # whatever it is, it is what was asked for
            wrong = f"{type(error).__name__}: {error}"[:200]
        _say({"name": name, "ok": not wrong, "detail": wrong, "seconds": round(time.perf_counter() - begun, 3)})
    found = _policies()
    _say({"policies": sorted({(policy, version) for policy, version in found.values() if policy})})
    _say({"parameters": {"in_force": found, "faults": faults()}})


def _policies() -> dict[str, tuple[str, str]]:
    """Id and version of the policy in force for each objective; both empty where not even the shipped one is usable."""
    found = dict.fromkeys(OBJECTIVES, ("", ""))
    for objective in OBJECTIVES:
        try:
            policy = in_force(objective)
        except PolicyRefused:  # it is told where it was refused
            continue
        found[objective] = (policy.id, policy.sha256[:VERSION_DIGITS])
    return found


def _say(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
