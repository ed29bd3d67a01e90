"""What seconds of a plan are spent on. Every stretch of time is divided into kinds whose seconds add up to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from models.shop.calendar import Calendars, CalendarSource
from models.shop.open_time import OpenTime
from models.shop.problem import Problem

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "processing": "an operation makes progress",
        "setup": "the machine is set up from one family to the next",
        "calendar": "the machine's calendar is closed",
        "closure": "the machine's own closure, in open time of its calendar",
        "operator_away": "the machine is open, the operator is not there",
        "delay": "the minimum delay after a predecessor (elapsed time)",
        "no_fit": "open, but too short before the next closing for an operation that may not be interrupted",
        "idle": "nothing holds the operation; the plan starts it later all the same",
    }
)
"""What seconds can be spent on, in the order in which they are told."""

Spent = Mapping[str, int]
"""Kind -> seconds; kinds of 0 seconds are left out."""


class Clock:
    """Divides stretches of time into kinds, by the open time of machines and operators."""

    def __init__(self, problem: Problem, calendars: Calendars) -> None:
        self._problem, self._calendars = problem, calendars
        self._by_name: dict[str, OpenTime] = {}

    def spent(self, kind: str, machine: int, operator: int | None, first: int, last: int) -> Spent:
        """[first, last): its open seconds as ``kind``, the others by what is closed.

        Open is when machine and operator (if any) both are. What several close counts for the first of: calendar, own
        closure, operator.
        """
        at_all = self._by_calendar(machine).between(first, last)
        of_machine = self._calendars.machine(machine).between(first, last)
        of_both = self._calendars.both(machine, operator).between(first, last)
        found = {
            kind: of_both,
            "calendar": last - first - at_all,
            "closure": at_all - of_machine,
            "operator_away": of_machine - of_both,
        }
        return {name: seconds for name, seconds in found.items() if seconds}

    def _by_calendar(self, machine: int) -> OpenTime:
        """The open time of the machine's calendar, without the machine's own closures."""
        owner = self._problem.machines[machine]
        if not owner.closed:
            return self._calendars.machine(machine)
        name = owner.calendar
        if name is None:
            return OpenTime()
        if name not in self._by_name:
            source = CalendarSource(self._problem.calendars[name], self._problem.zone, self._problem.epoch)
            self._by_name[name] = OpenTime(None if source.always else source, source.settled)
        return self._by_name[name]


def added(*rows: Spent) -> dict[str, int]:
    """The seconds of several, kind by kind, in the order of KINDS."""
    return {kind: total for kind in KINDS if (total := sum(row.get(kind, 0) for row in rows))}
