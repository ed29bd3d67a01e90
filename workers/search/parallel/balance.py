"""Plans of the least makespan where rows need no order: machines' loads, and how operations are cut to level them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from models.shop.problem import Problem
from workers.search.parallel.fractions import spread
from workers.search.parallel.loads import descend, level
from workers.search.parallel.lots import Leveller, Places, as_cuts, lot_loads, merged
from workers.search.parallel.pieces import Cuts, Pieces
from workers.search.parallel.state import FIRST, LAST, ON, TAKES, Integers, State

POWERS = (2.0, 6.0, 20.0, 60.0, 200.0, 600.0)
"""Powers of the descent."""

SWEEPS = 3
"""Rounds over all pieces for each power at most."""

LEVELLINGS = 300
"""Rounds of shifting shares at most."""


class Loads:
    """Loads of all machines while they are balanced. ``option``: of each piece; ``load``: seconds of each machine."""

    def __init__(self, s: State, option: Integers) -> None:
        self._s = s
        self.option = option.copy()
        self.load = np.zeros(len(s.machines), np.int64)
        chosen = self.option[self.option >= 0]
        np.add.at(self.load, s.options[chosen, ON], s.options[chosen, TAKES])
        self._list()

    def descend(self, power: float) -> bool:
        """One round over all pieces; whether any changed its machine."""
        scale = float(max(1, self.load.max(initial=1)))
        changed = descend(self._s, self.load, self.option, power, scale)
        return changed > 0

    def spread(self) -> None:
        """Gives all pieces machines, from any loads."""
        for power in POWERS:
            for _ in range(SWEEPS):
                if not self.descend(power):
                    break
        self._list()

    def level(self, tries: int) -> int:
        """Empties the fullest machines by ``tries`` random moves; the makespan."""
        return level(self._s, self.load, self.option, self._held, self._at, self._table, 0, tries)

    def _list(self) -> None:
        """Makes each machine's list of pieces, with room for as many as may ever come."""
        s = self._s
        planned = np.flatnonzero(self.option >= 0)
        machine = s.options[self.option[planned], ON]
        count = np.bincount(machine, minlength=len(s.machines)).astype(np.int64)
        room = 2 * count + 64
        first = np.cumsum(room) - room
        self._table = np.column_stack((first, count, room))
        self._held = np.zeros(int(room.sum()), np.int64)
        self._at = np.zeros(len(self.option), np.int64)
        order = planned[np.argsort(machine, kind="stable")]
        places = np.repeat(first - (np.cumsum(count) - count), count) + np.arange(len(order))
        self._held[places] = order
        self._at[order] = places


def best_cuts(problem: Problem, jobs: Collection[int], seconds: float) -> tuple[Cuts, Places] | None:
    """How to cut operations for the least makespan, and the machine of each (operation, lot); None without an answer.

    From the assignment LP, then levelled. ``seconds`` bounds the LP.
    """
    operations = [problem.operations[number] for index in jobs for number in problem.jobs[index].operations]
    assigned = spread(operations, seconds)
    if assigned is None:
        return None
    leveller = Leveller(problem, jobs, assigned, lot_loads(problem, assigned))
    leveller.run(LEVELLINGS)
    return as_cuts(leveller.assigned)


def relevelled(problem: Problem, jobs: Collection[int], pieces: Pieces, option: Integers) -> tuple[Cuts, Places]:
    """The cuts and machines of a plan once shares are shifted to level its loads."""
    places = list(zip(pieces.operation, pieces.lot, strict=True))
    machines = dict(zip(places, pieces.options[option, ON].tolist(), strict=True))
    assigned = merged(dict(zip(places, pieces.share, strict=True)), machines)
    leveller = Leveller(problem, jobs, assigned, lot_loads(problem, assigned))
    leveller.run(LEVELLINGS)
    return as_cuts(leveller.assigned)


def options_on(pieces: Pieces, machines: Places) -> Integers:
    """The option of each piece on the machine of its (operation, lot), -1 where it has none there."""
    found = np.full(len(pieces.facts), -1, np.int64)
    for j, place in enumerate(zip(pieces.operation, pieces.lot, strict=True)):
        first, last = pieces.facts[j, FIRST], pieces.facts[j, LAST]
        at = first + int(np.searchsorted(pieces.options[first:last, ON], machines[place]))
        if at < last and pieces.options[at, ON] == machines[place]:
            found[j] = at
    return found
