"""Cutting operations into lots: into equal ones to begin with, then shares that level the machines' loads.

Shares are whole millionths; a lot's time on a machine is its share of the operation's time there, rounded up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from models.shop.fixed_work import lot_seconds
from models.shop.problem import WHOLE_SHARE, Operation, Problem

NEARLY = 0.9
"""Machines with this share of the greatest load hand work on, so that others can hand theirs to them."""

WORTH = 5
"""Seconds that a shift has to bring."""

Places = dict[tuple[int, int], int]
"""(operation number, lot) -> machine."""

Assigned = Mapping[int, Mapping[int, int]]
"""Operation number -> machine -> the share that runs there; one lot a machine."""


def cuttable(problem: Problem, jobs: Collection[int]) -> list[Operation]:
    """The operations of ``jobs`` that may be cut and of which nothing is fixed."""
    return [
        operation
        for index in jobs
        for number in problem.jobs[index].operations
        if (operation := problem.operations[number]).max_lots > 1 and number not in problem.fixed_by_operation
    ]


def equal_cuts(problem: Problem, jobs: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Each operation in as many equal lots as it has machines for, none too short on its fastest machine."""
    cuts: dict[int, tuple[int, ...]] = {}
    for operation in cuttable(problem, jobs):
        fastest = min(operation.options.values())
        count = min(operation.max_lots, len(operation.options), fastest // max(1, operation.min_lot))
        if count > 1:
            share, left = divmod(WHOLE_SHARE, count)
            cuts[operation.number] = (*[share + 1] * left, *[share] * (count - left))
    return cuts


def merged(shares: Mapping[tuple[int, int], int], machines: Mapping[tuple[int, int], int]) -> dict[int, dict[int, int]]:
    """Lots of an operation on one machine as one lot. The share and the machine of each (operation, lot) are given."""
    found: dict[int, dict[int, int]] = {}
    for (number, lot), machine in machines.items():
        parts = found.setdefault(number, {})
        parts[machine] = parts.get(machine, 0) + shares[number, lot]
    return found


def lot_loads(problem: Problem, assigned: Assigned) -> list[int]:
    """The seconds of work on each machine."""
    loads = [0] * len(problem.machines)
    for number, parts in assigned.items():
        for machine, share in parts.items():
            loads[machine] += lot_seconds(problem.operations[number].options[machine], share)
    return loads


def as_cuts(assigned: Assigned) -> tuple[dict[int, tuple[int, ...]], Places]:
    """(cuts, machine of each (operation, lot)): lots numbered in order of machines; what is in one piece is not cut."""
    cuts: dict[int, tuple[int, ...]] = {}
    machines: Places = {}
    for number, parts in assigned.items():
        rows = sorted(parts.items())
        if len(rows) > 1:
            cuts[number] = tuple(share for _, share in rows)
        machines |= {(number, lot): machine for lot, (machine, _) in enumerate(rows, start=1)}
    return cuts, machines


@dataclass(frozen=True, slots=True)
class _Shift:
    """Moves ``share`` of an operation off a full machine to ``machine``; ``peak``: the greater load of the two then."""

    peak: int
    operation: int
    machine: int
    share: int


class Leveller:
    """Shifts shares of operations from full machines to others until that makes them no emptier.

    ``load`` is the seconds of each machine, everything included.
    """

    def __init__(self, problem: Problem, jobs: Collection[int], assigned: Assigned, load: list[int]) -> None:
        self.load = list(load)
        self.assigned = {number: dict(parts) for number, parts in assigned.items()}
        self._operations = {operation.number: operation for operation in cuttable(problem, jobs)}
        self._on: list[set[int]] = [set() for _ in problem.machines]
        for number in self._operations:
            for machine in self.assigned.get(number, ()):
                self._on[machine].add(number)

    def run(self, rounds: int) -> int:
        """Up to ``rounds`` times a shift from each machine that is nearly as full as the fullest; the greatest load."""
        for _ in range(rounds):
            limit = NEARLY * max(self.load, default=0)
            full = [machine for machine, load in enumerate(self.load) if load > limit]
            relieved = sum(self._relieve(machine) for machine in sorted(full, key=lambda m: -self.load[m]))
            if not relieved:
                break
        return max(self.load, default=0)

    def _relieve(self, machine: int) -> bool:
        """The best shift from a machine, if one makes the fuller of the two machines emptier."""
        best = min(self._shifts(machine), key=lambda shift: shift.peak, default=None)
        if best is None or best.peak + WORTH >= self.load[machine]:
            return False
        self._apply(machine, best)
        return True

    def _shifts(self, top: int) -> list[_Shift]:
        return [
            shift
            for number in sorted(self._on[top])
            for machine in self._operations[number].options
            if machine != top and (shift := self._shift(number, top, machine)) is not None
        ]

    def _shift(self, number: int, top: int, machine: int) -> _Shift | None:
        """The shift that levels two machines as well as the shortest lots allow it; None where they do not."""
        operation, parts = self._operations[number], self.assigned[number]
        out, into = operation.options[top], operation.options[machine]
        ours, theirs = parts[top], parts.get(machine, 0)
        wanted = (self.load[top] - self.load[machine]) * WHOLE_SHARE // (out + into)
        most = ours - _least(operation, out)
        least = max(0, _least(operation, into) - theirs)
        whole = wanted >= ours or most < least
        share = ours if whole else min(max(wanted, least), most)
        alone = theirs + share == WHOLE_SHARE
        if share <= 0 or (share < least and not alone):
            return None
        if len(parts) + (theirs == 0) - whole > operation.max_lots:
            return None
        left = self.load[top] - lot_seconds(out, ours) + lot_seconds(out, ours - share)
        peak = self.load[machine] - lot_seconds(into, theirs) + lot_seconds(into, theirs + share)
        return _Shift(max(left, peak), number, machine, share)

    def _apply(self, top: int, shift: _Shift) -> None:
        operation, parts = self._operations[shift.operation], self.assigned[shift.operation]
        for machine, share in ((top, -shift.share), (shift.machine, shift.share)):
            seconds, before = operation.options[machine], parts.get(machine, 0)
            self.load[machine] += lot_seconds(seconds, before + share) - lot_seconds(seconds, before)
            parts[machine] = before + share
        self._on[shift.machine].add(shift.operation)
        if parts[top] == 0:
            del parts[top]
            self._on[top].discard(shift.operation)


def _least(operation: Operation, seconds: int) -> int:
    """The least share that makes a lot long enough on a machine where the whole operation takes ``seconds``."""
    return -(-operation.min_lot * WHOLE_SHARE // seconds)
