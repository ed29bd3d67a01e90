"""Fixed work stands as given; what it contradicts is listed, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.problem import Calendar, FixedWork, Machine, Operator, Span
from models.shop.schedule import FixedConflict
from tests.validator.shop import DAYTIME, HOUR, changed, placed, plan, rules, shop

ONE = {"options": {0: HOUR}}


@pytest.mark.parametrize(
    ("work", "row"),
    [
        (FixedWork(0, 0, 600), placed(0, 0, 600, 600 + HOUR, fixed=True)),
        (FixedWork(0, 0, -600), placed(0, 0, -600, HOUR - 600, HOUR - 600, fixed=True)),
        (FixedWork(0, 0, -600, remaining=90), placed(0, 0, -600, 90, fixed=True, seconds=90)),
        (FixedWork(0, 0, 600, remaining=90), placed(0, 0, 600, 690, fixed=True)),
        (FixedWork(0, 0, -600, completed=True, end=-5), placed(0, 0, -600, -5, 0, fixed=True)),
    ],
)
def test_fixed_work_as_given(work: FixedWork, row: Any) -> None:
    problem = shop([ONE], fixed=(work,))
    schedule = plan(row)
    assert rules(problem, schedule) == set()
    assert rules(problem, changed(schedule, 0, start=row.start + 1)) >= {"fixed"}
    assert rules(problem, changed(schedule, 0, end=row.end + 1)) == ({"fixed"} if work.completed else {"duration"})
    assert rules(problem, changed(schedule, 0, machine=1)) >= {"fixed"}
    assert rules(problem, changed(schedule, 0, fixed=False)) == {"fixed"}


def test_only_fixed_work_is_marked_fixed() -> None:
    assert rules(shop([ONE]), plan(placed(0, 0, 0, HOUR, fixed=True))) == {"fixed"}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], FixedWork, Any]] = {
    "eligibility": ({}, {}, FixedWork(0, 1, 0, remaining=HOUR), placed(0, 1, 0, HOUR, fixed=True)),
    "calendar": (
        {"options": {2: HOUR}},
        {},
        FixedWork(0, 2, 5 * HOUR),
        placed(0, 2, 5 * HOUR, 7 * HOUR, HOUR, fixed=True),
    ),
    "not-interruptible": (
        {"options": {2: HOUR}, "interruptible": False},
        {},
        FixedWork(0, 2, 14 * HOUR - 600),
        placed(0, 2, 14 * HOUR - 600, 30 * HOUR + 3000, HOUR, fixed=True),
    ),
    "release": ({}, {"release": 60, "earliest": 60}, FixedWork(0, 0, 0), placed(0, 0, 0, HOUR, fixed=True)),
    "start-after": ({"start_after": 60}, {}, FixedWork(0, 0, 0), placed(0, 0, 0, HOUR, fixed=True)),
    "end-before": ({"end_before": 60}, {}, FixedWork(0, 0, 0), placed(0, 0, 0, HOUR, fixed=True)),
    "operator": ({"skill": "welding"}, {}, FixedWork(0, 0, 0), placed(0, 0, 0, HOUR, fixed=True)),
    "hard-due": ({}, {"due": 60, "due_hard": True}, FixedWork(0, 0, 0), placed(0, 0, 0, HOUR, fixed=True)),
}


@pytest.mark.parametrize("rule", CASES)
def test_fixed_work_may_contradict_a_rule_where_the_schedule_says_so(rule: str) -> None:
    step, job, work, row = CASES[rule]
    problem = shop(
        [{**ONE, **step}],
        job={0: job},
        fixed=(work,),
        machines=(Machine("M1"), Machine("M2"), Machine("M3", calendar="day")),
        calendars={"day": DAYTIME},
        operators=(Operator("Ann", {"welding": 1}),),
    )
    assert rules(problem, plan(row)) == {rule}
    assert rules(problem, plan(row, conflicts=[FixedConflict(rule, ((0, 1),), "as given")])) == set()
    other = "release" if rule != "release" else "operator"
    assert rules(problem, plan(row, conflicts=[FixedConflict(other, ((0, 1),), "as given")])) == {rule, "fixed"}


@pytest.mark.parametrize("start", [0, 5 * HOUR + 1800, 9 * HOUR])
def test_fixed_work_that_open_time_never_lets_finish_counts_every_second(start: int) -> None:
    calendar = Calendar("once", weekly=(), extra=(Span(5 * HOUR, 6 * HOUR),))
    problem = shop(
        [{"options": {0: 2 * HOUR}}],
        machines=(Machine("M1", calendar="once"),),
        calendars={"once": calendar},
        fixed=(FixedWork(0, 0, start),),
    )
    listed = [FixedConflict("calendar", ((0, 1),), "never open for long enough")]
    row = placed(0, 0, start, start + 2 * HOUR, 1800 if start == 5 * HOUR + 1800 else 0, fixed=True)
    assert rules(problem, plan(row, conflicts=listed)) == set()
    assert rules(problem, plan(row)) == {"calendar"}
    assert rules(problem, changed(plan(row, conflicts=listed), 0, end=row.end + 1)) == {"duration"}


def test_overlap_of_fixed_work_exempts_that_pair_alone() -> None:
    works = (FixedWork(0, 0, 0), FixedWork(1, 0, 600))
    problem = shop([ONE], [ONE], [ONE], fixed=works)
    rows = (placed(0, 0, 0, HOUR, fixed=True), placed(1, 0, 600, 600 + HOUR, fixed=True))
    listed = [FixedConflict("overlap", ((1, 1), (0, 1)), "both pinned")]
    assert rules(problem, plan(*rows, placed(2, 0, 600 + HOUR, 600 + 2 * HOUR), conflicts=listed)) == set()
    assert rules(problem, plan(*rows, placed(2, 0, 600 + HOUR, 600 + 2 * HOUR))) == {"overlap"}
    assert rules(problem, plan(*rows, placed(2, 0, HOUR, 2 * HOUR), conflicts=listed)) == {"overlap"}


def test_three_pinned_on_a_machine_for_two_need_one_pair() -> None:
    works = tuple(FixedWork(number, 0, 0) for number in range(3))
    problem = shop([ONE], [ONE], [ONE], fixed=works, machines=(Machine("M1", capacity=2),))
    rows = [placed(number, 0, 0, HOUR, fixed=True) for number in range(3)]
    assert rules(problem, plan(*rows)) == {"overlap"}
    listed = [FixedConflict("overlap", ((0, 1), (2, 1)), "")]
    assert rules(problem, plan(*rows, conflicts=listed)) == set()
    pairs = [FixedConflict("overlap", ((a, 1), (b, 1)), "") for a, b in ((0, 1), (0, 2), (1, 2))]
    assert rules(problem, plan(*rows, conflicts=pairs)) == set()


def test_operator_capacity_of_fixed_work() -> None:
    weld = {**ONE, "skill": "welding"}
    works = (FixedWork(0, 0, 0, operator=0), FixedWork(1, 1, 0, operator=0))
    problem = shop([weld], [{**weld, "options": {1: HOUR}}], fixed=works, operators=(Operator("Ann", {"welding": 1}),))
    rows = [placed(number, number, 0, HOUR, operator=0, fixed=True) for number in (0, 1)]
    assert rules(problem, plan(*rows)) == {"operator-capacity"}
    listed = [FixedConflict("operator-capacity", ((0, 1), (1, 1)), "")]
    assert rules(problem, plan(*rows, conflicts=listed)) == set()


@pytest.mark.parametrize(
    "conflict",
    [
        FixedConflict("overlap", ((0, 1), (1, 1)), ""),
        FixedConflict("overlap", ((0, 1),), ""),
        FixedConflict("release", (), ""),
        FixedConflict("taste", ((0, 1),), ""),
        FixedConflict("calendar", ((9, 1),), ""),
    ],
)
def test_a_listed_conflict_that_is_none_is_a_violation(conflict: FixedConflict) -> None:
    problem = shop([ONE], [{"options": {1: HOUR}}], fixed=(FixedWork(0, 0, 0),))
    rows = (placed(0, 0, 0, HOUR, fixed=True), placed(1, 1, 0, HOUR))
    assert rules(problem, plan(*rows, conflicts=[conflict])) == {"fixed"}


def test_a_free_operation_is_never_exempt() -> None:
    problem = shop([{**ONE, "end_before": 60}])
    listed = [FixedConflict("end-before", ((0, 1),), "")]
    assert rules(problem, plan(placed(0, 0, 0, HOUR), conflicts=listed)) == {"end-before", "fixed"}
