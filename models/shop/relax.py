"""A problem without the rules that its request wants dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from models.shop.problem import Calendar, Problem
from models.shop.reading.options import CALENDAR_RULE


def relaxed(problem: Problem) -> Problem:
    """The problem with ``options.relax`` applied and one warning for each relaxed rule.

    Applying it again changes nothing. A relaxed ``release`` keeps the stated release date, which flow time counts from.
    Of a relaxed calendar nothing stands; its machines' own closures and its operators' absences do.
    """
    warnings = list(problem.warnings)
    for rule in problem.options.relax:
        if rule.startswith(CALENDAR_RULE):
            problem, warning = _without_calendar(problem, rule.removeprefix(CALENDAR_RULE))
        else:
            drop, warning = _RULES[rule]
            problem = drop(problem)
        if warning not in warnings:
            warnings.append(warning)
    return replace(problem, warnings=tuple(warnings))


def _without_calendar(problem: Problem, name: str) -> tuple[Problem, str]:
    calendars = {**problem.calendars, name: Calendar(name)}
    warning = f"Relaxed: {CALENDAR_RULE}{name}; it is always open, but closures of its machines and absences stand."
    return replace(problem, calendars=calendars), warning


def _without_skill(problem: Problem) -> Problem:
    operations = tuple(replace(operation, skill=None, skill_level=1) for operation in problem.operations)
    return replace(problem, operations=operations)


def _without_setup(problem: Problem) -> Problem:
    return replace(problem, machines=tuple(replace(machine, setup_matrix=None) for machine in problem.machines))


def _without_end_before(problem: Problem) -> Problem:
    return replace(problem, operations=tuple(replace(operation, end_before=None) for operation in problem.operations))


def _without_release(problem: Problem) -> Problem:
    return replace(problem, jobs=tuple(replace(job, earliest=0) for job in problem.jobs))


def _without_hard_dates(problem: Problem) -> Problem:
    return replace(problem, jobs=tuple(replace(job, due_hard=False) for job in problem.jobs))


_RULES: Mapping[str, tuple[Callable[[Problem], Problem], str]] = MappingProxyType(
    {
        "lcd_hard": (_without_hard_dates, "Relaxed: lcd_hard; jobs may be late."),
        "skill": (_without_skill, "Relaxed: skill; operations need no operator."),
        "setup": (_without_setup, "Relaxed: setup; machines need no setup time."),
        "end_before": (_without_end_before, "Relaxed: end_before; operations may end later."),
        "release": (_without_release, "Relaxed: release; jobs may start before their release date."),
    }
)
