"""The objective and the options."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.faults import InvalidProblem
from models.shop.parse import Bounds, parse
from models.shop.problem import DEFAULT_OBJECTIVE, Options
from tests.build import document, problem
from tests.shop.faults import faults, told


@pytest.mark.parametrize(
    ("objective", "field", "rule", "value"),
    [
        ("lateness", "", "unknown_term", "'lateness'"),
        (["makespan", "lateness"], "[1]", "unknown_term", "'lateness'"),
        ({"lateness": 1}, ".lateness", "unknown_term", "'lateness'"),
        ({"makespan": -1}, ".makespan", "minimum", "-1"),
        ({"makespan": 1_000_001}, ".makespan", "maximum", "1000001"),
        ({"makespan": 0.0001}, ".makespan", "decimals", "0.0001"),
        ({"makespan": True}, ".makespan", "type", "True"),
        ({"makespan": None}, ".makespan", "required", ""),
        ([{}], "[0]", "min_items", "an object of 0 fields"),
        (3, "", "type", "3"),
        ([["makespan"]], "[0]", "type", "a list of 1"),
        (["makespan"] * 21, "", "too_many", "a list of 21"),
    ],
)
def test_what_an_objective_may_not_say(objective: object, field: str, rule: str, value: str) -> None:
    assert faults(document(objective=objective)) == [(f"objective{field}", rule, value)]


@pytest.mark.parametrize(
    ("objective", "levels"),
    [
        ([], DEFAULT_OBJECTIVE),
        ("changes", ({"changes": 1000},)),
        ({"makespan": 1, "setup_time": 0.1}, ({"makespan": 1000, "setup_time": 100},)),
        (["tardy_jobs", {"makespan": 0.001}], ({"tardy_jobs": 1000}, {"makespan": 1})),
    ],
)
def test_an_objective_in_thousandths(objective: object, levels: object) -> None:
    assert problem(objective=objective).objective == levels


@pytest.mark.parametrize(
    ("options", "field", "rule", "value"),
    [
        ({"engine": "gurobi"}, "engine", "unknown_engine", "'gurobi'"),
        ({"engine": 1}, "engine", "type", "1"),
        ({"time_limit_seconds": 0}, "time_limit_seconds", "minimum", "0"),
        ({"time_limit_seconds": 3601}, "time_limit_seconds", "maximum", "3601"),
        ({"time_limit_seconds": "10"}, "time_limit_seconds", "type", "'10'"),
        ({"gap_tolerance": 1.01}, "gap_tolerance", "maximum", "1.01"),
        ({"gap_tolerance": -0.01}, "gap_tolerance", "minimum", "-0.01"),
        ({"batch_size": 0}, "batch_size", "minimum", "0"),
        ({"batch_size": 10_001}, "batch_size", "maximum", "10001"),
        ({"batch_size": 170.0}, "batch_size", "type", "170.0"),
        ({"seed": -1}, "seed", "minimum", "-1"),
        ({"seed": 2**31}, "seed", "maximum", "2147483648"),
        ({"deterministic": "no"}, "deterministic", "type", "'no'"),
        ({"relax": "skill"}, "relax", "type", "'skill'"),
        ({"relax": [1]}, "relax[0]", "type", "1"),
        ({"relax": ["skill", "lots"]}, "relax[1]", "unknown_rule", "'lots'"),
        ({"relax": ["calendar:night"]}, "relax[0]", "unknown_calendar", "'calendar:night'"),
    ],
)
def test_what_options_may_not_say(options: dict[str, Any], field: str, rule: str, value: str) -> None:
    assert faults(document(options=options)) == [(f"options.{field}", rule, value)]


@pytest.mark.parametrize("engine", ["oracle", "steady"])
def test_an_engine_that_is_not_there_is_refused_with_those_that_are(engine: str) -> None:
    with pytest.raises(
        InvalidProblem, match="is not available; available engines are auto, dispatch, search, cpsat, ppo"
    ):
        parse(document(options={"engine": engine}))


def test_options_as_stated() -> None:
    stated = {
        "engine": "cpsat",
        "time_limit_seconds": 1,
        "gap_tolerance": 1,
        "batch_size": 20,
        "seed": 7,
        "deterministic": True,
        "relax": ["skill", "calendar:day", "skill"],
    }
    made = problem(options=stated, calendars={"day": {}}).options
    assert made == Options("cpsat", 1.0, 1.0, 20, 7, True, ("skill", "calendar:day"))
    assert problem(options={}).options == Options()


def test_the_longest_solving_budget_is_settable() -> None:
    with pytest.raises(InvalidProblem) as raised:
        parse(document(options={"time_limit_seconds": 61}), Bounds(max_seconds=60))
    assert told(raised.value) == [("options.time_limit_seconds", "maximum", "61")]
