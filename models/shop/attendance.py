"""Operators at work: whom an operation gets, and when they are taken."""

from __future__ import annotations

from collections.abc import Collection

from models.shop.calendar import Calendars
from models.shop.problem import Operation, Problem
from models.shop.resources import Line, Usage

Spot = tuple[int, int, int]
"""(start, end, setup seconds)."""


class Attendance:
    """The time that each operator is bound, and the choice among those who may attend an operation."""

    def __init__(self, problem: Problem, calendars: Calendars) -> None:
        self._problem = problem
        self._calendars = calendars
        self._bound = [Usage(operator.capacity) for operator in problem.operators]
        self._by_skill: dict[tuple[str, int], dict[int, None]] = {}

    def bind(self, operator: int, start: int, end: int) -> None:
        """The operator attends one operation more in [start, end)."""
        self._bound[operator].add(start, end)

    def earliest(
        self,
        operation: Operation,
        machine: int,
        line: Line,
        operator: int | None,
        ready: int,
        seconds: int,
        latest: int,
    ) -> tuple[int, Spot] | None:
        """The operator who lets the operation end first on ``machine`` (or the one named), and its place there.

        Of several who let it end at the same second: the one with the lowest level that will do, then the fewest
        skills, so that the best qualified stay free; then the first.
        """
        assert operation.skill is not None
        able: Collection[int] = self._able(operation.skill, operation.skill_level)
        if operator is not None:
            able = (operator,) if operator in able else ()
        family, interruptible = operation.family_id, operation.interruptible
        soonest = -1
        if len(able) > 1:
            unattended = line.earliest(family, ready, seconds, latest, line.opened, interruptible=interruptible)
            if unattended is None:
                return None
            soonest = unattended[1]
        best: tuple[int, Spot] | None = None
        for candidate in able:
            opened = self._calendars.both(machine, candidate)
            usages = (self._bound[candidate],)
            spot = line.earliest(family, ready, seconds, latest, opened, interruptible=interruptible, usages=usages)
            if spot is not None:
                best = candidate, spot
                if spot[1] == soonest:
                    break
                latest = spot[1] - 1
        return best

    def _able(self, skill: str, level: int) -> dict[int, None]:
        """Who may attend, in the order in which they are asked, as a dictionary: one of 20,000 is found at once."""
        able = self._by_skill.get((skill, level))
        if able is None:
            operators = self._problem.operators
            able = self._by_skill[skill, level] = dict.fromkeys(
                sorted(
                    self._problem.operators_by_skill[skill, level],
                    key=lambda i: (operators[i].skills[skill], len(operators[i].skills), i),
                )
            )
        return able
