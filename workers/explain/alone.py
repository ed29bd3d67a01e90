"""Which rules keep a job out even alone in the shop: the smallest set that conflicts, and the smallest that helps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

from models.shop.problem import Problem
from models.shop.timeline import Timeline
from models.shop.unscheduled import Failure, Reasons
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits
from workers.explain.rules import bearing, excerpt, without

Verdict = Literal["fits", "proved", "not found"]
"""A job alone in the shop has a place; is proved to have none; or none was found, and nothing is proved."""

MOST_RULES = 7
"""Up to so many rules every subset is looked at; with more the smallest set is looked for by leaving out one by one."""

SEARCH_SECONDS = 0.05

UNPROVED = Failure("", "")


@dataclass(frozen=True, slots=True)
class Alone:
    """Why a job has no place even alone in the shop; see ``conflicts.Conflict``, which this becomes.

    ``rules`` keep it out with no other rule beside them, and none of them could be left out; empty where it has no
    place without any rule that has a name. ``remedy`` is a smallest set of rules without which it has a place.
    """

    rules: tuple[str, ...]
    remedy: tuple[str, ...]
    proved: bool
    smallest: bool


class JobAlone:
    """One job alone with the fixed work, under any of the rules that bear on it."""

    def __init__(self, problem: Problem, job: int) -> None:
        self._problem, self._job = excerpt(problem, job)
        self.rules = tuple(bearing(self._problem, [self._job]))
        self._known: dict[frozenset[str], Verdict] = {}

    @property
    def fits(self) -> bool:
        """Whether the job has a place under all rules."""
        return self.under(self.rules) == "fits"

    def under(self, rules: Collection[str]) -> Verdict:
        """Whether the job has a place with ``rules`` kept and the others dropped."""
        kept = frozenset(rules)
        if kept not in self._known:
            self._known[kept] = self._verdict(kept)
        return self._known[kept]

    def _verdict(self, kept: frozenset[str]) -> Verdict:
        dropped = [rule for rule in self.rules if rule not in kept]
        # Setups need time, but what runs between may make them shorter: nothing is proved with them.
        easier = without(self._problem, [*dropped, "setup"])
        if Reasons(Timeline(easier)).why(self._job, UNPROVED).reason:
            return "proved"
        plan = dispatch_plans(without(self._problem, dropped), [self._job], Limits.within(SEARCH_SECONDS))
        return "not found" if plan.schedule.unscheduled else "fits"

    @cached_property
    def conflict(self) -> Alone:
        """Why the job does not fit; to be asked only where it does not."""
        few = len(self.rules) <= MOST_RULES
        rules = self._first_that(lambda kept: self.under(kept) != "fits") if few else self._reduced()
        remedy = () if self.under(()) != "fits" else self._first_that(self._helps) if few else rules
        return Alone(rules, remedy, self.under(rules) == "proved", few)

    def _helps(self, dropped: Collection[str]) -> bool:
        return self.under([rule for rule in self.rules if rule not in dropped]) == "fits"

    def _first_that(self, holds: Callable[[Collection[str]], bool]) -> tuple[str, ...]:
        return next(subset for subset in _subsets(self.rules) if holds(subset))

    def _reduced(self) -> tuple[str, ...]:
        """All rules, less each without which the rest still conflicts (a deletion filter)."""
        kept = list(self.rules)
        for rule in self.rules:
            fewer = [one for one in kept if one != rule]
            if self.under(fewer) != "fits":
                kept = fewer
        return tuple(kept)


def _subsets(rules: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All subsets, the smallest first."""
    for size in range(len(rules) + 1):
        yield from combinations(rules, size)
