"""Aggregation: one valid plan, nothing lost between independent batches, never worse than dispatch."""

from __future__ import annotations

import pytest

from models.shop.objective import evaluate
from models.shop.schedule import Decision
from models.shop.validator import validate
from tests.workers.shops import job, random_shop, shop
from workers.aggregate import aggregate
from workers.dispatch.engine import DispatchEngine
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits, Report, Unwatched
from workers.split import split


def solved(problem, batches):
    engine = DispatchEngine()
    return {batch.number: engine.solve(problem, batch.jobs, Limits.within(20), Unwatched()) for batch in batches}


@pytest.mark.parametrize("seed", range(40))
def test_the_plan_is_valid_and_never_worse_than_dispatch(seed):
    problem = random_shop(seed, jobs=6)
    batches = split(problem, 2)
    plan = aggregate(problem, batches, solved(problem, batches), Limits.within(20))
    assert validate(problem, plan.schedule).violations == ()
    assert plan.levels == evaluate(problem, plan.schedule)
    assert plan.levels <= dispatch_plans(problem, range(6), Limits.within(20)).levels


def test_independent_batches_lose_nothing():
    rows = [job({part: 7 + 3 * at, part + 1: 9}, due=11) for at in range(3) for part in (0, 2, 4)]
    problem = shop(6, rows, objective=({"weighted_tardiness": 1000},))
    batches = split(problem, 3)
    assert all(batch.independent for batch in batches)
    reports = solved(problem, batches)
    alone = [dispatch_plans(problem, batch.jobs, Limits.within(20)).levels[1] for batch in batches]
    plan = aggregate(problem, batches, reports, Limits.within(20))
    assert plan.levels == (0, sum(alone))


def test_jobs_without_a_report_are_planned_by_dispatch():
    problem = shop(2, [job({0: 5, 1: 5})] * 6)
    batches = split(problem, 2)
    reports = solved(problem, batches)
    del reports[1]
    plan = aggregate(problem, batches, reports, Limits.within(20))
    assert plan.replaced == (1,)
    assert plan.schedule.unscheduled == ()
    everything = aggregate(problem, batches, {}, Limits.within(20))
    assert everything.source == "dispatch"
    assert everything.replaced == (0, 1, 2)


def test_an_empty_report_loses_to_dispatch():
    problem = shop(1, [job({0: 5})] * 3)
    batches = split(problem, 3)
    plan = aggregate(problem, batches, {0: Report("cpsat", (), "unknown")}, Limits.within(0))
    assert plan.source == "dispatch"
    assert plan.schedule.unscheduled == ()


def test_a_better_batch_plan_wins_and_is_kept_whole():
    rows = [{"operations": [{"options": {0: seconds, 1: seconds}}]} for seconds in (3, 3, 2, 2, 2)]
    problem = shop(2, rows, objective=({"makespan": 1000},))
    batches = split(problem, 5)
    decisions = [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1)]
    best = Report("exact", tuple(Decision(operation, machine) for operation, machine in decisions), "optimal")
    plan = aggregate(problem, batches, {0: best}, Limits.within(20))
    assert plan.metrics.makespan == 6
    assert plan.source == "start"
