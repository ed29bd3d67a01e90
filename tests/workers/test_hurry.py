"""Plans that are cut short are complete and valid, and no problem that is allowed takes minutes to have one."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from models.shop.canonical import digest
from models.shop.parse import parse
from models.shop.relax import relaxed
from models.shop.validator import validate
from tests.strategies import problems
from tests.workers.shops import job, random_shop, shop
from workers.dispatch.patience import Clock, OutOfTime
from workers.dispatch.portfolio import Attempt, Dispatcher, dispatch_plans
from workers.dispatch.rules import Rule
from workers.engine import Limits, Unwatched
from workers.proofs import term_bounds
from workers.split import split

START = {"schedule_start": "2026-01-05T06:00:00+01:00", "time_zone": "Europe/Berlin"}
HURRY = {"patience": -1.0}
"""The clock has run out before the first question."""


class Stopped(Unwatched):
    def cancelled(self) -> bool:
        return True


def many_options() -> dict[str, Any]:
    """A small document of 200,000 machine options: every operation may run on every machine of its type."""
    return START | {
        "machines": [{"machine_id": f"M{number}", "machine_type": 1} for number in range(1000)],
        "jobs": [
            {"job_id": f"J{number}", "machine_types": [1], "processing_time": 1 + number % 7} for number in range(200)
        ],
    }


def many_operators() -> dict[str, Any]:
    """10,000 operators, each of whom may attend each of 1,000 operations."""
    return START | {
        "operators": [{"operator_id": f"O{number}", "skills": {"s": 1}} for number in range(10_000)],
        "machines": [{"machine_id": f"M{number}"} for number in range(50)],
        "jobs": [
            {
                "job_id": f"J{number}",
                "skill": "s",
                "machines": [{"machine_id": f"M{(number + step) % 50}", "processing_time": 1} for step in range(5)],
            }
            for number in range(1000)
        ],
    }


def many_calendars() -> dict[str, Any]:
    """60 calendars that open for minutes, each its own way, for jobs of 100,000 hours."""
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    opens = [f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 30)]

    def week(shift: int) -> list[dict[str, Any]]:
        return [{"days": days, "from": at, "to": f"{at[:3]}{int(at[3:]) + 5 + shift % 20:02d}"} for at in opens]

    return START | {
        "calendars": {f"C{number}": {"weekly": week(number)} for number in range(60)},
        "machines": [{"machine_id": f"M{number}", "calendar": f"C{number}"} for number in range(60)],
        "jobs": [
            {
                "job_id": f"J{number}",
                "machines": [{"machine_id": f"M{(number + step) % 60}", "processing_time": hours} for step in range(5)],
            }
            for number, hours in ((number, 100_000 if number % 2 else 10) for number in range(60))
        ],
    }


@pytest.mark.parametrize(("document", "placed"), [(many_options, 200), (many_operators, 1000), (many_calendars, 30)])
def test_what_is_allowed_is_planned_in_time(document: Any, placed: int) -> None:
    begun = time.process_time()
    problem = relaxed(parse(document()))
    assert len(digest(problem)) == 64
    batches = split(problem, problem.options.batch_size)
    assert sum(len(batch.jobs) for batch in batches) == len(problem.jobs)
    plan = dispatch_plans(problem, range(len(problem.jobs)), Limits.within(0.2, patience=2.0))
    assert len(plan.schedule.assignments) == placed
    assert validate(problem, plan.schedule).violations == ()
    assert term_bounds(problem, at_once=True)["makespan"].value >= 0
    assert term_bounds(problem)["makespan"].value > 0
    assert time.process_time() - begun < 30.0


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems())
def test_a_plan_made_in_a_hurry_is_valid_on_whatever_the_form_allows(document: dict[str, Any]) -> None:
    problem = relaxed(parse(document))
    plan = dispatch_plans(problem, range(len(problem.jobs)), Limits.within(0.0, **HURRY))
    assert validate(problem, plan.schedule).violations == ()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("ticks", [0, 3])
def test_a_rule_cut_short_leaves_no_job_out_that_fits(seed: int, ticks: int) -> None:
    problem = random_shop(seed)
    dispatcher = Dispatcher(problem, range(len(problem.jobs)))
    asked = iter([False] * ticks)
    clock = Clock(float("inf"), lambda: next(asked, True))
    plan = dispatcher.plan(Attempt(Rule("spt"), ("event", "ect", "active")[seed % 3]), (), clock, complete=True)
    assert validate(problem, plan.schedule).violations == ()
    assert all(problem.jobs[entry.job].due_hard or entry.job == 0 for entry in plan.schedule.unscheduled)


def test_in_a_hurry_work_is_shared_out_by_due_date() -> None:
    problem = shop(2, [job({0: 10, 1: 10}, due=100 - number) for number in range(4)])
    plan = dispatch_plans(problem, range(4), Limits.within(0.0, **HURRY))
    assert [decision.operation for decision in plan.decisions] == [3, 2, 1, 0]
    assert sorted(decision.machine for decision in plan.decisions) == [0, 0, 1, 1]


def test_only_the_first_plan_is_completed_in_a_hurry() -> None:
    problem = random_shop(3)
    dispatcher = Dispatcher(problem, range(len(problem.jobs)))
    with pytest.raises(OutOfTime):
        dispatcher.plan(Attempt(Rule("spt"), "event"), (), Clock(0.0))


def test_who_has_cancelled_does_not_wait_for_a_rule() -> None:
    problem = parse(many_operators())
    begun = time.process_time()
    plan = dispatch_plans(problem, range(1000), Limits.within(60.0), watch=Stopped())
    assert time.process_time() - begun < 5.0
    assert len(plan.schedule.assignments) == 1000


def test_bounds_without_calendars_stand_in_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    weekly = [{"days": ["mon"], "from": "06:00", "to": "07:00"}]
    machine = {"machine_id": "M", "calendar": "C"}
    row = {"job_id": "J", "machines": [{"machine_id": "M", "processing_time": 2}]}
    problem = parse(START | {"calendars": {"C": {"weekly": weekly}}, "machines": [machine], "jobs": [row]})
    assert term_bounds(problem)["makespan"].value == 7 * 24 * 3600 + 3600
    monkeypatch.setattr("workers.proofs.MOST_OPENINGS", 0)
    assert term_bounds(problem)["makespan"].value == 2 * 3600
    monkeypatch.setattr("workers.proofs.MOST_OPTIONS", 0)
    assert term_bounds(problem)["makespan"].proved_by == "trivial"
