"""The policy as an engine: whatever the problem, a valid plan or one clear sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from models.shop.faults import InvalidProblem
from models.shop.objective import as_document, measure
from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.ppo.shops import plant
from tests.strategies import problems
from workers import local
from workers.batch import solve_batch
from workers.engine import Limits, Unwatched, load
from workers.ppo.engine import PpoEngine


def planned(problem: Problem, seconds: float = 60.0, seed: int = 0) -> Any:
    return PpoEngine().solve(problem, range(len(problem.jobs)), Limits.within(seconds, seed=seed), Unwatched())


def valid(problem: Problem, decisions: Any) -> bool:
    schedule = replay(problem, decisions)
    return validate(problem, schedule, as_document(measure(problem, schedule))).valid and not schedule.unscheduled


@pytest.mark.parametrize("objective", ["makespan", "weighted_tardiness"])
@pytest.mark.parametrize("has", [{}, {"setups": True}, {"routings": True}, {"calendars": True}], ids=str)
def test_plans_are_valid_and_without_invalid_actions(has: dict[str, bool], objective: str) -> None:
    problem = plant(30, 6, objective=[objective], **has)
    report = planned(problem)
    assert report.handed_over is None, report.handed_over
    assert report.parameters["invalid_actions"] == 0
    assert report.parameters["samples"] == 100
    assert valid(problem, report.decisions)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(problems())
def test_any_problem_ends_with_a_valid_plan(document: dict[str, Any]) -> None:
    try:
        problem = relaxed(parse(document))
    except InvalidProblem:
        return
    answer = solve_batch(problem, range(len(problem.jobs)), "ppo", Limits.within(0.5))
    assert answer.report.engine in ("ppo", "dispatch")
    assert answer.report.parameters.get("invalid_actions", 0) == 0
    schedule = replay(problem, answer.report.decisions)
    assert validate(problem, schedule, as_document(measure(problem, schedule))).valid


def test_the_same_seed_makes_the_same_plan() -> None:
    problem = plant(20, 5, routings=True, objective=["makespan"])
    assert planned(problem, seed=3).decisions == planned(problem, seed=3).decisions


@pytest.mark.parametrize(
    ("has", "words"),
    [
        ({"operators": True}, "it was not trained with operators"),
        ({"lots": True}, "it was not trained with lots"),
    ],
)
def test_outside_its_envelope_it_hands_over_and_says_why(has: dict[str, bool], words: str) -> None:
    problem = plant(20, 5, **has)
    answer = solve_batch(problem, range(20), "ppo", Limits.within(2))
    assert answer.outcome == "fallback"
    assert answer.fallback is not None and words in answer.fallback
    assert answer.report.engine == "dispatch"
    assert valid(problem, answer.report.decisions)


def test_far_more_work_a_machine_than_it_was_trained_with_is_outside() -> None:
    problem = plant(300, 1, objective=["makespan"])
    told = str(planned(problem).handed_over)
    assert re.search(
        r"operations a machine that may run one: 300 is [\d.]+ times more than the [\d.]+ to [\d.]+ that it was "
        r"trained with, and 2 times is the most it is asked for$",
        told,
    ), told


def test_more_machines_than_operations_are_inside() -> None:
    problem = plant(40, 149, objective=["weighted_tardiness"])
    report = planned(problem)
    assert report.handed_over is None
    assert report.parameters["envelope_distance"] == 0.0


def test_objectives_without_a_policy_are_handed_over() -> None:
    assert planned(plant(objective=["setup_time"])).handed_over == "there is no policy for setup_time"


def test_a_deadline_in_the_past_is_handed_over_and_dispatch_plans() -> None:
    problem = plant(60, 8, objective=["makespan"])
    report = PpoEngine().solve(problem, range(60), Limits.within(-1), Unwatched())
    assert report.handed_over is None or "no time for a plan" in report.handed_over


def test_no_jobs_make_an_empty_plan() -> None:
    assert PpoEngine().solve(plant(), (), Limits.within(1), Unwatched()).decisions == ()


def test_one_machine_and_one_job() -> None:
    problem = plant(1, 1, objective=["makespan"])
    report = planned(problem)
    assert len(solve_batch(problem, (0,), "ppo", Limits.within(1)).report.decisions) == 1
    assert report.engine == "ppo"


def test_a_whole_run_with_the_policy_tells_which_it_was() -> None:
    problem = plant(20, 5, routings=True, objective=["makespan"])
    asked = replace(problem, options=replace(problem.options, engine="ppo", seconds=1.0))
    quality: Any = local.solve(asked)["quality"]
    assert quality["engines_tried"][:2] == ["dispatch", "ppo"]
    row = quality["parameters"]["batches"][0]
    assert row["policy"] == "makespan-2"
    assert quality["policy"] in (None, f"makespan-2@{row['policy_sha256']}")


def test_the_registry_knows_it() -> None:
    assert load("ppo").name == "ppo"
