"""The metrics, recomputed."""

from __future__ import annotations

import pytest

from models.shop.problem import FixedWork, Machine, ReferenceWork
from models.shop.schedule import Unscheduled
from models.shop.validator import validate
from tests.validator.shop import DAYTIME, HOUR, placed, plan, rules, shop

STEPS = ([{"options": {0: HOUR}}], [{"options": {0: 2 * HOUR}}], [{"options": {1: HOUR}}])
JOBS = {
    0: {"due": 1800, "weight": 2500, "release": -HOUR},
    1: {"due": 3 * HOUR, "weight": 3000},
    2: {"due": HOUR, "weight": 4000},
}
PLAN = plan(placed(0, 0, 0, HOUR), placed(1, 0, HOUR, 3 * HOUR), unscheduled=[Unscheduled(2, "no_time", "")])


def test_each_metric() -> None:
    reference = (ReferenceWork(0, 1, 0), ReferenceWork(1, 0, 0), ReferenceWork(2, 0, 0))
    metrics = validate(shop(*STEPS, job=JOBS, reference=reference), PLAN).metrics
    assert metrics == {
        "makespan": 3.0,
        "weighted_tardiness": 1.25,
        "total_tardiness": 0.5,
        "max_tardiness": 0.5,
        "tardy_jobs": 1.0,
        "weighted_tardy_jobs": 2.5,
        "total_flow_time": 2.0 + 3.0,
        "setup_time": 0.0,
        "changes": 1.0,
        "completion_rate": pytest.approx(2 / 3),
        "machine_utilisation": 3 / 6,
        "on_time_rate": 1 / 2,
    }


def test_changes_begin_beyond_an_hour() -> None:
    reference = (ReferenceWork(0, 0, HOUR), ReferenceWork(1, 0, -1))
    assert validate(shop(*STEPS, job=JOBS, reference=reference), PLAN).metrics["changes"] == 1.0


HALF = 500_000
CUT = (placed(0, 0, 0, HOUR, share=HALF), placed(0, 1, 0, HOUR, lot=2, share=HALF))


@pytest.mark.parametrize(
    ("reference", "changes"),
    [
        ((ReferenceWork(0, 0, 0), ReferenceWork(0, 1, 0, lot=2)), 0),
        ((ReferenceWork(0, 1, 0), ReferenceWork(0, 0, 0, lot=2)), 1),
        ((ReferenceWork(0, 0, 0),), 1),
        ((ReferenceWork(0, 0, 0), ReferenceWork(0, 1, 0, lot=2), ReferenceWork(0, 1, HOUR, lot=3)), 1),
        ((), 0),
    ],
)
def test_an_operation_in_lots_changes_once(reference: tuple[ReferenceWork, ...], changes: int) -> None:
    problem = shop([{"options": {0: 2 * HOUR, 1: 2 * HOUR}, "max_lots": 3}], reference=reference)
    assert validate(problem, plan(*CUT)).metrics["changes"] == changes


def test_without_due_dates_there_is_no_rate_of_being_on_time() -> None:
    problem = shop([{"options": {0: HOUR}}])
    assert validate(problem, plan(placed(0, 0, 0, HOUR))).metrics["on_time_rate"] is None


def test_utilisation_counts_capacity_and_open_time_from_second_zero() -> None:
    machines = (Machine("M1", capacity=2), Machine("M2", calendar="day"))
    problem = shop(
        [{"options": {0: 2 * HOUR}}],
        [{"options": {1: HOUR}}],
        machines=machines,
        calendars={"day": DAYTIME},
        fixed=(FixedWork(0, 0, -HOUR),),
    )
    schedule = plan(placed(0, 0, -HOUR, HOUR, HOUR, fixed=True), placed(1, 1, 9 * HOUR, 10 * HOUR))
    metrics = validate(problem, schedule).metrics
    assert metrics["machine_utilisation"] == pytest.approx(2 / (2 * 10 + 4))
    assert metrics["makespan"] == 10.0


def test_stated_metrics_are_compared() -> None:
    problem = shop(*STEPS, job=JOBS)
    metrics = dict(validate(problem, PLAN).metrics)
    assert rules(problem, PLAN, metrics) == set()
    assert rules(problem, PLAN, metrics | {"makespan": 3.0 * (1 + 1e-7)}) == set()
    for name in metrics:
        assert rules(problem, PLAN, metrics | {name: (metrics[name] or 0) + 0.01}) == {"metrics"}
        assert rules(problem, PLAN, metrics | {name: None}) == {"metrics"}
        assert rules(problem, PLAN, {other: metrics[other] for other in metrics if other != name}) == {"metrics"}
    assert rules(problem, PLAN, metrics | {"happiness": 1.0}) == {"metrics"}
