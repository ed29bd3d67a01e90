"""A plan's decisions, completed by what it does not have yet: new jobs, and work whose machine is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.problem import WHOLE_SHARE, Problem
from models.shop.schedule import Decision
from models.shop.soonest import soonest
from models.shop.timeline import replay


def completed(problem: Problem, standing: Sequence[Decision], calendars: Calendars) -> tuple[Decision, ...]:
    """Decisions on all work of ``problem`` that is not fixed, the ``standing`` ones among them in their order.

    Jobs of which anything is missing are decided anew, one after another, each operation where it ends first beside the
    fixed work alone; they go before the others, behind them, or between them by their times, whichever is best.
    """
    shares: dict[int, int] = defaultdict(int)
    for decision in standing:
        shares[decision.operation] += decision.share
    for work in problem.fixed:
        shares[work.operation] += work.share
    lacking = {operation.job for operation in problem.operations if shares[operation.number] < WHOLE_SHARE}
    if not lacking:
        return tuple(standing)
    jobs = sorted(lacking, key=lambda job: (-problem.jobs[job].weight, problem.jobs[job].due or 0, job))
    kept = [one for one in standing if problem.operations[one.operation].job not in lacking]
    added = soonest(problem, jobs, calendars)
    orders = (tuple(order) for order in _orders(problem, kept, added, calendars))
    return min(orders, key=lambda order: evaluate(problem, replay(problem, order, None, calendars), None, calendars))


def _orders(
    problem: Problem, kept: Sequence[Decision], added: Sequence[Decision], calendars: Calendars
) -> Iterator[Sequence[Decision]]:
    yield [*kept, *added]
    yield [*added, *kept]
    starts: dict[tuple[int, int], int] = {}
    for part in (kept, added):
        schedule = replay(problem, part, None, calendars)
        starts |= {(row.operation, row.lot): row.start for row in schedule.assignments if not row.fixed}
    last = max(starts.values(), default=0)
    yield sorted([*kept, *added], key=lambda one: starts.get((one.operation, one.lot), last))
