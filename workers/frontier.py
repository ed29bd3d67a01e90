"""What stability costs: the best plan found for each churn budget, beside the plan in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from models.replanning.decide import Outcome, Tried, best, next_price, outcome_of, without_price
from models.shop.calendar import Calendars
from models.shop.carry import carry
from models.shop.objective import as_document, measure
from models.shop.problem import Level, Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from workers import local

LEAST_PRICE = 0.001
"""The price of the first run: a move has to gain anything at all."""

THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Point:
    """The best plan found within a budget of moves (None: going on with the plan in force); ``levels`` in hours or
    counts, jobs left out first."""

    budget: int | None
    outcome: Outcome
    levels: tuple[float, ...]

    def line(self) -> str:
        """As it is shown."""
        name = "going on as planned" if self.budget is None else f"at most {self.budget} moves"
        values = "  ".join(f"{value:,.2f}" for value in self.levels[1:])
        return f"{name:<22} {self.outcome.moves:>6} moved  {values}"


def frontier(
    problem: Problem,
    schedule: Schedule,
    budgets: Sequence[int],
    *,
    at: int = 0,
    seconds: float = 10.0,
    workers: int = 1,
) -> Iterator[Point]:
    """For each budget the best plan of ``problem`` at second ``at`` that moves no more of ``schedule``.

    First comes what going on with ``schedule`` is worth. A budget that no plan was found for has the plan with the
    fewest moves. Each run takes ``seconds``; there are at most two for a budget, and one for all.
    """
    carried = carry(problem, schedule, now=at)
    todo, start = carried.problem, carried.decisions
    objective = without_price(todo.objective) or todo.objective
    shifted = replay(todo, start, None, calendars := Calendars(todo))
    before = Outcome(len(shifted.unscheduled), as_document(measure(todo, shifted, None, calendars)))
    yield Point(None, before, before.levels(objective))
    tried = [_tried(todo, objective, start, LEAST_PRICE, seconds, workers)]
    for budget in sorted(budgets, reverse=True):
        own = [tried[0]]
        while (price := next_price(own, budget, before, objective)) is not None:
            own.append(_tried(todo, objective, start, price, seconds, workers))
        tried += own[1:]
    tried.append(Tried("", 0.0, before))
    for budget in sorted(budgets):
        chosen = best(tried, budget, objective).outcome
        yield Point(budget, chosen, chosen.levels(objective))


def _tried(
    problem: Problem,
    objective: Sequence[Level],
    start: Sequence[Decision],
    price: float,
    seconds: float,
    workers: int,
) -> Tried:
    """One run in which every move costs ``price`` hours (or counts) of the first level."""
    first = {**objective[0], "changes": round(price * THOUSAND)}
    priced = replace(problem, objective=(first, *objective[1:]))
    return Tried("", price, outcome_of(local.solve(priced, seconds=seconds, workers=workers, start=start)))
