"""Splitting into batches: order, sizes, and parts of the shop that stay whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.shop.problem import FixedWork, Operator
from tests.workers.shops import job, shop
from workers.split import split


def sizes(problem, batch_size):
    return [len(batch.jobs) for batch in split(problem, batch_size)]


def test_500_jobs_of_one_part_give_170_170_160():
    assert sizes(shop(1, [job({0: 1})] * 500), 170) == [170, 170, 160]


def test_411_jobs_of_many_parts_give_three_batches():
    problem = shop(15, [job({number % 15: 1}) for number in range(411)])
    batches = split(problem, 170)
    assert len(batches) == 3
    assert sorted(index for batch in batches for index in batch.jobs) == list(range(411))


def test_urgent_jobs_come_first():
    rows = [
        job({0: 1}, due=50),
        job({0: 1}),
        job({0: 1}, due=50, priority=1),
        job({0: 1}, is_important=True),
        job({0: 1}, due=10),
        job({0: 1}, priority=2),
    ]
    assert [batch.jobs for batch in split(shop(1, rows), 4)] == [(3, 4, 2, 0), (5, 1)]


def test_parts_stay_whole_and_are_independent():
    problem = shop(2, [job({0: 1}), job({1: 1}), job({0: 1}), job({1: 1})])
    batches = split(problem, 2)
    assert [batch.jobs for batch in batches] == [(0, 2), (1, 3)]
    assert all(batch.independent for batch in batches)


def test_a_part_larger_than_a_batch_is_cut():
    batches = split(shop(1, [job({0: 1})] * 3), 2)
    assert [batch.jobs for batch in batches] == [(0, 1), (2,)]
    assert not any(batch.independent for batch in batches)


def test_what_cannot_be_packed_whole_is_cut_rather_than_given_a_batch_of_its_own():
    problem = shop(3, [job({number % 3: 1}) for number in range(6)])
    batches = split(problem, 3)
    assert [len(batch.jobs) for batch in batches] == [3, 3]


def test_packing_by_size_keeps_parts_whole_where_the_order_does_not():
    parts = [0, 0, 1, 1, 1, 2, 2, 3, 3, 3]
    batches = split(shop(4, [job({part: 1}) for part in parts]), 5)
    assert [len(batch.jobs) for batch in batches] == [5, 5]
    assert all(batch.independent for batch in batches)


def test_operators_connect_and_fixed_work_does_not():
    weld = {"operations": [{"options": {0: 1}, "skill": "weld"}]}
    other = {"operations": [{"options": {1: 1}, "skill": "weld"}]}
    problem = shop(2, [weld, other], operators=(Operator("W", {"weld": 1}),))
    assert not any(batch.independent for batch in split(problem, 1))
    fixed = replace(problem, fixed=(FixedWork(1, 1, 0, operator=0),))
    assert all(batch.independent for batch in split(fixed, 1))


def test_no_jobs_and_a_bad_size():
    assert split(shop(1, []), 170) == ()
    with pytest.raises(ValueError, match="at least 1"):
        split(shop(1, [job({0: 1})]), 0)


@given(st.lists(st.sets(st.integers(0, 6), min_size=1, max_size=3), max_size=40), st.integers(1, 12))
def test_every_job_once_and_never_more_batches_than_needed(machines, batch_size):
    problem = shop(7, [job(dict.fromkeys(sorted(eligible), 1)) for eligible in machines])
    batches = split(problem, batch_size)
    assert sorted(index for batch in batches for index in batch.jobs) == list(range(len(machines)))
    assert len(batches) <= -(-len(machines) // batch_size)
    assert all(0 < len(batch.jobs) <= batch_size for batch in batches)
    used = [{m for index in batch.jobs for m in machines[index]} for batch in batches]
    for batch, own in zip(batches, used, strict=True):
        others = set().union(*(row for row in used if row is not own))
        assert batch.independent == (not own & others)
