"""Replay: decisions to schedules, jobs left out with their reasons, and what holds for every shop."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.shop.calendar import Calendars
from models.shop.parse import parse
from models.shop.problem import Calendar, FixedWork, Machine, Operator, Problem, Span, Window
from models.shop.relax import relaxed
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from tests.strategies import Document, problems
from tests.validator.shop import shop

HOUR = 3600
DAYTIME = {"day": Calendar("day", (Window(frozenset(range(7)), 6 * HOUR, 14 * HOUR),)), "never": Calendar("never", ())}


def step(seconds: int = 100, machine: int = 0, **fields: Any) -> dict[str, Any]:
    return {"options": {machine: seconds}, **fields}


def played(problem: Problem, *order: int, jobs: list[int] | None = None) -> Schedule:
    return replay(problem, [Decision(n, min(problem.operations[n].options)) for n in order], jobs)


def reasons(schedule: Schedule) -> dict[int, str]:
    return {u.job: u.reason for u in schedule.unscheduled}


def starts(schedule: Schedule) -> dict[int, int]:
    return {a.operation: a.start for a in schedule.assignments}


def test_the_list_decides_the_order() -> None:
    problem = shop([step()], [step(50)])
    assert starts(played(problem, 0, 1)) == {0: 0, 1: 100}
    assert starts(played(problem, 1, 0)) == {0: 50, 1: 0}


def test_a_job_without_decisions_is_left_out() -> None:
    schedule = played(shop([step()], [step(), step()]), 0, 1)
    assert reasons(schedule) == {1: "no_time"}
    assert schedule.unscheduled[0].detail == "There is no decision about operation 2."
    assert starts(schedule) == {0: 0}


def test_only_the_wanted_jobs_and_fixed_work_are_there() -> None:
    problem = shop([step()], [step(50)], [step(70)], fixed=(FixedWork(2, 1, 0),))
    schedule = played(problem, 0, 1, jobs=[1])
    assert starts(schedule) == {1: 0, 2: 0}
    assert reasons(schedule) == {}


def test_what_is_decided_twice_counts_once() -> None:
    problem = shop([{"options": {0: 100, 1: 100}}])
    schedule = replay(problem, [Decision(0, 1), Decision(0, 0)])
    assert [(a.machine, a.start) for a in schedule.assignments] == [(1, 0)]


def test_lots_beyond_the_whole_are_passed_over_and_too_few_leave_the_job_out() -> None:
    problem = shop([step(100, max_lots=3, min_lot=1)])
    lots = [Decision(0, 0, None, lot, 500_000) for lot in (1, 2, 3)]
    assert [(a.lot, a.end) for a in replay(problem, lots).assignments] == [(1, 50), (2, 100)]
    assert reasons(replay(problem, lots[:1])) == {0: "no_time"}


def test_never_fits() -> None:
    machines = (Machine("M1", calendar="day"), Machine("M2", calendar="never"))
    problem = shop(
        [step(9 * HOUR, interruptible=False)], [step(1, 1)], [step(9 * HOUR)],
        [step(9 * HOUR, interruptible=False, max_lots=2)], machines=machines, calendars=DAYTIME,
    )  # fmt: skip
    schedule = played(problem, 0, 1, 2, 3)
    assert reasons(schedule) == {0: "never_fits", 1: "never_fits", 3: "no_time"}
    assert schedule.unscheduled[0].detail == (
        "Operation 1 takes 9 h without interruption and fits no open time where it may run."
    )


def test_never_fits_where_machine_and_operators_are_never_open_together() -> None:
    night = {"night": Calendar("night", (Window(frozenset(range(7)), 22 * HOUR, 6 * HOUR),))}
    problem = shop(
        [step(skill="welding")],
        machines=(Machine("M1", calendar="day"),), operators=(Operator("P1", {"welding": 1}, "night"),),
        calendars=DAYTIME | night,
    )  # fmt: skip
    assert reasons(played(problem, 0)) == {0: "never_fits"}


def test_work_for_more_time_than_there_are_dates_never_fits() -> None:
    """At a minute a week it ends beyond the latest moment there is."""
    minute = {"minute": Calendar("minute", (Window(frozenset({0}), 0, 60),))}
    problem = shop([step(100_000 * HOUR)], machines=(Machine("M1", calendar="minute"),), calendars=minute)
    assert reasons(played(problem, 0)) == {0: "never_fits"}


def test_what_cannot_be_told_for_the_number_of_shifts_is_no_time() -> None:
    """Half a minute of every minute: a hundred thousand intervals are spent before the long one comes."""
    halves = tuple(Window(frozenset(range(7)), 60 * i, 60 * i + 30) for i in range(1440))
    dense = {"dense": Calendar("dense", halves, extra=(Span(500 * 86_400, 501 * 86_400),))}
    problem = shop([step(HOUR, interruptible=False)], machines=(Machine("M1", calendar="dense"),), calendars=dense)
    assert reasons(played(problem, 0)) == {0: "no_time"}


def test_a_window_too_narrow() -> None:
    schedule = played(shop([step(), step(end_before=199)], [step(150)], [step(100, end_before=240)]), 2, 0, 1, 3)
    assert reasons(schedule) == {0: "window", 2: "window"}
    assert schedule.unscheduled[0].detail == "Operation 2 ends 1 s after its end_before even alone in the shop."
    assert "behind the work decided before it" in schedule.unscheduled[1].detail


def test_a_hard_due_date_is_never_missed() -> None:
    problem = shop([step()], [step()], [step()], job={1: {"due": 199, "due_hard": True}, 2: {"due": 5}})
    assert reasons(played(problem, 0, 1, 2)) == {1: "lcd_hard"}
    assert starts(played(problem, 0, 1, 2)) == {0: 0, 2: 100}
    assert reasons(played(problem, 1, 0, 2)) == {}


def test_what_failed_only_behind_a_failure_is_kept() -> None:
    """Job 1 is late behind job 0's first operation; job 0 is left out for its second, so job 1 is in time after all."""
    problem = shop([step(), step(end_before=150)], [step()], job={1: {"due": 150, "due_hard": True}})
    schedule = played(problem, 0, 1, 2)
    assert reasons(schedule) == {0: "window"}
    assert starts(schedule) == {2: 0}


def test_fixed_work_in_the_way() -> None:
    problem = shop(
        [step()], [step(51, end_before=100)], [step(50, end_before=100)], [step(20)],
        fixed=(FixedWork(0, 0, 50),), job={3: {"due": 160, "due_hard": True, "earliest": 40}},
    )  # fmt: skip
    assert reasons(played(problem, 1, 2, 3)) == {1: "fixed_conflict", 3: "fixed_conflict"}


def test_decisions_against_the_precedence() -> None:
    assert reasons(played(shop([step(), step()]), 1, 0)) == {0: "predecessor"}


def test_a_job_left_out_keeps_its_fixed_work() -> None:
    schedule = played(shop([step(), step(end_before=210)], fixed=(FixedWork(0, 0, 60),)), 1)
    assert reasons(schedule) == {0: "fixed_conflict"}
    assert starts(schedule) == {0: 60}


@pytest.mark.parametrize("jobs", [1, 40])
def test_every_failure_is_found_however_many_there_are(jobs: int) -> None:
    problem = shop(*([step()] for _ in range(jobs)), job={n: {"due": 250, "due_hard": True} for n in range(jobs)})
    schedule = played(problem, *range(jobs))
    assert len(schedule.assignments) == min(jobs, 2)
    assert set(reasons(schedule).values()) <= {"lcd_hard"}


def decide(problem: Problem, seed: int) -> list[Decision]:
    """Whole operations in an arbitrary order that respects precedence, on arbitrary machines."""
    random = Random(seed)
    waiting = {operation.number for operation in problem.operations}
    order = []
    while waiting:
        ready = [n for n in sorted(waiting) if not waiting & set(problem.operations[n].predecessors)]
        number = random.choice(ready)
        waiting.remove(number)
        order.append(Decision(number, random.choice(sorted(problem.operations[number].options))))
    return order


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems(), st.integers(0, 1000))
def test_replaying_a_schedules_own_decisions_delays_nothing(document: Document, seed: int) -> None:
    problem = relaxed(parse(document))
    calendars = Calendars(problem)
    schedule = replay(problem, decide(problem, seed), calendars=calendars)
    again = replay(problem, schedule.decisions(), calendars=calendars)
    before = {(a.operation, a.lot): a.start for a in schedule.assignments}
    after = {(a.operation, a.lot): a.start for a in again.assignments}
    assert before.keys() <= after.keys()
    assert all(after[key] <= start for key, start in before.items())
