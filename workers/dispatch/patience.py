"""How long one dispatch plan may take, and how it is completed where that was not enough.

A rule that is cut short has made a plan of some of the work. For what is left there is a way that takes no longer than
looking once at every machine that may run it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

from models.shop.alone import topological
from models.shop.schedule import Decision
from models.shop.timeline import Timeline
from workers.dispatch.work import Work

TICKS = 16
"""The clock is looked at every so many ticks: a tick stands for one question to the timeline, or a little more."""


class OutOfTime(Exception):
    """The plan that is being made has taken too long, or nobody waits for it any more."""


class Clock:
    """``tick`` raises OutOfTime after ``deadline``, a reading of ``time.monotonic()``, or once ``stopped`` says so."""

    def __init__(self, deadline: float, stopped: Callable[[], bool] = lambda: False) -> None:
        self.deadline, self.stopped = deadline, stopped
        self._left = 0

    def tick(self) -> None:
        """To be called again and again while a plan is made."""
        self._left -= 1
        if self._left < 0:
            self._left = TICKS
            if time.monotonic() > self.deadline or self.stopped():
                raise OutOfTime


def hurried(work: Work, decisions: Sequence[Decision], timeline: Timeline) -> Iterator[Decision]:
    """Decisions about the pieces that ``decisions`` leave: by due date, each on the machine least busy with it.

    ``timeline`` holds what was decided. Operators with the skill take turns.
    """
    problem = work.problem
    decided = {(decision.operation, decision.lot) for decision in decisions}
    busy = [timeline.free(machine) for machine in range(len(problem.machines))]
    capacities = [machine.capacity for machine in problem.machines]
    turns: dict[tuple[str, int], Iterator[int]] = {}
    soonest = sorted(work.by_operation, key=lambda number: _due(work, number))
    for number in topological(problem, soonest):
        for piece in (work.pieces[at] for at in work.by_operation.get(number, ())):
            if (number, piece.lot) in decided or not piece.options:
                continue
            _, machine = min((busy[machine] + seconds, machine) for machine, seconds in piece.options.items())
            busy[machine] += -(-piece.options[machine] // capacities[machine])
            operation, operator = problem.operations[number], None
            if operation.skill is not None:
                needed = operation.skill, operation.skill_level
                if needed not in turns:
                    turns[needed] = cycle(problem.operators_by_skill[needed])
                operator = next(turns[needed], None)
            yield Decision(number, machine, operator, piece.lot, piece.share)


def _due(work: Work, number: int) -> float:
    pieces = work.by_operation[number]
    return float(work.due[pieces[0]]) if pieces else 0.0
