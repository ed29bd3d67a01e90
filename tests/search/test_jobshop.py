"""The makespan search for job shops: plans replay to what it says, and it finds optima."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.shop.formats import parse_text
from models.shop.problem import Problem
from tests.build import job, machine, operation, problem
from tests.search.jobshops import job_shops, least_makespan, replayed
from workers.dispatch.portfolio import Attempt, Dispatcher
from workers.dispatch.rules import Rule
from workers.search.jobshop import JobShopSearch, covers, from_problem

FT06 = """6 6
2 1 0 3 1 6 3 7 5 3 4 6
1 8 2 5 4 10 5 10 0 10 3 4
2 5 3 4 5 8 0 9 1 1 4 7
1 5 0 5 2 5 3 3 4 8 5 9
2 9 1 3 4 5 5 4 0 3 3 1
1 3 3 3 5 9 0 10 4 4 2 1
"""


def searched(shop: Problem, iterations: int = 300, seed: int = 0) -> JobShopSearch:
    assert covers(shop, range(len(shop.jobs))) is None
    search = JobShopSearch(from_problem(shop, range(len(shop.jobs))), seed)
    search.run_iterations(iterations)
    return search


@settings(max_examples=60, deadline=None)
@given(job_shops(), st.integers(0, 400))
def test_a_plan_replays_to_the_makespan_told(shop: Problem, iterations: int) -> None:
    search = searched(shop, iterations)
    assert replayed(shop, search.decisions()) == search.best


@settings(max_examples=15, deadline=None)
@given(job_shops(max_jobs=2, max_operations=2, max_machines=2))
def test_tiny_shops_are_solved_to_the_optimum(shop: Problem) -> None:
    assert searched(shop, 2000).best == least_makespan(shop)


def test_a_known_optimum_is_found_and_ends_the_search() -> None:
    shop = parse_text(FT06)
    search = JobShopSearch(from_problem(shop, range(6)), seed=1)
    search.run(20.0, target=55 * 60)
    assert search.best == 55 * 60
    assert replayed(shop, search.decisions()) == 55 * 60


def test_a_seed_and_iterations_determine_the_plan() -> None:
    shop = parse_text(FT06)
    assert searched(shop, 60_000, 3).decisions() == searched(shop, 60_000, 3).decisions()


@settings(max_examples=40, deadline=None)
@given(job_shops(), st.integers(0, 200))
def test_it_is_never_worse_than_what_it_adopts(shop: Problem, iterations: int) -> None:
    jobs = range(len(shop.jobs))
    decisions = Dispatcher(shop, jobs).make(Attempt(Rule("mwkr"), "ect"))
    search = searched(shop, iterations)
    before = search.best
    search.adopt(decisions)
    assert search.best == min(before, replayed(shop, decisions))
    search.run_iterations(iterations)
    assert replayed(shop, search.decisions()) == search.best <= before


def test_a_plan_that_leaves_an_operation_out_is_not_adopted() -> None:
    shop = problem([job("J1", hours=1, machines=["M1"]), job("J2", hours=2, machines=["M1"])], objective="makespan")
    search = searched(shop)
    with pytest.raises(ValueError, match="each operation"):
        search.adopt(search.decisions()[:1])


def test_it_stops_when_told() -> None:
    search = JobShopSearch(from_problem(parse_text(FT06), range(6)))
    search.run(60.0, stop=lambda: True)
    assert search.iterations == 0


def test_one_machine_one_operation_and_none() -> None:
    one = problem([job("J1", hours=1, machines=["M1"])], objective="makespan")
    assert searched(one).best == 3600
    line = problem([job(f"J{i}", hours=i, machines=["M1"]) for i in range(1, 9)], objective="makespan")
    assert searched(line).best == 36 * 3600
    none = from_problem(one, ())
    search = JobShopSearch(none)
    search.run(0.01)
    assert (search.best, search.decisions()) == (0, ())


def test_jobs_outside_and_completed_work_are_left_out() -> None:
    rows = [
        job("J1", operations=[operation("1", 1, ["M1"]), operation("2", 1, ["M2"], min_delay=3)]),
        job("J2", hours=1, machines=["M1"]),
    ]
    done = {"job_id": "J1", "operation_id": "1", "machine_id": "M1", "completed": True}
    done |= {"start_time": "2026-01-04T22:00:00Z", "end_time": "2026-01-04T23:00:00Z"}
    shop = problem(rows, ["M1", "M2"], objective="makespan", fixed=[done])
    arrays = from_problem(shop, [0])
    assert arrays.operation.tolist() == [1]
    assert arrays.release.tolist() == [2 * 3600]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"objective": "weighted_tardiness"}, "makespan"),
        ({"objective": {"makespan": 1, "setup_time": 1}}, "makespan"),
        ({"machines": [machine("M1", capacity=2)]}, "several operations"),
        (
            {"machines": [machine("M1", closed=[{"from": "2026-01-06T00:00:00Z", "to": "2026-01-07T00:00:00Z"}])]},
            "calendar",
        ),
        ({"jobs": [job("J1", hours=9, machines=["M1"], max_lots=2)]}, "lots"),
        ({"jobs": [job("J1", hours=9, machines=["M1"], end_before="2026-01-07T00:00:00Z")]}, "end before"),
        ({"jobs": [job("J1", hours=9, machines=["M1"], lcd_date="2026-01-07T00:00:00Z", lcd_hard=True)]}, "due date"),
    ],
)
def test_what_it_does_not_cover(fields: dict[str, object], reason: str) -> None:
    shop = problem(**({"objective": "makespan"} | fields))
    why = covers(shop, range(len(shop.jobs)))
    assert why is not None
    assert reason in why
