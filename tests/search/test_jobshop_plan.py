"""The kernels under the makespan search: heads, tails, orders and what moves promise, against plain recomputation."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.shop.problem import Problem
from tests.search.jobshops import job_shops, longest_paths
from workers.search.jobshop import JobShopSearch, from_problem
from workers.search.jobshop.arrays import with_tails
from workers.search.jobshop.elite import Elite, Pool, recombine
from workers.search.jobshop.neighbourhood import ESTIMATE, INDEX, MACHINE, NOTHING, OPERATION
from workers.search.jobshop.plan import empty_plan, load


@settings(max_examples=60, deadline=None)
@given(job_shops(max_jobs=8), st.integers(0, 2**32), st.booleans())
def test_heads_tails_and_promises_move_by_move(shop: Problem, seed: int, tails: bool) -> None:
    arrays = from_problem(shop, range(len(shop.jobs)))
    n = len(arrays.release)
    if tails:
        arrays = with_tails(arrays, np.random.default_rng(seed).integers(0, 9000, n))
    search = JobShopSearch(arrays, seed)
    plan, scan = search._plan, search._scan
    for _ in range(25):
        machine, place = plan.machine.copy(), plan.place.copy()
        search.run_iterations(1)
        head, tail = longest_paths(arrays, plan)
        assert np.array_equal(plan.head, head)
        assert np.array_equal(plan.tail, tail)
        assert np.array_equal(plan.order[plan.position], np.arange(n))
        assert sorted(plan.order.tolist()) == list(range(n))
        assert search.best == min(search.best, int((head + plan.time + tail).max(initial=0)))
        choice = scan.best if scan.best[ESTIMATE] < NOTHING else scan.other
        estimate, x, k, index = (int(choice[i]) for i in (ESTIMATE, OPERATION, MACHINE, INDEX))
        if estimate == NOTHING:
            return
        assert (plan.machine[x], plan.place[x]) == (k, index)
        through = head + plan.time + tail
        if machine[x] != k:
            assert through[x] <= estimate
        elif abs(int(place[x]) - index) == 1:
            y = plan.after[x] if place[x] > index else plan.before[x]
            assert max(through[x], through[y]) == estimate


@settings(max_examples=40, deadline=None)
@given(job_shops(), st.integers(0, 2**32))
def test_what_two_plans_make_has_no_cycle(shop: Problem, seed: int) -> None:
    arrays = from_problem(shop, range(len(shop.jobs)))
    random = np.random.default_rng(seed)
    plan, parents = empty_plan(arrays), []
    for number in range(2):
        search = JobShopSearch(arrays, seed + number)
        search.run_iterations(40)
        now = search._plan
        parents.append(Elite(search.best, now.machine.copy(), now.head - now.tail))
    machine, order = recombine(*parents, random)
    makespan = load(arrays, plan, machine, order)
    head, tail = longest_paths(arrays, plan)
    assert np.array_equal(plan.head, head)
    assert np.array_equal(plan.tail, tail)
    assert makespan == int((head + plan.time + tail).max(initial=0))


def test_the_pool_keeps_the_best_different_plans() -> None:
    machine, pool = np.zeros(1, np.int32), Pool(2)
    for makespan in (5, 5, 3, 4, 9):
        pool.add(Elite(makespan, machine, np.array([makespan])))
    assert sorted(member.makespan for member in pool.members) == [3, 4]
    assert pool.best is not None
    assert pool.best.makespan == 3
