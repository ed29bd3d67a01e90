"""Blocking chains of small plans: each thing that may hold an operation, with its seconds."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.problem import Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from tests.build import HOUR, at, job, machine, operation, problem
from workers.explain.chain import Chain, blocking_chain
from workers.explain.plan import late_jobs

DAY = {"weekly": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "06:00", "to": "14:00"}]}
MATRIX = {"paint": {"default": 2, "changes": [{"from_family": "red", "to_family": "blue", "setup_time": 1}]}}


def played(shop: Problem, *order: int) -> Schedule:
    """The operations in this order, each on its first machine."""
    return replay(shop, [Decision(number, min(shop.operations[number].options)) for number in order])


def explained(shop: Problem, *order: int, of: int) -> Chain:
    return blocking_chain(shop, played(shop, *order), of)


def told(found: Chain) -> list[tuple[int, str, dict[str, float]]]:
    """Operation, reason and hours of each link."""
    return [
        (link.work.operation, link.why, {kind: seconds / HOUR for kind, seconds in link.spent.items()})
        for link in found.links
    ]


def test_work_before_it_on_the_machine_and_predecessors_with_delay() -> None:
    chain = [operation("10", 2, ["M1"]), operation("20", 3, ["M2"], min_delay=4)]
    shop = problem([job("A", 5, ["M1"]), job("B", operations=chain, lcd_date=at(1))], machines=["M1", "M2"])
    assert told(explained(shop, 0, 1, 2, of=1)) == [
        (0, "zero", {"processing": 5}),
        (1, "machine", {"processing": 2}),
        (2, "predecessor", {"processing": 3, "delay": 4}),
    ]


@pytest.mark.parametrize(
    ("fields", "why", "begin"),
    [({}, "zero", 0), ({"release_date": at(3)}, "release", 3), ({"start_after": at(4)}, "start_after", 4)],
)
def test_where_a_chain_begins(fields: dict[str, Any], why: str, begin: int) -> None:
    found = explained(problem([job("A", 5, ["M1"], **fields)]), 0, of=0)
    assert told(found) == [(0, why, {"processing": 5})]
    assert (found.begin, found.completion) == (begin * HOUR, (begin + 5) * HOUR)


def test_what_is_given_comes_before_what_is_planned() -> None:
    shop = problem([job("A", 3, ["M1"]), job("B", 2, ["M1"], release_date=at(3))])
    assert told(explained(shop, 0, 1, of=1)) == [(1, "release", {"processing": 2})]


def test_calendar_closure_and_setup() -> None:
    press = machine("M1", calendar="day", setup_matrix="paint", closed=[{"from": at(10), "to": at(12)}])
    jobs = [job("A", 3, ["M1"], family_id="red"), job("B", 4, ["M1"], family_id="blue", interruptible=False)]
    shop = problem(jobs, [press], calendars={"day": DAY}, setup_matrices=MATRIX)
    # A runs 6-9, the setup 9-10, closed 10-12, open 12-14 but too short for B, closed until 6
    assert told(explained(shop, 0, 1, of=1)) == [
        (0, "zero", {"processing": 3, "calendar": 6}),
        (1, "machine", {"processing": 4, "setup": 1, "closure": 2, "no_fit": 2, "calendar": 16}),
    ]


def test_an_operator_who_is_busy_and_one_who_is_not_there() -> None:
    jobs = [
        job("A", 5, ["M1"], skill="welding"),
        job("B", 2, ["M2"], skill="welding"),
        job("C", 3, ["M3"], skill="welding"),
    ]
    person = {"operator_id": "P", "skills": {"welding": 1}, "absent": [{"from": at(6), "to": at(8)}]}
    shop = problem(jobs, machines=["M1", "M2", "M3"], operators=[person])
    assert told(explained(shop, 0, 1, 2, of=2)) == [
        (0, "zero", {"processing": 5}),
        (1, "operator", {"processing": 2, "operator_away": 2}),
        (2, "operator", {"processing": 3}),
    ]


def test_a_machine_of_higher_capacity_counts() -> None:
    shop = problem([job("A", 5, ["M1"]), job("B", 2, ["M1"]), job("C", 1, ["M1"])], [machine("M1", capacity=2)])
    assert told(explained(shop, 0, 1, 2, of=2)) == [
        (1, "zero", {"processing": 2}),
        (2, "machine", {"processing": 1}),
    ]


def test_the_order_on_the_machine_is_told_as_that() -> None:
    shop = problem([job("A", 2, ["M1"], release_date=at(5)), job("B", 3, ["M1"])])
    found = explained(shop, 0, 1, of=1)
    assert told(found) == [(0, "release", {"processing": 2}), (1, "order", {"processing": 3})]
    assert found.links[1].could_start == 0
    shop = problem([job("A", 2, ["M1"], release_date=at(5)), job("B", 6, ["M1"])])
    assert told(explained(shop, 0, 1, of=1))[1][1] == "machine"  # six hours do not fit before A


def test_fixed_work_ends_a_chain() -> None:
    fixed = [{"job_id": "A", "machine_id": "M1", "start_time": at(-2), "remaining_time": 4}]
    shop = problem([job("A", 6, ["M1"]), job("B", 1, ["M1"])], fixed=fixed)
    found = explained(shop, 1, of=1)
    assert told(found) == [(0, "fixed", {"processing": 4}), (1, "machine", {"processing": 1})]
    assert found.begin == 0


def test_a_plan_that_waits_for_nothing_says_so() -> None:
    shop = problem([job("A", 2, ["M1"], lcd_date=at(1))])
    made = played(shop, 0)
    row = made.assignments[0]
    later = Schedule((row._replace(start=3 * HOUR, end=5 * HOUR),))
    found = blocking_chain(shop, later, 0)
    assert told(found) == [(0, "zero", {"processing": 2, "idle": 3})]
    assert found.links[0].could_start == 0


def test_the_last_of_the_lots_completes_a_job() -> None:
    shop = problem([job("A", 4, ["M1", "M2"], max_lots=2), job("B", 1, ["M2"])], machines=["M1", "M2"])
    cut = [Decision(0, 0, None, 1, 500_000), Decision(1, 1), Decision(0, 1, None, 2, 500_000)]
    found = blocking_chain(shop, replay(shop, cut), 0)
    assert told(found) == [(1, "zero", {"processing": 1}), (0, "machine", {"processing": 2})]


def test_late_jobs_come_costliest_first_and_left_out_ones_have_no_chain() -> None:
    jobs = [
        job("A", 2, ["M1"], lcd_date=at(1), weight=1),
        job("B", 2, ["M1"], lcd_date=at(3), weight=2.5),
        job("C", 2, ["M1"], lcd_date=at(9)),
        job("D", 2, ["M1"], lcd_date=at(5), lcd_hard=True),
    ]
    shop = problem(jobs)
    schedule = played(shop, 0, 1, 2, 3)
    rows = [(late.job, late.tardiness, late.cost) for late in late_jobs(shop, schedule)]
    assert rows == [(1, HOUR, 2500 * HOUR), (0, HOUR, 1000 * HOUR)]
    with pytest.raises(ValueError, match="job D is not in the plan"):
        blocking_chain(shop, schedule, 3)
