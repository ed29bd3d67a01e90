"""A small shop built by hand: short ways to write problems and schedules down in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from models.shop.problem import Calendar, Job, Machine, Operation, Problem, SetupMatrix, Window
from models.shop.schedule import Assignment, FixedConflict, Schedule, Unscheduled
from models.shop.validator import validate

HOUR = 3600
DAY = 24 * HOUR
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
WORKDAYS = frozenset(range(5))
DAYTIME = Calendar("day", weekly=(Window(WORKDAYS, 6 * HOUR, 14 * HOUR),))
PAINT = SetupMatrix("paint", default=600, changes={("red", "blue"): 1200, ("blue", "red"): 0})

Step = Mapping[str, Any]


def shop(*jobs: Sequence[Step], job: Mapping[int, Mapping[str, Any]] | None = None, **rest: Any) -> Problem:
    """A problem whose jobs are lists of operations, each a mapping of Operation fields with ``options`` at least.

    ``job`` gives further Job fields by index. Operations without ``predecessors`` follow the one before.
    """
    operations: list[Operation] = []
    made: list[Job] = []
    for index, steps in enumerate(jobs):
        first = len(operations)
        made.append(Job(index, f"J{index + 1}", first, len(steps), **dict((job or {}).get(index, {}))))
        for position, step in enumerate(steps):
            number = first + position
            fields = {"predecessors": (number - 1,) if position else (), **step}
            operations.append(Operation(number, index, str(position + 1), **fields))
    machines = rest.pop("machines", (Machine("M1"), Machine("M2")))
    return Problem(MONDAY, tuple(machines), tuple(made), tuple(operations), **rest)


def placed(operation: int, machine: int, start: int, end: int, seconds: int | None = None, **rest: Any) -> Assignment:
    """An assignment; ``seconds`` is its whole length unless given."""
    return Assignment(operation, machine, start, end, end - start if seconds is None else seconds, **rest)


def plan(
    *assignments: Assignment, unscheduled: Sequence[Unscheduled] = (), conflicts: Sequence[FixedConflict] = ()
) -> Schedule:
    """A schedule, ordered as schedules are."""
    ordered = sorted(assignments, key=lambda a: (a.start, a.end, a.operation, a.lot))
    return Schedule(tuple(ordered), tuple(unscheduled), tuple(conflicts))


def changed(schedule: Schedule, number: int, **fields: Any) -> Schedule:
    """The schedule with fields of its assignment at position ``number`` changed."""
    rows = list(schedule.assignments)
    rows[number] = rows[number]._replace(**fields)
    return replace(schedule, assignments=tuple(rows))


def rules(problem: Problem, schedule: Schedule, metrics: Mapping[str, float | None] | None = None) -> set[str]:
    """The names of all rules that a schedule breaks."""
    return {violation.rule for violation in validate(problem, schedule, metrics).violations}
