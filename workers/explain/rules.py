"""The rules by name that may be dropped, which of them bear on some jobs, and a problem without them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from models.shop.parts import only
from models.shop.problem import Problem
from models.shop.reading.options import CALENDAR_RULE
from models.shop.relax import relaxed

FIXED = "fixed work"
"""Beside the names of ``options.relax``: as if nothing were running or pinned. What is completed stays."""


def bearing(problem: Problem, jobs: Collection[int]) -> Sequence[str]:
    """The rules that could keep ``jobs`` from being scheduled, in a fixed order.

    A calendar counts where it is that of a machine that may run one of their operations, or of an operator who may
    attend one.
    """
    members = [problem.jobs[job] for job in jobs]
    operations = [problem.operations[number] for job in members for number in job.operations]
    machines = {machine for operation in operations for machine in operation.options}
    skills = {(operation.skill, operation.skill_level) for operation in operations if operation.skill is not None}
    operators = {who for skill, level in skills for who in problem.operators_by_skill[skill, level]}
    calendars = {problem.machines[machine].calendar for machine in machines}
    calendars |= {problem.operators[who].calendar for who in operators}
    has = {
        "lcd_hard": any(job.due_hard and job.due is not None for job in members),
        "end_before": any(operation.end_before is not None for operation in operations),
        "release": any(job.earliest > 0 for job in members),
        "skill": bool(skills),
        "setup": any(problem.machines[machine].setup_matrix is not None for machine in machines),
        FIXED: any(not work.completed for work in problem.fixed),
    }
    closing = sorted(name for name in calendars if name is not None)
    return [*(rule for rule, there in has.items() if there), *(CALENDAR_RULE + name for name in closing)]


def without(problem: Problem, rules: Collection[str]) -> Problem:
    """The problem without these rules."""
    if FIXED in rules:
        problem = replace(problem, fixed=tuple(work for work in problem.fixed if work.completed))
    named = tuple(rule for rule in rules if rule != FIXED)
    return relaxed(replace(problem, options=replace(problem.options, relax=named)))


def excerpt(problem: Problem, job: int) -> tuple[Problem, int]:
    """The shop with one job and the jobs that have fixed work, numbered anew; and the job's index there."""
    part = only(problem, {job, *(problem.operations[work.operation].job for work in problem.fixed)})
    return replace(part.problem, reference=(), warnings=()), part.jobs[job]
