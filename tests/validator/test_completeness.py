"""Rules of completeness: missing, duplicate, unscheduled."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.problem import Calendar, FixedWork, Job, Machine, Operator, SetupMatrix, Span
from models.shop.schedule import Unscheduled
from tests.validator.shop import DAYTIME, HOUR, placed, plan, rules, shop

ONE = {"options": {0: HOUR}}
TWO = {"options": {1: HOUR}}


def test_missing_and_duplicate_operations() -> None:
    problem = shop([ONE, TWO])
    first, second = placed(0, 0, 0, HOUR), placed(1, 1, HOUR, 2 * HOUR)
    assert rules(problem, plan(first)) == {"missing"}
    assert rules(problem, plan(first, second, placed(1, 1, 3 * HOUR, 4 * HOUR))) >= {"duplicate"}
    assert rules(problem, plan(first, second, placed(1, 1, 3 * HOUR, 4 * HOUR, lot=2))) >= {"duplicate"}


def test_a_job_left_out_keeps_only_fixed_work() -> None:
    problem = shop([ONE, TWO], fixed=(FixedWork(0, 0, 0),))
    fixed = placed(0, 0, 0, HOUR, fixed=True)
    left_out = [Unscheduled(0, "no_time", "ran out of time")]
    assert rules(problem, plan(fixed, unscheduled=left_out)) == set()
    assert rules(problem, plan(unscheduled=left_out)) == {"fixed"}
    assert rules(problem, plan(fixed, placed(1, 1, HOUR, 2 * HOUR), unscheduled=left_out)) == {"unscheduled"}


@pytest.mark.parametrize(
    ("entries", "job", "valid"),
    [
        ([Unscheduled(0, "no_time", "")], {}, True),
        ([Unscheduled(0, "no_time", ""), Unscheduled(0, "window", "")], {}, False),
        ([Unscheduled(0, "tired", "")], {}, False),
        ([Unscheduled(4, "no_time", "")], {}, False),
        ([Unscheduled(0, "lcd_hard", "")], {}, False),
        ([Unscheduled(0, "lcd_hard", "")], {"due": 60}, False),
        ([Unscheduled(0, "lcd_hard", "")], {"due": 60, "due_hard": True}, True),
        ([Unscheduled(0, "never_fits", "")], {}, False),
    ],
)
def test_reasons(entries: list[Unscheduled], job: dict[str, Any], valid: bool) -> None:
    found = rules(shop([ONE], job={0: job}), plan(unscheduled=entries))
    assert "unscheduled" in found or valid
    assert found == set() or not valid


LONG = {"options": {0: 9 * HOUR}, "interruptible": False}
SKILLED = {"options": {0: HOUR}, "skill": "welding"}
NIGHT = Calendar("night", weekly=(), extra=(Span(20 * HOUR, 21 * HOUR),))


@pytest.mark.parametrize(
    ("step", "rest", "fits"),
    [
        (LONG, {}, False),
        ({**LONG, "interruptible": True}, {}, True),
        ({**LONG, "options": {0: 8 * HOUR}}, {}, True),
        ({"options": {0: HOUR}, "end_before": 7 * HOUR}, {}, True),
        ({"options": {0: HOUR}, "end_before": 7 * HOUR - 1}, {}, False),
        ({"options": {0: HOUR}, "start_after": 7 * HOUR, "end_before": 8 * HOUR - 1}, {}, False),
        ({"options": {0: HOUR}, "end_before": 9 * HOUR}, {"job": {0: {"earliest": 8 * HOUR + 1}}}, False),
        (SKILLED, {"operators": (Operator("Ann", {"welding": 1}, calendar="night"),)}, False),
        (SKILLED, {"operators": (Operator("Ann", {"welding": 1}),)}, True),
    ],
)
def test_never_fits_must_be_true(step: dict[str, Any], rest: dict[str, Any], fits: bool) -> None:
    problem = shop(
        [step], machines=(Machine("M1", calendar="day"),), calendars={"day": DAYTIME, "night": NIGHT}, **rest
    )
    found = rules(problem, plan(unscheduled=[Unscheduled(0, "never_fits", "")]))
    assert found == ({"unscheduled"} if fits else set())


def test_never_fits_may_be_due_to_the_first_setup() -> None:
    matrix = SetupMatrix("slow", default=HOUR, changes={})
    problem = shop(
        [{"options": {0: HOUR}, "family_id": "b", "end_before": 2 * HOUR - 1}],
        machines=(Machine("M1", setup_matrix="slow", initial_family="a"),),
        setup_matrices={"slow": matrix},
    )
    assert isinstance(problem.jobs[0], Job)
    assert rules(problem, plan(unscheduled=[Unscheduled(0, "never_fits", "")])) == set()
