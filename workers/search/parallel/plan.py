"""Decisions as options and ranks of pieces, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from models.shop.problem import WHOLE_SHARE, Problem
from models.shop.schedule import Decision
from workers.search.parallel.pieces import Cuts, Pieces
from workers.search.parallel.state import END, FIRST, LAST, MACHINE, NOWHERE, ON, OPTION, Integers


def ranked(problem: Problem, pieces: Pieces, decisions: Sequence[Decision]) -> tuple[Integers, Integers]:
    """(option, rank) of each piece as decided; NOWHERE for what is not, or not where it may run.

    Of an operation that is fixed in part every decision means the rest.
    """
    number = {place: j for j, place in enumerate(zip(pieces.operation, pieces.lot, strict=True))}
    rest = {operation: j for j, operation in enumerate(pieces.operation) if operation in problem.fixed_by_operation}
    option, rank = np.full(len(number), NOWHERE, np.int64), np.zeros(len(number), np.int64)
    for at, decision in enumerate(decisions):
        j = rest.get(decision.operation, number.get((decision.operation, decision.lot), -1))
        if j >= 0 and option[j] < 0:
            low, high = pieces.facts[j, [FIRST, LAST]].tolist()
            o = low + int(np.searchsorted(pieces.options[low:high, ON], decision.machine))
            if o < high and pieces.options[o, ON] == decision.machine:
                option[j], rank[j] = o, at
    return option, rank


def in_order_of_ends(pieces: Pieces, now: Integers) -> tuple[Decision, ...]:
    """The decisions of a plan (``State.now``); the timeline replays them to the search's own times."""
    planned = np.flatnonzero(now[:, OPTION] >= 0)
    ordered = planned[np.lexsort((planned, now[planned, END]))]
    machines = now[ordered, MACHINE].tolist()
    return tuple(
        Decision(pieces.operation[j], machine, None, pieces.lot[j], pieces.share[j])
        for j, machine in zip(ordered.tolist(), machines, strict=True)
    )


def cuts_in(problem: Problem, pieces: Pieces) -> dict[int, tuple[int, ...]]:
    """How the pieces cut operations; what is left of one that is fixed in part is no cut."""
    found: dict[int, tuple[int, ...]] = {}
    for number, share in zip(pieces.operation, pieces.share, strict=True):
        if share != WHOLE_SHARE and number not in problem.fixed_by_operation:
            found[number] = (*found.get(number, ()), share)
    return found


def cuts_of(problem: Problem, decisions: Iterable[Decision]) -> Cuts:
    """How decisions cut operations; what they cut in no valid way stays whole."""
    lots: dict[int, dict[int, int]] = {}
    for decision in decisions:
        if decision.share != WHOLE_SHARE:
            lots.setdefault(decision.operation, {})[decision.lot] = decision.share
    return {
        number: tuple(shares[lot] for lot in sorted(shares))
        for number, shares in lots.items()
        if sum(shares.values()) == WHOLE_SHARE
        and sorted(shares) == list(range(1, len(shares) + 1))
        and number not in problem.fixed_by_operation
    }
