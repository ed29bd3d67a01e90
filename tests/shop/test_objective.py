"""Metrics and objective levels, worked out by hand."""

from __future__ import annotations

from typing import Any

from models.shop.objective import LEVEL_UNIT, as_document, evaluate, levels, measure
from models.shop.problem import Calendar, FixedWork, Machine, ReferenceWork, SetupMatrix, Span, Window
from models.shop.schedule import Assignment, Decision, Schedule, Unscheduled
from models.shop.timeline import replay
from tests.validator.shop import placed, plan, shop

HOUR = 3600


def step(seconds: int = HOUR, machine: int = 0, **fields: Any) -> dict[str, Any]:
    return {"options": {machine: seconds}, **fields}


def test_an_empty_schedule_of_no_jobs() -> None:
    metrics = measure(shop(), Schedule(()))
    assert metrics.makespan == metrics.total_flow_time == metrics.unscheduled_weight == 0
    assert metrics.completion_rate == 1.0
    assert metrics.on_time_rate is None
    assert metrics.machine_utilisation == 0.0


def test_tardiness_of_all_kinds() -> None:
    problem = shop(
        [step()], [step()], [step()], [step()],
        job={0: {"due": 0, "weight": 2500}, 1: {"due": HOUR, "weight": 4000}, 2: {"due": 3 * HOUR}},
    )  # fmt: skip
    schedule = plan(*(placed(n, 0, n * HOUR, (n + 1) * HOUR) for n in range(4)))
    metrics = measure(problem, schedule)
    assert metrics.makespan == 4 * HOUR
    assert metrics.weighted_tardiness == (2500 + 4000) * HOUR
    assert metrics.total_tardiness == 2 * HOUR
    assert metrics.max_tardiness == HOUR
    assert metrics.tardy_jobs == 2
    assert metrics.weighted_tardy_jobs == 6500
    assert metrics.on_time_rate == 1 / 3
    assert metrics.completion_rate == 1.0


def test_flow_time_counts_from_the_stated_release_else_second_zero() -> None:
    problem = shop([step()], [step(machine=1)], job={0: {"release": -HOUR}})
    metrics = measure(problem, plan(placed(0, 0, 0, HOUR), placed(1, 1, 0, HOUR)))
    assert metrics.total_flow_time == 3 * HOUR


def test_unscheduled_jobs_count_in_nothing_but_their_weight_and_the_completion_rate() -> None:
    problem = shop(
        [step()], [step(), step()], [step()],
        job={1: {"weight": 1500, "due": 0}, 2: {"weight": 7}}, reference=(ReferenceWork(1, 1, 0),),
    )  # fmt: skip
    fixed = placed(1, 0, HOUR, 2 * HOUR, fixed=True, setup_seconds=60)
    schedule = plan(placed(0, 0, 0, HOUR), fixed, unscheduled=(Unscheduled(1, "no_time", "late"),))
    metrics = measure(problem, schedule)
    assert metrics.unscheduled_weight == 1507
    assert (metrics.makespan, metrics.total_flow_time, metrics.tardy_jobs) == (HOUR, HOUR, 0)
    assert (metrics.setup_time, metrics.changes, metrics.on_time_rate) == (0, 0, None)
    assert metrics.completion_rate == 1 / 3


def test_a_job_with_half_an_operation_is_not_scheduled() -> None:
    half = placed(0, 0, 0, HOUR, share=500_000)
    assert measure(shop([step()]), plan(half)).unscheduled_weight == 3000


def test_only_the_jobs_asked_for_count() -> None:
    problem = shop([step()], [step()], [step()])
    metrics = measure(problem, plan(placed(0, 0, 0, HOUR), placed(1, 0, HOUR, 2 * HOUR)), jobs=[0, 2])
    assert metrics.makespan == HOUR
    assert metrics.unscheduled_weight == 3000
    assert metrics.completion_rate == 0.5


def test_setup_time() -> None:
    matrix = {"s": SetupMatrix("s", 600, {})}
    problem = shop(
        [step(family_id="a")], [step(family_id="b")], machines=(Machine("M1", setup_matrix="s"),), setup_matrices=matrix
    )
    assert measure(problem, replay(problem, [Decision(0, 0), Decision(1, 0)])).setup_time == 600


def test_changes_count_operations_that_moved() -> None:
    reference = (
        ReferenceWork(0, 0, 0),
        ReferenceWork(1, 0, 0),
        ReferenceWork(2, 1, 0),
        ReferenceWork(3, 0, 0, lot=1),
        ReferenceWork(3, 1, 0, lot=2),
    )
    problem = shop(*([{"options": {0: HOUR, 1: HOUR}}] for _ in range(5)), reference=reference)
    schedule = plan(
        placed(0, 0, HOUR, 2 * HOUR),  # an hour is not yet a change
        placed(1, 0, HOUR + 1, 2 * HOUR + 1),
        placed(2, 0, 0, HOUR),
        placed(3, 0, 0, HOUR),  # was two lots, counts once
        placed(4, 1, 0, HOUR),  # not in the reference
    )
    assert measure(problem, schedule).changes == 3


def test_utilisation_is_processing_over_open_time_until_the_makespan() -> None:
    day = {"day": Calendar("day", (Window(frozenset(range(7)), HOUR, 3 * HOUR),))}
    machines = (Machine("M1", calendar="day"), Machine("M2", capacity=3), Machine("M3", closed=(Span(0, 10 * HOUR),)))
    problem = shop([step()], [step(HOUR, 1)], machines=machines, calendars=day)
    schedule = replay(problem, [Decision(0, 0), Decision(1, 1)])
    metrics = measure(problem, schedule)
    assert metrics.makespan == 2 * HOUR
    assert metrics.machine_utilisation == 2 / (1 + 3 * 2)


def test_processing_before_second_zero_is_no_utilisation() -> None:
    problem = shop(
        [step(2 * HOUR)], machines=(Machine("M1"),), fixed=(FixedWork(0, 0, -HOUR),), job={0: {"release": -HOUR}}
    )
    metrics = measure(problem, replay(problem, []))
    assert metrics.makespan == HOUR
    assert metrics.total_flow_time == 2 * HOUR
    assert metrics.machine_utilisation == 1.0


def test_levels_add_up_times_and_counts_in_one_unit() -> None:
    objective = ({"weighted_tardiness": 1000}, {"makespan": 1000, "tardy_jobs": 500, "weighted_tardy_jobs": 1})
    problem = shop([step()], job={0: {"due": 0, "weight": 2500}}, objective=objective)
    schedule = plan(placed(0, 0, 0, HOUR))
    assert evaluate(problem, schedule) == levels(problem, measure(problem, schedule))
    unscheduled, tardiness, mixed = evaluate(problem, schedule)
    assert unscheduled == 0
    assert tardiness == 2.5 * LEVEL_UNIT
    assert mixed == (1 + 0.5 + 0.0025) * LEVEL_UNIT


def test_unscheduled_weight_comes_before_all_levels() -> None:
    problem = shop([step()], [step()])
    whole = plan(placed(0, 0, 0, HOUR), placed(1, 0, HOUR, 2 * HOUR))
    part = plan(placed(0, 0, 0, HOUR), unscheduled=(Unscheduled(1, "no_time", ""),))
    assert evaluate(problem, part)[0] == 3000
    assert evaluate(problem, whole) < evaluate(problem, part)


def test_the_document_speaks_hours_counts_and_rates() -> None:
    problem = shop([step()], job={0: {"due": 0, "weight": 2500}})
    document = as_document(measure(problem, plan(Assignment(0, 0, 0, HOUR, HOUR))))
    assert document == {
        "makespan": 1.0,
        "weighted_tardiness": 2.5,
        "total_tardiness": 1.0,
        "max_tardiness": 1.0,
        "tardy_jobs": 1,
        "weighted_tardy_jobs": 2.5,
        "total_flow_time": 1.0,
        "setup_time": 0.0,
        "changes": 0,
        "completion_rate": 1.0,
        "machine_utilisation": 0.5,
        "on_time_rate": 0.0,
    }
