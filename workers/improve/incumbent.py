"""The best plan so far, shared by everyone who improves it."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.schedule import Decision, Schedule
from workers.engine import Levels

Value = tuple[int, ...]
"""What plans are compared by: the objective levels, then the sum of squared machine ends (seconds), which tells apart
plans that the objective holds equal, so that a search can cross plateaus."""


@dataclass(frozen=True, slots=True)
class Incumbent:
    """A plan as decisions, its value, and the version it has: 1 for the first plan, raised by every better one."""

    version: int
    value: Value
    decisions: tuple[Decision, ...]

    @property
    def levels(self) -> Levels:
        """The value without its last part: the objective levels."""
        return self.value[:-1]


class Board(Protocol):
    """Where the incumbent stands. Any number of improvers use one board at once."""

    def read(self) -> Incumbent | None:
        """The incumbent of now; None where there is none (or it was lost)."""

    def put(self, seen: int, value: Value, decisions: tuple[Decision, ...]) -> bool:
        """Puts a plan in the place of version ``seen``; False where another came first."""

    def claim(self, machines: Collection[int], owner: str, seconds: float) -> bool:
        """Claims all of these machines for ``seconds``, or none: False where another owner holds one of them."""

    def release(self, machines: Collection[int], owner: str) -> None:
        """Gives claims back before they expire."""


class LocalBoard:
    """A board in this process, safe for threads (and, behind a manager, for processes)."""

    def __init__(self, first: Incumbent | None = None) -> None:
        self._best = first
        self._claims: dict[int, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def read(self) -> Incumbent | None:
        """The incumbent of now."""
        return self._best

    def put(self, seen: int, value: Value, decisions: tuple[Decision, ...]) -> bool:
        """Puts a plan in the place of version ``seen`` (0: where there is none yet)."""
        with self._lock:
            if seen != (0 if self._best is None else self._best.version):
                return False
            self._best = Incumbent(seen + 1, value, decisions)
            return True

    def claim(self, machines: Collection[int], owner: str, seconds: float) -> bool:
        """Claims all of these machines, or none."""
        now = time.monotonic()
        with self._lock:
            for machine in machines:
                holder, until = self._claims.get(machine, (owner, 0.0))
                if holder != owner and until > now:
                    return False
            self._claims.update(dict.fromkeys(machines, (owner, now + seconds)))
            return True

    def release(self, machines: Collection[int], owner: str) -> None:
        """Gives claims back."""
        with self._lock:
            for machine in machines:
                if self._claims.get(machine, ("", 0.0))[0] == owner:
                    del self._claims[machine]


def value_of(problem: Problem, schedule: Schedule, calendars: Calendars | None = None) -> Value:
    """The value of a schedule of the whole problem."""
    ends: dict[int, int] = {}
    for row in schedule.assignments:
        ends[row.machine] = max(ends.get(row.machine, 0), row.end)
    return (*evaluate(problem, schedule, None, calendars), sum(end * end for end in ends.values()))
