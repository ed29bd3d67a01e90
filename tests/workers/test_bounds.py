"""Bounds: never above the best plan of small shops tried out in full, and tight where they can be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from models.shop.alone import earliest_ends
from models.shop.calendar import Calendars, OpenTime
from models.shop.objective import LEVEL_UNIT, evaluate, measure
from models.shop.parse import parse
from models.shop.problem import MAX_TERMS, SUM_TERMS, TERMS, Calendar, Machine, Problem, Span, Window
from models.shop.relax import relaxed
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from tests.strategies import problems
from tests.workers.shops import HOUR, job, random_shop, shop
from workers.bounds import UNSCHEDULED, level_bounds, lower_bounds
from workers.bounds.assignment import _duals, _prices
from workers.bounds.capacity import Capacity
from workers.bounds.items import safe_jobs
from workers.bounds.market import market
from workers.bounds.pool import Pool, completions, jackson, tardiness
from workers.bounds.work import table
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits, Report
from workers.split import split

MOST_PLANS = 4000


def plans(problem: Problem) -> Iterator[Schedule]:
    """Every order of the operations on every choice of machines."""
    calendars = Calendars(problem)
    numbers = [o.number for o in problem.operations if o.number not in problem.fixed_by_operation]
    for order in permutations(numbers):
        place = {number: at for at, number in enumerate(order)}
        if any(place.get(b, -1) > place[n] for n in numbers for b in problem.operations[n].predecessors):
            continue
        for machines in product(*(problem.operations[number].options for number in order)):
            decisions = [Decision(number, machine) for number, machine in zip(order, machines, strict=True)]
            yield replay(problem, decisions, None, calendars)


def few_plans(problem: Problem) -> bool:
    count = 1
    for at, operation in enumerate(problem.operations, start=1):
        count *= at * len(operation.options)
    return count <= 4 * MOST_PLANS


SMALL = [seed for seed in range(400) if few_plans(random_shop(seed, jobs=3, machines=2))][:50]


@pytest.mark.parametrize("seed", SMALL)
def test_no_bound_exceeds_the_best_plan(seed):
    problem = random_shop(seed, jobs=3, machines=2)
    found = [measure(problem, schedule) for schedule in plans(problem)]
    bounds = lower_bounds(problem)
    least = min(metrics.unscheduled_weight for metrics in found)
    assert bounds[UNSCHEDULED].value <= least
    complete = [metrics for metrics in found if metrics.unscheduled_weight == least]
    for term in TERMS:
        assert bounds[term].value <= min(getattr(metrics, term) for metrics in complete), term


@pytest.mark.parametrize("seed", SMALL[:10])
@pytest.mark.parametrize(
    "objective",
    [
        ({"weighted_tardiness": 1000}, {"makespan": 1000}),
        ({"makespan": 1000, "total_flow_time": 100},),
        ({"max_tardiness": 500}, {"tardy_jobs": 1000, "changes": 1000}),
    ],
)
def test_no_level_bound_exceeds_the_best_plan(seed, objective):
    problem = random_shop(seed, jobs=3, machines=2, objective=objective)
    best = min(evaluate(problem, schedule) for schedule in plans(problem))
    bounds = level_bounds(problem, split(problem, 170), {}, lower_bounds(problem))
    assert all(bound.value <= value for bound, value in zip(bounds, best, strict=True))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems())
def test_no_dispatch_plan_undercuts_a_bound(document):
    problem = relaxed(parse(document))
    calendars = Calendars(problem)
    plan = dispatch_plans(problem, range(len(problem.jobs)), Limits.within(10), calendars)
    bounds = lower_bounds(problem, calendars)
    metrics = measure(problem, plan.schedule, None, calendars)
    assert bounds[UNSCHEDULED].value <= metrics.unscheduled_weight
    safe = set(safe_jobs(problem, calendars, earliest_ends(problem, calendars)))
    left_out = {entry.job for entry in plan.schedule.unscheduled}
    assert not safe & left_out
    for term in TERMS:
        assert bounds[term].value <= getattr(metrics, term), term


def test_makespan_bounds_by_name():
    def bound(problem):
        found = lower_bounds(problem)["makespan"]
        return found.value, found.proved_by

    assert bound(shop(2, [job({0: 5}, {1: 6}), job({1: 3})])) == (11, "longest_job")
    assert bound(shop(2, [job({0: 5}), job({0: 6}), job({0: 7}, {1: 2})])) == (18, "one_machine")
    assert bound(shop(2, [job({0: 10, 1: 10})] * 3 + [job({0: 1, 1: 1})]))[0] == 16
    # the LP alone promises 12; but whatever ends before 16 has to run on the fast machine, and three of it do not fit
    assert bound(shop(2, [job({0: 8, 1: 16})] * 3))[0] == 16


def test_the_assignment_lp_sees_which_machines_are_needed():
    rows = [job({0: 60, 1: 60})] * 6 + [job({1: 60, 2: 60})] * 2 + [job({0: 60})] * 2 + [job({2: 1})]
    # the last machine can take two of the ten, so that the first two have 480 seconds to share
    found = lower_bounds(shop(3, rows))["makespan"]
    assert (found.value, found.proved_by) == (240, "assignment_lp")
    assert lower_bounds(shop(3, rows), seconds=0)["makespan"].value == 201


def test_capacity_through_calendars():
    eight_to_four = Calendar("day", weekly=(Window(frozenset(range(7)), 8 * HOUR, 16 * HOUR),))
    machines = [Machine(f"M{number}", calendar="day") for number in range(2)]
    problem = shop(machines, [job({0: 6 * HOUR, 1: 6 * HOUR})] * 4, calendars={"day": eight_to_four})
    assert lower_bounds(problem)["makespan"].value == 24 * HOUR + 12 * HOUR


def test_a_makespan_rounds_up_to_whole_steps_where_nothing_ever_closes():
    assert lower_bounds(shop(2, [job({0: 60, 1: 60})] * 3))["makespan"].value == 120
    assert lower_bounds(shop(2, [job({0: 60, 1: 60})] * 3 + [job({0: 7})]))["makespan"].value == 94
    closed = [Machine("M0"), Machine("M1", closed=(Span(500, 507),))]
    assert lower_bounds(shop(closed, [job({0: 60, 1: 60})] * 3))["makespan"].value == 90


def test_tardiness_counts_the_queue():
    rows = [job({0: 10}, due=10, weight=1000)] * 4
    found = lower_bounds(shop(1, rows))
    assert found["total_tardiness"].value == 0 + 10 + 20 + 30
    assert found["weighted_tardiness"].value == 60_000
    assert found["max_tardiness"].value == 30
    assert found["total_flow_time"].value == 10 + 20 + 30 + 40


def test_jobs_that_may_be_left_out_do_not_count():
    rows = [job({0: 10}), job({0: 500}, due=5000, due_hard=True, weight=7000), job({0: 500}, due=20, due_hard=True)]
    found = lower_bounds(shop(1, rows))
    assert found["makespan"].value == 10
    assert found[UNSCHEDULED].value == 3000


def test_open_time_that_runs_out_makes_a_job_unsafe():
    only_extra = Calendar("extra", weekly=(), extra=(Span(0, 100),))
    problem = shop([Machine("M", calendar="extra")], [job({0: 60})] * 2, calendars={"extra": only_extra})
    assert lower_bounds(problem)["makespan"].value == 0


def report(problem, batch, bounds):
    operations = [number for index in batch.jobs for number in problem.jobs[index].operations]
    decisions = tuple(Decision(n, min(problem.operations[n].options)) for n in operations)
    return Report("cpsat", decisions, "optimal", bounds=bounds)


def test_bounds_of_independent_batches_add_up():
    problem = shop(2, [job({0: 10}, due=5), job({0: 10}, due=5), job({1: 7}, due=5), job({1: 9}, due=5)])
    batches = split(problem, 2)
    reports = {
        batch.number: report(
            problem,
            batch,
            evaluate(problem, replay(problem, report(problem, batch, ()).decisions, batch.jobs), batch.jobs),
        )
        for batch in batches
    }
    trivial = {term: replace(bound, value=0) for term, bound in lower_bounds(problem).items()}
    found = level_bounds(problem, batches, reports, trivial)
    sums = [reports[number].bounds for number in (0, 1)]
    assert found[1].value == sums[0][1] + sums[1][1]
    assert found[2].value == max(sums[0][2], sums[1][2])
    assert found[1].proved_by == "cpsat"


def test_bounds_after_a_maximum_do_not_count_for_several_batches():
    problem = shop(
        2, [job({0: 10}, due=5), job({1: 7}, due=5)], objective=({"makespan": 1000}, {"total_tardiness": 1000})
    )
    batches = split(problem, 1)
    huge = 9 * LEVEL_UNIT
    bounds = {0: (0, 10 * 1_000_000, huge), 1: (0, 7 * 1_000_000, huge)}
    reports = {batch.number: report(problem, batch, bounds[batch.number]) for batch in batches}
    found = level_bounds(problem, batches, reports, lower_bounds(problem))
    assert found[1].value == 10 * 1_000_000
    assert found[2].value < huge


def test_an_independent_batch_counts_beside_batches_that_share_machines():
    problem = shop(2, [job({0: 10}, due=5), job({0: 10}, due=6), job({1: 90}, due=7)])
    batches = split(problem, 1)
    assert [batch.independent for batch in batches] == [False, False, True]
    reports = {batch.number: report(problem, batch, (0, 10**15, None)) for batch in batches}
    assert level_bounds(problem, batches, reports, lower_bounds(problem))[1].value == 10**15


def test_bounds_of_batches_that_share_machines_do_not_count():
    problem = shop(1, [job({0: 10}, due=5)] * 2)
    batches = split(problem, 1)
    reports = {batch.number: report(problem, batch, (0, 10**15, 10**15)) for batch in batches}
    found = level_bounds(problem, batches, reports, lower_bounds(problem))
    assert all(bound.value < 10**15 for bound in found)


def test_a_later_level_counts_only_once_the_earlier_ones_are_proved():
    problem = shop(1, [job({0: 10}, due=5)] * 2)
    batch = split(problem, 2)
    value = evaluate(problem, replay(problem, report(problem, batch[0], ()).decisions, (0, 1)), (0, 1))
    proved = {0: report(problem, batch[0], (value[0], value[1], 10**15))}
    assert level_bounds(problem, batch, proved, lower_bounds(problem))[2].value == 10**15
    unproved = {0: report(problem, batch[0], (value[0], value[1] - 1, 10**15))}
    assert level_bounds(problem, batch, unproved, lower_bounds(problem))[2].value < 10**15


def rows(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_relaxations_by_hand():
    pool = Pool([(OpenTime(), 1)])
    assert jackson(pool, rows(0, 2, 0), rows(4, 3, 5), rows(6, 9, 0)) == 14
    assert jackson(pool, rows(0, 0), rows(4, 5), rows(6, 9)) == 15
    assert completions(pool, rows(0, 1, 0), rows(5, 2, 9)).tolist() == [3, 7, 16]
    assert tardiness(rows(5, 10), rows(0, 0), rows(5, 5), rows(1, 3)) == 5
    assert completions(Pool([(OpenTime(), 2), (OpenTime(), 1)]), rows(0, 0), rows(6, 3)).tolist() == [1, 3]


def test_flow_time_may_fall_below_zero_where_the_release_is_overruled():
    rows = [job({0: 10}, release=1000), {"operations": [{"options": {0: 10}, "end_before": 500}], "release": 400}]
    assert lower_bounds(shop(1, rows))["total_flow_time"].value == (10 - 1000) + (10 - 400)


def test_every_term_has_a_bound():
    assert set(lower_bounds(shop(1, [job({0: 1})]))) == {UNSCHEDULED, *MAX_TERMS, *SUM_TERMS}
    assert all(bound.value == 0 for bound in lower_bounds(shop(1, [])).values())


def spread(count: int, machines: int, seed: int) -> Problem:
    """Jobs of heavy-tailed lengths on random neighbours among machines of unlike speed and load."""
    draw = np.random.default_rng(seed)
    speeds = draw.uniform(0.8, 1.2, machines)
    made = []
    for length in draw.lognormal(9, 1.2, count):
        first, width = int(machines * draw.random() ** 2), int(draw.integers(1, 8))
        where = {(first + step) % machines for step in range(width)}
        made.append(job({m: max(1, int(length * speeds[m])) for m in where}, due=int(60_000 * draw.random())))
    return shop(machines, made)


def test_prices_come_close_to_the_assignment_lp():
    problem = spread(400, 12, 1)
    machines = {m: (OpenTime(), 1) for m in range(12)}
    zeros = [0] * len(problem.jobs)
    capacity = Capacity(table(problem.operations, zeros, zeros), machines)
    floor = capacity.least(capacity.speeds(), capacity.floor())
    never = time.monotonic() + 60
    by_lp = capacity.least(_duals(capacity, floor, never), floor)
    by_prices = capacity.least(_prices(capacity, floor, never), floor)
    assert floor < 0.99 * by_lp
    assert 0.997 * by_lp < by_prices <= by_lp


def test_prices_for_time_beat_the_queue_where_work_is_long():
    problem = spread(120, 4, 2)
    calendars = Calendars(problem)
    plan = dispatch_plans(problem, range(len(problem.jobs)), Limits.within(2), calendars)
    value = measure(problem, plan.schedule, None, calendars).weighted_tardiness
    found = lower_bounds(problem, calendars)["weighted_tardiness"]
    assert "time_indexed" in found.proved_by
    assert 0.5 * value < found.value <= value


def test_prices_of_machines_tell_more_than_those_of_a_pool():
    problem = spread(60, 6, 3)
    machines = {m: (OpenTime(), 1) for m in range(6)}
    zeros = [0] * len(problem.jobs)
    never = time.monotonic() + 60
    one = market(problem, table(problem.operations, zeros, zeros), "weighted_tardiness", machines, never)
    assert one is not None
    pooled = one.value
    one.refine(never)
    plan = dispatch_plans(problem, range(len(problem.jobs)), Limits.within(2), Calendars(problem))
    assert 1.02 * pooled < one.value <= measure(problem, plan.schedule).weighted_tardiness


@pytest.mark.parametrize("seed", range(12))
def test_time_indexed_bounds_stay_below_the_best_order(seed):
    draw = np.random.default_rng(seed)
    made = [
        job({0: int(draw.integers(1, 30))}, due=int(draw.integers(1, 60)), weight=int(draw.integers(1, 9)) * 1000)
        for _ in range(6)
    ]
    problem = shop(1, made)
    best = min(measure(problem, schedule).weighted_tardiness for schedule in plans(problem))
    assert 0.5 * best <= lower_bounds(problem)["weighted_tardiness"].value <= best


@pytest.mark.parametrize("seed", range(12))
def test_prices_of_machines_stay_below_the_best_assignment(seed):
    draw = np.random.default_rng(seed)
    times = draw.integers(1, 30, (6, 2)).tolist()
    due, weight = draw.integers(1, 60, 6).tolist(), (1000 * draw.integers(1, 9, 6)).tolist()
    made = [job(dict(enumerate(row)), due=d, weight=w) for row, d, w in zip(times, due, weight, strict=True)]

    def cost(order: tuple[int, ...], machine: int) -> int:
        ends = np.cumsum([times[n][machine] for n in order]).tolist()
        return sum(weight[n] * max(0, end - due[n]) for n, end in zip(order, ends, strict=True))

    best = min(
        sum(min(cost(order, m) for order in permutations(n for n in range(6) if chosen[n] == m)) for m in range(2))
        for chosen in product(range(2), repeat=6)
    )
    found = lower_bounds(shop(2, made))["weighted_tardiness"].value
    assert found <= best
