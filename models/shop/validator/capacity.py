"""Capacity by a sweep over starts: at no second is more work going on than a machine or operator can take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise

from models.shop.schedule import Assignment
from models.shop.validator.facts import Facts


def check_capacity(facts: Facts, row: Sequence[Assignment], capacity: int, rule: str, who: str) -> None:
    """Report each start in ``row`` (ordered by start) at which more than ``capacity`` operations go on at once."""
    if capacity == 1 and all(a.end <= b.start for a, b in pairwise(row)):
        return
    active: list[Assignment] = []
    for a in row:
        active = [other for other in active if other.end > a.start]
        active.append(a)
        if len(active) > capacity and not _excused(facts, active, capacity, rule):
            names = ", ".join(facts.name(other) for other in active)
            detail = f"{who} {len(active)} operations at {a.start} s but takes {capacity}: {names}."
            facts.ledger.report(rule, detail)


def _excused(facts: Facts, active: Sequence[Assignment], capacity: int, rule: str) -> bool:
    """Whether the listed pairs of fixed work explain the excess: without them no more than ``capacity`` remain.

    A listed pair does not count against each other, so of each pair one is set aside, those in most pairs first.
    Work that could have been planned elsewhere is never excused.
    """
    pairs = [pair for pair in combinations(active, 2) if facts.ledger.excused(rule, *pair)]
    remaining = len(active)
    while pairs:
        most = Counter(a for pair in pairs for a in pair).most_common(1)[0][0]
        pairs = [pair for pair in pairs if most not in pair]
        remaining -= 1
    return remaining <= capacity and all(facts.work(a) is not None for a in active)
