"""Rules of operators."""

from __future__ import annotations

from dataclasses import replace

from models.shop.problem import Calendar, Machine, Operator, Span
from tests.validator.shop import DAYTIME, HOUR, placed, plan, rules, shop

WELD = {"options": {0: HOUR}, "skill": "welding", "skill_level": 2}
ANN = Operator("Ann", {"welding": 2})
BEN = Operator("Ben", {"welding": 1, "milling": 3})


def test_skill_and_level() -> None:
    problem = shop([WELD], operators=(ANN, BEN))
    good = placed(0, 0, 0, HOUR, operator=0)
    assert rules(problem, plan(good)) == set()
    assert rules(problem, plan(good._replace(operator=1))) == {"operator"}
    assert rules(problem, plan(good._replace(operator=None))) == {"operator"}


def test_work_without_a_skill_has_no_operator() -> None:
    problem = shop([{"options": {0: HOUR}}], operators=(ANN,))
    assert rules(problem, plan(placed(0, 0, 0, HOUR, operator=0))) == {"operator"}


def test_an_operator_attends_up_to_capacity() -> None:
    machines = (Machine("M1"), Machine("M2"))
    steps = ([WELD], [{**WELD, "options": {1: HOUR}}])
    schedule = plan(placed(0, 0, 0, HOUR, operator=0), placed(1, 1, 1800, 1800 + HOUR, operator=0))
    assert rules(shop(*steps, machines=machines, operators=(ANN,)), schedule) == {"operator-capacity"}
    assert rules(shop(*steps, machines=machines, operators=(replace(ANN, capacity=2),)), schedule) == set()


def test_progress_needs_machine_and_operator_open() -> None:
    machines = (Machine("M1", calendar="day"),)
    evening = Calendar("evening", weekly=(replace(DAYTIME.weekly[0], start=12 * HOUR, end=20 * HOUR),))  # type: ignore[index]
    ann = replace(ANN, calendar="evening", absent=(Span(12 * HOUR, 12 * HOUR + 60),))
    problem = shop([WELD], machines=machines, operators=(ann,), calendars={"day": DAYTIME, "evening": evening})
    good = placed(0, 0, 12 * HOUR + 60, 13 * HOUR + 60, operator=0)
    assert rules(problem, plan(good)) == set()
    assert rules(problem, plan(good._replace(start=12 * HOUR, end=13 * HOUR))) == {"calendar", "duration"}
    assert rules(problem, plan(placed(0, 0, 11 * HOUR, 12 * HOUR, operator=0))) >= {"calendar"}
    assert "calendar" in rules(problem, plan(placed(0, 0, 14 * HOUR, 15 * HOUR, operator=0)))
