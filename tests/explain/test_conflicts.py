"""Left-out jobs: the smallest set of rules that conflict, what is proved of it, and what dropping rules buys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from models.shop.objective import evaluate
from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.relax import relaxed
from tests.build import at, job, machine, operation, problem
from tests.strategies import Document, problems
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits
from workers.explain.alone import JobAlone
from workers.explain.conflicts import Conflicts, conflicts
from workers.explain.rules import bearing, excerpt, without

DAY = {"weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "06:00", "to": "14:00"}]}
TUESDAY = {"weekly": [{"days": ["tue"], "from": "10:00", "to": "18:00"}]}
WELDER = {"operator_id": "P", "skills": {"welding": 1}, "calendar": "tuesday"}


def asked(shop: Problem, seconds: float = 2.0) -> Conflicts:
    plan = dispatch_plans(shop, range(len(shop.jobs)), Limits.within(0.2))
    return conflicts(shop, plan.schedule, seconds)


def alone(row: dict[str, Any], **fields: Any) -> JobAlone:
    return JobAlone(problem([row], **fields), 0)


@pytest.mark.parametrize(
    ("row", "fields", "rules"),
    [
        (job("A", 30, ["M1"], lcd_date=at(20), lcd_hard=True), {}, ["lcd_hard"]),
        (job("A", 5, ["M1"], release_date=at(3), end_before=at(7)), {}, ["end_before", "release"]),
        (
            job("A", 9, ["M1"], interruptible=False),
            {"machines": [machine("M1", calendar="day")], "calendars": {"day": DAY}},
            ["calendar:day"],
        ),
        (
            job("A", 4, ["M1"], skill="welding", lcd_date=at(12), lcd_hard=True),
            {"operators": [WELDER], "calendars": {"tuesday": TUESDAY}},
            ["lcd_hard", "skill", "calendar:tuesday"],
        ),
        (
            job("A", 2, ["M1"]),
            {"machines": [machine("M1", calendar="no")], "calendars": {"no": {"weekly": []}}},
            ["calendar:no"],
        ),
    ],
)
def test_the_smallest_set_of_one_job_alone_is_proved(row: Any, fields: Any, rules: list[str]) -> None:
    found = alone(row, **fields)
    assert not found.fits
    assert list(found.conflict.rules) == rules
    assert found.conflict.proved
    assert found.conflict.smallest
    assert len(found.conflict.remedy) == 1


def test_fixed_work_is_a_rule_by_name() -> None:
    fixed = [{"job_id": "B", "machine_id": "M1", "start_time": at(1)}]
    shop = problem([job("A", 4, ["M1"], end_before=at(6)), job("B", 6, ["M1"])], fixed=fixed)
    found = asked(shop)
    assert [(one.jobs, one.rules, one.proof) for one in found.conflicts] == [
        ((0,), ("end_before", "fixed work"), "proved")
    ]
    assert {one.rules: one.scheduled for one in found.relaxations} == {("end_before",): (0,), ("fixed work",): (0,)}


def test_what_is_completed_stays_without_fixed_work() -> None:
    fixed = [
        {"job_id": "A", "machine_id": "M1", "start_time": at(-3), "completed": True, "end_time": at(-1)},
        {"job_id": "B", "machine_id": "M1", "start_time": at(1)},
    ]
    shop = problem([job("A", 2, ["M1"]), job("B", 2, ["M1"])], fixed=fixed)
    assert [work.operation for work in without(shop, ["fixed work"]).fixed] == [0]
    assert bearing(shop, [0]) == ["fixed work"]


def test_two_conflicts_need_a_remedy_of_two_rules() -> None:
    shop = problem([job("A", 9, ["M1"], end_before=at(5), lcd_date=at(4), lcd_hard=True)])
    found = asked(shop)
    assert found.conflicts[0].rules in (("lcd_hard",), ("end_before",))
    assert found.conflicts[0].remedy == ("lcd_hard", "end_before")
    gains = {one.rules: one.scheduled for one in found.relaxations}
    assert gains == {("lcd_hard",): (), ("end_before",): (), ("lcd_hard", "end_before"): (0,)}


def test_no_rule_with_a_name_is_to_blame() -> None:
    for_good = [{"from": at(-1), "to": "2150-01-01T00:00:00Z"}]
    found = asked(problem([job("A", 3, ["M1"])], [machine("M1", closed=for_good)]))
    assert [(one.rules, one.remedy, one.proof) for one in found.conflicts] == [((), (), "proved")]
    assert found.relaxations == ()


def test_setups_are_searched_not_proved() -> None:
    matrix = {"paint": {"default": 3, "changes": []}}
    press = machine("M1", setup_matrix="paint", initial_family="red")
    row = job("A", 2, ["M1"], family_id="blue", end_before=at(4))
    found = alone(row, machines=[press], setup_matrices=matrix)
    assert found.conflict.rules == ("end_before", "setup")
    assert not found.conflict.proved


def test_jobs_that_fail_only_together() -> None:
    rows = [job(name, 4, ["M1"], lcd_date=at(6), lcd_hard=True) for name in "AB"]
    shop = problem([*rows, job("C", 1, ["M1"])])
    found = asked(shop)
    assert len(found.conflicts) == 1
    conflict = found.conflicts[0]
    assert (conflict.rules, conflict.remedy, conflict.alone, conflict.proof) == (("lcd_hard",),) * 2 + (False, "search")
    assert found.levels[0] == 3000
    gained = found.relaxations[0]
    assert gained.scheduled == conflict.jobs
    assert gained.levels[0] == 0
    assert gained.levels[1] > found.levels[1]


def test_no_time_is_told() -> None:
    rows = [job(name, 9, ["M1"], lcd_date=at(6), lcd_hard=True) for name in "AB"]
    found = asked(problem(rows), seconds=0)
    assert found.unasked == (1,)
    assert found.untried == (("lcd_hard",),)
    assert found.relaxations == ()


def test_an_excerpt_keeps_its_job_and_fixed_work() -> None:
    steps = [operation("10", 1, ["M1"]), operation("20", 2, ["M1"])]
    fixed = [{"job_id": "C", "machine_id": "M1", "start_time": at(1)}]
    shop = problem([job("A", 1, ["M1"]), job("B", operations=steps), job("C", 3, ["M1"])], fixed=fixed)
    part, index = excerpt(shop, 1)
    assert [one.job_id for one in part.jobs] == ["B", "C"]
    assert [part.operations[n].predecessors for n in part.jobs[index].operations] == [(), (0,)]
    assert part.fixed[0].operation == 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(document=problems(max_jobs=4))
def test_any_shop(document: Document) -> None:
    shop = relaxed(parse(document))
    plan = dispatch_plans(shop, range(len(shop.jobs)), Limits.within(0.1))
    found = conflicts(shop, plan.schedule, 0.5)
    left_out = {entry.job for entry in plan.schedule.unscheduled}
    asked = {job for conflict in found.conflicts for job in conflict.jobs}
    assert asked | set(found.unasked) <= left_out
    for conflict in found.conflicts:
        rules = bearing(shop, conflict.jobs)
        assert set(conflict.rules) <= set(rules)
        assert set(conflict.remedy) <= set(rules)
        assert not conflict.rules or not conflict.remedy or set(conflict.rules) & set(conflict.remedy)
        for index in conflict.jobs if conflict.alone else ():
            if conflict.proof == "proved":
                only = dispatch_plans(without(shop, set(rules) - set(conflict.rules)), [index], Limits.within(0.05))
                assert only.schedule.unscheduled
    for gained in found.relaxations:
        assert set(gained.scheduled) <= left_out
    assert found.levels == evaluate(shop, plan.schedule)
