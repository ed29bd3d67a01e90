"""What is recorded of a run that has ended, so that later ones can be compared with it."""

from __future__ import annotations

from models.shop.problem import Problem
from models.store.records import Record, RunClass
from models.store.views import RunView
from monitoring.labels import BUDGETS, NO_PLANT, SIZES, step_of
from workers.conclude import Conclusion
from workers.improve.standing import Steps

SECONDS_PER_HOUR = 3600
UNREAD = "unread"
"""Template of a run that failed: its problem may be why, and is not read again."""


def class_of(view: RunView, template: str) -> RunClass:
    """The class of runs that a run can be compared with."""
    return RunClass(
        view.plant or NO_PLANT, template, step_of(SIZES, view.jobs), view.engine, step_of(BUDGETS, view.seconds)
    )


def template_of(problem: Problem) -> str:
    """The form of a shop in a word: ``single`` or ``routed``, then ``_setups`` and ``_operators`` where there are."""
    form = "routed" if len(problem.operations) > len(problem.jobs) else "single"
    setups = "_setups" if any(machine.setup_matrix is not None for machine in problem.machines) else ""
    operators = "_operators" if any(operation.skill is not None for operation in problem.operations) else ""
    return form + setups + operators


def ended(
    view: RunView,
    problem: Problem,
    conclusion: Conclusion,
    steps: Steps,
    *,
    state: str,
    memory: int | None,
    processes: int,
) -> Record:
    """The record of a run that ends in ``state`` with a plan; ``memory`` bytes at most in one process."""
    waited = 0.0 if view.started_at is None else (view.started_at - view.created_at).total_seconds()
    seconds = max(0.0, view.age - waited)
    first, makespan = conclusion.first_level, conclusion.metrics.get("makespan")
    return Record(
        run_id=view.id,
        run_class=class_of(view, template_of(problem)),
        status=state if state == "cancelled" else str(conclusion.document["status"]),
        jobs=view.jobs,
        operations=view.operations,
        seconds=seconds,
        step_seconds=seconds * processes / steps.tried if steps.tried else None,
        objective_name=None if first is None else first[0],
        objective=None if first is None else first[1],
        makespan=None if makespan is None else makespan * SECONDS_PER_HOUR,
        gap=None if first is None else first[2],
        memory=memory,
    )


def failed(view: RunView) -> Record:
    """The record of a run that ends with an error."""
    waited = 0.0 if view.started_at is None else (view.started_at - view.created_at).total_seconds()
    return Record(view.id, class_of(view, UNREAD), "failed", view.jobs, view.operations, max(0.0, view.age - waited))
