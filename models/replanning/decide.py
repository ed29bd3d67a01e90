"""What comes of the runs of a replan: another price, the best plan within the churn budget, put in force or held."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.shop.problem import Level

MOST_TRIES: Final = 3
"""Runs that search; where none keeps the budget one more only has to stay where the plan in force is."""

MOST_PRICE: Final = 1_000_000.0
FIRST_SHARE: Final = 0.5
"""Of the time of a replan with a churn budget, for its first run; each later one has half of what is left, and the last
one all of it."""

LEAST_SHARE: Final = 0.1
"""Less of a replan's time than this is not worth another run."""

LEAST_PRICE: Final = 0.001
"""The least coefficient an objective can have: at it a move only has to gain anything at all."""

STEEPER: Final = 4.0
"""A price that still moves too much is raised by this factor at least."""

SAME: Final = 1e-6
"""Values of a level that differ by less are the same."""

Metrics = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan as it is compared: how many jobs it leaves out, and its metrics (docs/problem.md)."""

    left_out: int
    metrics: Metrics

    @property
    def moves(self) -> int:
        """Operations moved against the plan in force."""
        return round(float(self.metrics["changes"]))

    def levels(self, objective: Sequence[Level]) -> tuple[float, ...]:
        """Jobs left out, then each level of the objective without a price for moves, in hours or counts."""
        return (float(self.left_out), *(_value(level, self.metrics) for level in objective))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"left_out": self.left_out, "metrics": dict(self.metrics)}


@dataclass(frozen=True, slots=True)
class Tried:
    """A run of a replan that ended with a plan, and the price that a move had in it."""

    run_id: str
    price: float
    outcome: Outcome


def outcome_of(result: Mapping[str, Any]) -> Outcome:
    """The outcome in a result document."""
    return Outcome(len(result["unscheduled_jobs"]), result["metrics"])


def without_price(objective: Sequence[Level]) -> tuple[Level, ...]:
    """The objective without what moves cost; a level that is nothing else goes."""
    levels = ({term: factor for term, factor in level.items() if term != "changes"} for level in objective)
    return tuple(level for level in levels if level)


def next_price(
    tries: Sequence[Tried], budget: int | None, before: Outcome | None, objective: Sequence[Level]
) -> float | None:
    """The price at which another run may come closer to the budget; None where there is nothing more to try.

    The second price is what a move of the first run gained on average, times how often the budget goes into its moves:
    few moves gain most. Where that moves too much still, the third is steeper by the same reckoning; where it moves
    less than it may, the geometric mean of both. Where none keeps the budget, but going on as planned does, the last
    price is more than any move can gain.
    """
    if budget is None or before is None or tries[0].outcome.moves <= budget:
        return None
    last, too_many = tries[-1], tries[-1].outcome.moves / max(1, budget)
    if len(tries) >= MOST_TRIES:
        kept = before.moves > budget or any(tried.outcome.moves <= budget for tried in tries)
        price = None if kept else before.levels(objective)[1] + 1
    elif len(tries) == 1:
        gained = before.levels(objective)[1] - last.outcome.levels(objective)[1]
        price = gained / max(1, last.outcome.moves - before.moves) * too_many
    elif too_many > 1:
        price = last.price * STEEPER * too_many
    else:
        price = math.sqrt(tries[0].price * last.price)
    if price is None:
        return None
    price = round(min(max(LEAST_PRICE, price), MOST_PRICE), 3)
    return None if price in {tried.price for tried in tries} else price


def seconds_of(number: int, whole: float, spent: float, budget: int | None) -> float:
    """Seconds for the ``number``-th run that looks for a price (from 1) of a replan that has ``whole`` seconds in all.

    ``spent`` are those given to the runs before. Without a churn budget the first run has all of them.
    """
    left = max(0.0, whole - spent)
    return left if budget is None or number >= MOST_TRIES else left * FIRST_SHARE


def best(tries: Sequence[Tried], budget: int | None, objective: Sequence[Level]) -> Tried:
    """The best plan among those within the budget; the one with the fewest moves where none is."""
    within = [tried for tried in tries if budget is None or tried.outcome.moves <= budget]
    if within:
        return min(within, key=lambda tried: (tried.outcome.levels(objective), tried.outcome.moves))
    return min(tries, key=lambda tried: (tried.outcome.moves, tried.outcome.levels(objective)))


def against(chosen: Outcome, before: Outcome | None, budget: int | None, objective: Sequence[Level]) -> tuple[str, ...]:
    """Why a rule must not put a plan in force, in words; empty where it may.

    It may where the plan is no worse than going on as planned, level by level, and moves no more than the budget.
    """
    reasons = []
    if budget is not None and before is not None and chosen.moves > budget:
        forced = f"; going on as planned moves {before.moves} by itself" if before.moves > budget else ""
        reasons.append(f"it moves {chosen.moves} operations, and at most {budget} may be moved{forced}")
    if before is not None:
        names = ["jobs left out", *(" + ".join(level) for level in objective)]
        pairs = zip(names, chosen.levels(objective), before.levels(objective), strict=True)
        for name, now, then in pairs:
            if now > then + SAME:
                reasons.append(f"its {name} would be {now:,.2f}, and {then:,.2f} where the plan in force goes on")
            if abs(now - then) > SAME:
                break
    return tuple(reasons)


def _value(level: Level, metrics: Metrics) -> float:
    return sum(factor / 1000 * float(metrics[term] or 0) for term, factor in level.items() if term != "changes")
