"""Plans of a part: decisions, what the timeline makes of them, and what they are worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from models.shop.objective import evaluate
from models.shop.schedule import Assignment, Decision
from models.shop.timeline import replay
from workers.cpsat.hinted import Variable
from workers.cpsat.scope import Part, Scope
from workers.cpsat.variables import Variables
from workers.engine import Levels


@dataclass(frozen=True)
class Plan:
    """Decisions for a part with their replayed value. ``complete`` says that every free operation has its place."""

    decisions: tuple[Decision, ...]
    levels: Levels
    placed: Mapping[int, Assignment]
    complete: bool


def replayed(scope: Scope, part: Part, decisions: Sequence[Decision]) -> Plan:
    """The plan that the timeline makes of decisions for a part."""
    schedule = replay(scope.problem, decisions, part.jobs, scope.calendars)
    levels = evaluate(scope.problem, schedule, part.jobs, scope.calendars)
    free = {operation.number for operation in part.operations}
    placed = {a.operation: a for a in schedule.assignments if a.operation in free and not a.fixed}
    kept = tuple(decision for decision in schedule.decisions() if decision.operation in free)
    return Plan(kept, levels, placed, len(placed) == len(free))


def decisions_of(variables: Variables, value: Callable[[Variable], int]) -> tuple[Decision, ...]:
    """A solution as decisions, in order of their starts by the clock."""
    rows: list[tuple[int, int, Decision]] = []
    for number, stays in variables.stays.items():
        for stay in stays:
            for option in stay.options:
                if value(option.used) and (stay.used is None or value(stay.used)):
                    start = value(stay.start)
                    who = next((o for o, attends in variables.attends.get(number, {}).items() if value(attends)), None)
                    rows.append((stay.axis.start(start), start, Decision(number, option.machine, who)))
    rows.sort(key=lambda row: (row[0], row[1], row[2].operation))
    return tuple(decision for _, _, decision in rows)


def starts_of(variables: Variables, value: Callable[[Variable], int]) -> dict[int, int]:
    """When each operation of a solution starts, in seconds."""
    return {
        number: variables.unit * stay.axis.start(value(stay.start))
        for number, stays in variables.stays.items()
        for stay in stays
        if stay.used is None or value(stay.used)
    }
