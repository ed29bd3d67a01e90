"""The search on the whole floor: its times are the timeline's, its plans are valid and only get better."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.shop.calendar import Calendars
from models.shop.generate import factory
from models.shop.objective import LEVEL_UNIT, evaluate, measure
from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.schedule import Schedule
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.strategies import Document, problems
from workers.dispatch.portfolio import Attempt, Dispatcher
from workers.dispatch.rules import Rule
from workers.search.floor.change import ANEW, try_move
from workers.search.floor.measure import measure as measure_floor
from workers.search.floor.search import FloorSearch
from workers.search.floor.terms import TERMS

SOME = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


def planned(shop: Problem) -> Schedule:
    """A dispatch plan of the whole problem."""
    return Dispatcher(shop, range(len(shop.jobs))).plan(Attempt(Rule("edd"), "event")).schedule


def adopted(shop: Problem, schedule: Schedule, seed: int = 0) -> FloorSearch:
    """A search that has taken the plan."""
    search = FloorSearch(shop, Calendars(shop), seed)
    search.adopt(schedule)
    return search


@SOME
@given(problems(max_jobs=8))
def test_an_adopted_plan_is_measured_as_the_objective_measures_it(document: Document) -> None:
    shop = relaxed(parse(document))
    schedule = planned(shop)
    search = adopted(shop, schedule)
    metrics = measure(shop, schedule)
    for number, term in enumerate(TERMS):
        if term != "changes":  # counted by piece here, by operation there
            fixed = sum(a.setup_seconds for a in schedule.assignments if a.fixed) if term == "setup_time" else 0
            assert search.floor.amounts[number] == getattr(metrics, term) - fixed, term


@SOME
@given(problems(max_jobs=8))
def test_placing_everything_anew_gives_the_times_of_the_timeline(document: Document) -> None:
    shop = relaxed(parse(document))
    schedule = planned(shop)
    search = adopted(shop, schedule)
    floor = search.floor
    floor.piece["operator"] = -1  # as where decisions name no operator
    assert try_move(floor, np.zeros(len(TERMS)), ANEW, ANEW, ANEW, ANEW, np.inf) or not len(floor.order)
    decisions = [d._replace(operator=None) for d in schedule.decisions()]
    left_out = {entry.job for entry in schedule.unscheduled}
    jobs = [job.index for job in shop.jobs if job.index not in left_out]
    again = replay(shop, decisions, jobs)
    found = {(row.operation, row.lot): row for row in again.assignments if not row.fixed}
    rows = [row for row in schedule.assignments if not row.fixed]
    for number, row in enumerate(rows):
        piece, timed = floor.piece[number], found[row.operation, row.lot]
        assert (piece["new_start"], piece["new_end"], piece["new_setup"]) == (
            timed.start,
            timed.end,
            timed.setup_seconds,
        )
        assert piece["new_operator"] == (-1 if timed.operator is None else timed.operator)


@SOME
@given(problems(max_jobs=8), st.integers(0, 1000), st.sampled_from((0.0, 1.0)))
def test_a_search_ends_with_a_valid_plan_that_is_no_worse(document: Document, seed: int, heat: float) -> None:
    shop = relaxed(parse(document))
    schedule = planned(shop)
    search = adopted(shop, schedule, seed)
    before = search.cost
    for _ in range(3):
        search.run_tries(150, heat)
    assert search.cost <= before
    after = replay(shop, search.decisions())
    assert validate(shop, after).valid
    assert {entry.job for entry in after.unscheduled} <= {entry.job for entry in schedule.unscheduled}
    if not shop.fixed and not shop.reference and search.cost < before * (1 - 1e-9) - 1e-6:
        assert evaluate(shop, after)[1] <= evaluate(shop, schedule)[1]


@SOME
@given(problems(max_jobs=6))
def test_what_a_changed_plan_is_said_to_cost_is_what_it_costs(document: Document) -> None:
    shop = relaxed(parse(document))
    search = adopted(shop, planned(shop))
    search.run_tries(200, 1.0)
    kept = search.floor.amounts.copy()
    measure_floor(search.floor)
    assert search.floor.amounts.tolist() == kept.tolist()


def test_the_same_seed_and_tries_give_the_same_plan() -> None:
    shop = relaxed(parse(factory(30, 12, 3, setups=True, routings=True, calendars=True, operators=True)))
    schedule = planned(shop)
    first, second, other = adopted(shop, schedule, 7), adopted(shop, schedule, 7), adopted(shop, schedule, 8)
    for search in (first, second, other):
        for _ in range(5):
            search.run_tries(200, 0.5)
    assert first.decisions() == second.decisions()
    assert first.decisions() != other.decisions()


def test_a_late_factory_gets_much_better() -> None:
    shop = relaxed(parse(factory(60, 6, 5, setups=True, routings=True, calendars=True, operators=True)))
    schedule = planned(shop)
    search = adopted(shop, schedule)
    for step in range(40):
        search.run_tries(200, 1 - step / 40)
    after = replay(shop, search.decisions())
    assert validate(shop, after).valid
    late = evaluate(shop, schedule)[1]
    assert late > LEVEL_UNIT
    assert evaluate(shop, after)[1] < 0.9 * late


def test_a_plan_without_anything_to_move_is_no_trouble() -> None:
    work = {"machine_id": "M1", "start_time": "2026-01-05T08:00:00+00:00"}
    document = {
        "schedule_start": "2026-01-05T06:00:00+00:00",
        "machines": [{"machine_id": "M1"}],
        "jobs": [{"job_id": "J", "machines": [{"machine_id": "M1", "processing_time": 1}]}],
        "fixed": [{"job_id": "J", **work}],
    }
    shop = relaxed(parse(document))
    search = adopted(shop, planned(shop))
    search.run_tries(50, 0.5)
    assert search.decisions() == ()
