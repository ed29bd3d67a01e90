from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from models.shop.generate import LONGEST_HOURS, MEAN_HOURS, SHORTEST_HOURS, Promises, factory
from models.shop.parse import parse

ALL: dict[str, Any] = {"setups": True, "routings": True, "calendars": True, "operators": True}


def jobs(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = document["jobs"]
    return found


def base_hours(row: Mapping[str, Any]) -> float:
    """The mean over its machines: their speeds are spread evenly around 1."""
    times = [option["processing_time"] for option in row["machines"]]
    return float(sum(times) / len(times))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_statistics_of_the_real_plant(seed: int) -> None:
    document = factory(seed=seed)
    problem = parse(document)
    assert len(problem.machines) == 149
    assert len(problem.jobs) == len(problem.operations) == 411
    assert 12 <= len({machine.machine_type for machine in problem.machines}) <= 20
    assert len({machine.department for machine in problem.machines}) == 5
    hours = [base_hours(row) for row in jobs(document)]
    assert sum(hours) == pytest.approx(14_951, rel=0.02)
    assert min(hours) == pytest.approx(SHORTEST_HOURS, abs=0.01)
    assert max(hours) == pytest.approx(LONGEST_HOURS, rel=0.1)
    assert sorted(hours)[205] < MEAN_HOURS / 2, "heavy tail: the median lies far below the mean"
    eligible = [len(operation.options) for operation in problem.operations]
    assert min(eligible) == 1
    assert 12 <= max(eligible) <= 16
    assert {job.priority for job in problem.jobs} == {1, 2, 3, 4, 5}
    assert 0.07 <= sum(job.is_important for job in problem.jobs) / 411 <= 0.18
    assert all(job.due is not None and job.due > 0 for job in problem.jobs)


def test_the_total_is_exact_before_the_machines_speeds() -> None:
    import numpy as np

    from models.shop.generate import _durations

    hours = _durations(np.random.default_rng(7), 411)
    assert sum(hours) == pytest.approx(14_951, abs=0.005)
    assert (min(hours), max(hours)) == (SHORTEST_HOURS, LONGEST_HOURS)


def test_operations_stay_within_one_group() -> None:
    problem = parse(factory(120, 40, routings=True))
    for operation in problem.operations:
        assert len({problem.machines[machine].machine_type for machine in operation.options}) == 1


def test_the_same_seed_gives_the_same_factory_and_another_does_not() -> None:
    assert json.dumps(factory(50, 20, 3, **ALL)) == json.dumps(factory(50, 20, 3, **ALL))
    assert factory(50, 20, 3)["jobs"] != factory(50, 20, 4)["jobs"]


@pytest.mark.parametrize("sizes", [(1, 1), (2, 1), (3, 5), (29, 7), (30, 8), (200, 149)])
@pytest.mark.parametrize("features", [{}, ALL], ids=["plain", "all"])
def test_every_size_parses(sizes: tuple[int, int], features: dict[str, Any]) -> None:
    problem = parse(factory(*sizes, **features))
    assert (len(problem.jobs), len(problem.machines)) == sizes
    assert not problem.warnings


def test_the_full_shop_floor_uses_every_feature() -> None:
    problem = parse(factory(**ALL))
    assert {len(job.operations) for job in problem.jobs} == {1, 2, 3, 4}
    assert all(machine.setup_matrix and machine.initial_family and machine.calendar for machine in problem.machines)
    assert set(problem.calendars) == {"three-shift", "two-shift", "day"}
    assert all(problem.operators_by_skill.values())
    assert any(not operation.interruptible for operation in problem.operations)
    assert any(job.release for job in problem.jobs)
    assert max(who.capacity for who in problem.operators) > 5


def test_long_work_may_be_cut_and_no_job_is_longer_than_asked() -> None:
    plain, cut = (factory(longest_hours=90.0, lots=lots) for lots in (False, True))
    for row, other in zip(jobs(plain), jobs(cut), strict=True):
        assert {**row, "max_lots": None} == {**other, "max_lots": None}
    rows = [(base_hours(row), row.get("max_lots", 1)) for row in jobs(cut)]
    assert max(hours for hours, _ in rows) <= 90 * 1.1
    assert all(lots > 1 for hours, lots in rows if hours > 23)
    assert all(lots == 1 for hours, lots in rows if hours < 17)
    assert sum(hours for hours, _ in rows) == pytest.approx(14_951, rel=0.02)


def test_promises_that_can_be_kept() -> None:
    problem = parse(factory(promises=Promises(spread=1.0, overdue=0.0)))
    assert all(job.due >= min(problem.operations[job.first].options.values()) for job in problem.jobs if job.due)


def test_another_start_moves_every_instant() -> None:
    start = datetime(2027, 6, 1, tzinfo=UTC)
    problem = parse(factory(5, 3, start=start, **ALL))
    assert problem.start == start
    assert all(job.due is not None and job.due > 0 for job in problem.jobs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"jobs": 0}, "at least 1"),
        ({"machines": 0}, "at least 1"),
        ({"start": datetime(2026, 1, 1)}, "must have an offset"),
        ({"longest_hours": 20.0}, "longest_hours must be at least 60"),
    ],
)
def test_refuses_what_makes_no_factory(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        factory(**arguments)
