"""Dispatch: rules choose as their names say, every rule of the shop holds, and the engine always has a plan."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.parse import parse
from models.shop.problem import Machine, Operator, SetupMatrix, Span
from models.shop.relax import relaxed
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.strategies import problems
from tests.workers.shops import job, random_shop, shop
from workers.dispatch.engine import DispatchEngine
from workers.dispatch.portfolio import Attempt, Dispatcher, attempts, dispatch_plans
from workers.dispatch.rules import Rule
from workers.engine import Limits, Unwatched

MAKESPAN = ({"makespan": 1000},)


def order(problem, rule, way="event", k=0.0):
    dispatcher = Dispatcher(problem, range(len(problem.jobs)))
    return [decision.operation for decision in dispatcher.make(Attempt(Rule(rule, k), way))]


@pytest.mark.parametrize("way", ["event", "ect"])
@pytest.mark.parametrize(
    ("rule", "expected"), [("spt", [1, 2, 0]), ("lpt", [0, 2, 1]), ("edd", [2, 0, 1]), ("atc", [1, 2, 0])]
)
def test_rules_order_a_single_machine(rule, expected, way):
    rows = [job({0: 30}, due=100), job({0: 10}, due=500), job({0: 20}, due=20)]
    if rule == "atc":
        rows = [job({0: 30}, due=10), job({0: 10}, due=10), job({0: 20}, due=10)]
    assert order(shop(1, rows), rule, way, k=1.0 if rule == "atc" else 0.0) == expected


def test_atc_puts_weight_over_time_first_once_all_are_late():
    rows = [job({0: 10}, due=0, weight=1000), job({0: 10}, due=0, weight=9000), job({0: 4}, due=0, weight=1000)]
    assert order(shop(1, rows), "atc", k=2.0) == [1, 2, 0]


def test_mwkr_and_mor_look_at_what_is_left_of_the_job():
    rows = [job({0: 5}, {1: 50}), job({0: 5}, {1: 1}, {1: 1}), job({0: 5})]
    problem = shop(2, rows)
    assert [number for number in order(problem, "mwkr") if problem.operations[number].options == {0: 5}] == [0, 2, 5]
    assert [number for number in order(problem, "mor") if problem.operations[number].options == {0: 5}] == [2, 0, 5]


def test_atcs_prefers_the_family_that_is_set_up():
    machine = Machine("M", setup_matrix="S", initial_family="a")
    matrix = SetupMatrix("S", 1000, {("a", "b"): 1000})
    rows = [
        {"operations": [{"options": {0: 10}, "family_id": "b"}], "due": 5},
        {"operations": [{"options": {0: 10}, "family_id": "a"}], "due": 5},
    ]
    assert order(shop([machine], rows, setup_matrices={"S": matrix}), "atc", k=1.0) == [1, 0]


def test_the_idle_machine_that_finishes_first_gets_the_work():
    problem = shop(2, [job({0: 50, 1: 20})])
    assert Dispatcher(problem, [0]).make(Attempt(Rule("spt"), "event"))[0].machine == 1


def test_event_steps_over_work_whose_operator_is_away():
    away = Operator("W", {"weld": 1}, absent=(Span(0, 100),))
    rows = [
        {"operations": [{"options": {0: 50}, "skill": "weld"}]},
        {"operations": [{"options": {0: 10}}]},
    ]
    assert order(shop(1, rows, operators=(away,)), "lpt") == [1, 0]


def test_a_closed_machine_waits_and_others_go_on():
    machines = [Machine("M0", closed=(Span(0, 100),)), Machine("M1")]
    problem = shop(machines, [job({0: 10}), job({0: 10, 1: 60})])
    plan = dispatch_plans(problem, [0, 1], Limits.within(5))
    assert {row.operation: (row.machine, row.start) for row in plan.schedule.assignments} == {0: (0, 100), 1: (1, 0)}


def test_one_job_that_cannot_be_placed_does_not_sink_the_others():
    machines = [Machine("M0", calendar=None, closed=(Span(10, 10**10),))]
    problem = shop(machines, [job({0: 100}), job({0: 5})], objective=MAKESPAN)
    plan = dispatch_plans(problem, [0, 1], Limits.within(5))
    assert [entry.job for entry in plan.schedule.unscheduled] == [0]
    assert [row.operation for row in plan.schedule.assignments] == [1]


def test_jobs_that_would_miss_a_hard_due_date_are_promoted():
    rows = [job({0: 10}, weight=9000, due=10), job({0: 10}, weight=9000, due=10), job({0: 30}, due=30, due_hard=True)]
    plan = dispatch_plans(shop(1, rows), range(3), Limits.within(5))
    assert plan.schedule.unscheduled == ()


def test_capacity_runs_work_side_by_side():
    problem = shop([Machine("M", capacity=2)], [job({0: 10})] * 4, objective=MAKESPAN)
    assert max(row.end for row in dispatch_plans(problem, range(4), Limits.within(5)).schedule.assignments) == 20


def test_lots_shorten_the_plan():
    row = {"operations": [{"options": {0: 7200, 1: 7200}, "max_lots": 2, "min_lot": 3600}]}
    plan = dispatch_plans(shop(2, [row], objective=MAKESPAN), [0], Limits.within(5))
    assert plan.attempt.cut
    assert {(row.lot, row.share, row.end) for row in plan.schedule.assignments} == {
        (1, 500_000, 3600),
        (2, 500_000, 3600),
    }


@pytest.mark.parametrize("seed", range(60))
def test_every_attempt_places_every_job_that_can_be_placed(seed):
    problem = random_shop(seed)
    calendars = Calendars(problem)
    dispatcher = Dispatcher(problem, range(len(problem.jobs)), calendars)
    for attempt in attempts(problem, dispatcher.work(False)):
        plan = dispatcher.plan(attempt)
        assert validate(problem, plan.schedule).violations == (), attempt.name
        left_out = {entry.job for entry in plan.schedule.unscheduled}
        assert all(problem.jobs[index].due_hard or index == 0 for index in left_out), attempt.name


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems())
def test_dispatch_plans_are_valid_on_whatever_the_form_allows(document):
    problem = relaxed(parse(document))
    plan = dispatch_plans(problem, range(len(problem.jobs)), Limits.within(10))
    assert validate(problem, plan.schedule).violations == ()
    assert plan.levels == evaluate(problem, plan.schedule)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_the_best_of_the_portfolio_is_told(seed):
    problem = random_shop(seed, jobs=3)
    dispatcher = Dispatcher(problem, range(3))
    plans = [dispatcher.plan(attempt) for attempt in attempts(problem, dispatcher.work(False))]
    best = dispatch_plans(problem, range(3), Limits.within(30))
    assert best.levels <= min(plan.levels for plan in plans)
    assert best.levels == evaluate(problem, replay(problem, best.decisions))


class Impatient(Unwatched):
    def cancelled(self) -> bool:
        return True


@pytest.mark.parametrize("limits_and_watch", [(-5.0, Unwatched()), (60.0, Impatient())])
def test_the_engine_answers_with_one_plan_even_when_it_must_stop(limits_and_watch):
    seconds, watch = limits_and_watch
    problem = shop(3, [job({0: 5, 1: 6}, {2: 4}, due=9)] * 20)
    report = DispatchEngine().solve(problem, range(20), Limits(time.monotonic() + seconds), watch)
    assert report.parameters["plans_tried"] == 1
    assert len(report.decisions) == 40


def test_the_engine_is_deterministic_and_plans_only_its_jobs():
    problem = random_shop(7, jobs=6)
    first, second = (DispatchEngine().solve(problem, [1, 3, 4], Limits.within(20), Unwatched()) for _ in range(2))
    assert first.decisions == second.decisions
    assert first.parameters == second.parameters
    assert {problem.operations[decision.operation].job for decision in first.decisions} <= {1, 3, 4}
    assert first.status == "feasible"
    assert {"rule", "way", "plans_tried"} <= first.parameters.keys()


def test_no_jobs_give_an_empty_plan():
    assert DispatchEngine().solve(shop(1, []), [], Limits.within(1), Unwatched()).decisions == ()
