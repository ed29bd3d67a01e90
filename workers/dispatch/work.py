"""The work that dispatch rules choose from: every unfixed operation, or lot of one, as numbers and arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.shop.alone import topological
from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Operation, Problem

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

NO_DUE = 2 * MAX_SECONDS
"""Stands for a due date that no plan can miss."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An operation, or one lot of it, that has to be placed. ``options`` maps machine to its seconds there."""

    number: int
    operation: int
    job: int
    lot: int
    share: int
    options: Mapping[int, int]
    family: str | None


class Work:
    """All pieces of some jobs with what rules look at; arrays are indexed by piece number.

    ``shortest`` is a piece's time on its fastest machine, ``tail`` the longest chain of such times from the piece to
    the end of its job (itself and minimum delays included), ``chain`` the number of operations on the longest such
    chain, ``choices`` how many machines may run it, ``due`` and ``weight`` (thousandths) are its job's.
    ``waits[operation]`` counts the pieces of its predecessors that must be placed before it may be.
    """

    def __init__(self, problem: Problem, jobs: Collection[int], *, cut: bool = False) -> None:
        """Collect the pieces of ``jobs``; ``cut`` cuts operations into as many equal lots as may run together."""
        self.problem = problem
        self.pieces: list[Piece] = []
        self.by_operation: dict[int, list[int]] = {}
        for job in sorted(jobs):
            for number in problem.jobs[job].operations:
                self._add(problem.operations[number], cut)
        self.waits = {
            number: sum(len(self.by_operation.get(before, ())) for before in problem.operations[number].predecessors)
            for number in self.by_operation
        }
        self.routed = any(self.waits.values())
        tails, counts = _chains(problem, jobs)
        owners = [problem.jobs[piece.job] for piece in self.pieces]
        operations = [piece.operation for piece in self.pieces]
        self.shortest: Floats = np.array([min(piece.options.values(), default=1) for piece in self.pieces], float)
        self.tail: Floats = np.array([tails[number] for number in operations], float)
        self.chain: Floats = np.array([counts[number] for number in operations], float)
        self.choices: Floats = np.array([len(piece.options) for piece in self.pieces], float)
        self.due: Floats = np.array([NO_DUE if job.due is None else job.due for job in owners], float)
        self.dated = any(job.due is not None for job in owners)
        self.weight: Floats = np.array([max(job.weight, 1) for job in owners], float)
        self.families = {name: i for i, name in enumerate(sorted({p.family for p in self.pieces if p.family}))}
        self.family: Integers = np.array([self.families.get(p.family or "", -1) for p in self.pieces], int)
        self.mean_setup = _mean_setup(problem)
        self._setups: dict[tuple[str, str], Floats] = {}

    def _add(self, operation: Operation, cut: bool) -> None:
        fixed = self.problem.fixed_by_operation.get(operation.number, ())
        share = WHOLE_SHARE - sum(work.share for work in fixed)
        if share <= 0:
            return
        first = 1 + max((work.lot for work in fixed), default=0)
        # the rest of an operation that is fixed in part stays one lot
        count = _lots(self.problem, operation) if cut and not fixed else 1
        shares = [share // count + (i < share % count) for i in range(count)]
        numbers = self.by_operation[operation.number] = []
        for lot, part in enumerate(shares, start=first):
            number = len(self.pieces)
            options = _options(operation, part)
            numbers.append(number)
            self.pieces.append(Piece(number, operation.number, operation.job, lot, part, options, operation.family_id))

    def setups(self, machine: int, before: str | None) -> Floats | None:
        """Setup seconds on ``machine`` from family ``before`` to each family of ``families``, then 0 for none.

        None where the machine needs no setups or nothing ran before.
        """
        matrix = self.problem.machines[machine].setup_matrix
        if matrix is None or before is None:
            return None
        found = self._setups.get((matrix, before))
        if found is None:
            rows = self.problem.setup_matrices[matrix]
            found = np.array([*(rows.seconds(before, name) for name in self.families), 0], float)
            self._setups[matrix, before] = found
        return found


def _mean_setup(problem: Problem) -> float:
    """The mean of the setup times listed anywhere, in seconds; 0 where there are none."""
    listed = [seconds for matrix in problem.setup_matrices.values() for seconds in matrix.changes.values()]
    return float(np.mean(listed)) if listed else 0.0


def _options(operation: Operation, share: int) -> Mapping[int, int]:
    """Seconds of a lot on each machine where it is long enough to be one."""
    if share == WHOLE_SHARE:
        return operation.options
    times = {machine: -(-seconds * share // WHOLE_SHARE) for machine, seconds in operation.options.items()}
    return {machine: seconds for machine, seconds in times.items() if seconds >= operation.min_lot}


def _lots(problem: Problem, operation: Operation) -> int:
    """Into how many equal lots an operation is cut: as many as may run beside each other, none below ``min_lot``."""
    beside = sum(problem.machines[machine].capacity for machine in operation.options)
    shortest = min(operation.options.values(), default=1)
    return max(1, min(operation.max_lots, beside, shortest // max(1, operation.min_lot)))


def _chains(problem: Problem, jobs: Collection[int]) -> tuple[dict[int, float], dict[int, int]]:
    """For each operation: the longest chain of fastest times, and of operations, from it to the end of its job."""
    tails: dict[int, float] = {}
    counts: dict[int, int] = {}
    for number in reversed(topological(problem, [n for job in jobs for n in problem.jobs[job].operations])):
        own = min(problem.operations[number].options.values(), default=0)
        after = problem.successors[number]
        tails[number] = own + max((tails[s] + problem.operations[s].min_delay for s in after), default=0)
        counts[number] = 1 + max((counts[s] for s in after), default=0)
    return tails, counts
