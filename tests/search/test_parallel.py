"""The search on single-stage shops: its times are the timeline's, its moves are priced right, its plans are good."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.shop.calendar import Calendars
from models.shop.generate import factory
from models.shop.objective import evaluate
from models.shop.parse import parse
from models.shop.problem import FixedWork, Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.search.single_stage import jobs_of, single_stage
from workers.search.parallel.covers import covers
from workers.search.parallel.peaks import find_peaks, total_cost
from workers.search.parallel.rows import replay as replay_rows
from workers.search.parallel.search import ParallelSearch


def agrees(search: ParallelSearch) -> None:
    """The timeline replays the search's decisions to its own ends and value."""
    problem, decisions = search.problem, search.decisions()
    schedule = replay(problem, decisions, search.jobs, search.calendars)
    replayed = {(a.operation, a.lot): a.end for a in schedule.assignments if not a.fixed}
    assert replayed == search.ends()
    if not problem.fixed:
        assert evaluate(problem, schedule, search.jobs, search.calendars) == search.value


@settings(max_examples=60, deadline=None)
@given(single_stage(), st.integers(0, 3))
def test_the_timeline_agrees(problem: Problem, seed: int) -> None:
    assert covers(problem) is None
    search = ParallelSearch(problem, seed=seed)
    search.start()
    agrees(search)
    search.run_iterations(3000)
    agrees(search)


@settings(max_examples=30, deadline=None)
@given(single_stage(max_jobs=8), st.integers(0, 3))
def test_moves_cost_what_a_replay_says(problem: Problem, seed: int) -> None:
    """After thousands of moves the running cost is the cost of the plan worked out from nothing."""
    search = ParallelSearch(problem, seed=seed)
    for _ in range(3):
        search.run_iterations(500, heat=1.0)
        cost = total_cost(search.state)
        assert replay_rows(search.state, search.lines, search.openings)
        find_peaks(search.state)
        assert total_cost(search.state) == pytest.approx(cost, rel=1e-9, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(single_stage(), st.integers(0, 3))
def test_a_plan_adopted_never_gets_worse(problem: Problem, seed: int) -> None:
    first = ParallelSearch(problem, seed=seed)
    first.start()
    search = ParallelSearch(problem, seed=seed + 1)
    search.adopt(first.decisions())
    assert search.ends() == first.ends()
    before = search.value
    search.run_iterations(1000)
    assert search.value <= before
    agrees(search)


def test_lots_of_an_adopted_plan_are_kept() -> None:
    cut = {"processing_time": 10, "machine_types": [1], "max_lots": 2}
    problem = jobs_of(cut, {"processing_time": 3, "machine_types": [1]}, objective="makespan")
    search = ParallelSearch(problem)
    search.adopt([Decision(0, 0, None, 1, 700_000), Decision(0, 1, None, 2, 300_000), Decision(1, 1)])
    assert search.ends() == {(0, 1): 7 * 3600, (0, 2): 3 * 3600, (1, 1): 6 * 3600}
    search.run_iterations(100)
    assert search.value == (0, 7 * 3600 * 1_000_000)
    agrees(search)


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = parse(factory(40, 6, 3, setups=True))
    plans = []
    for _ in range(2):
        search = ParallelSearch(problem, seed=5)
        search.run_iterations(20_000)
        search.run_iterations(5_000)
        plans.append(search.decisions())
    assert plans[0] == plans[1]
    other = ParallelSearch(problem, seed=6)
    other.run_iterations(25_000)
    assert other.decisions() != plans[0]


def best_of_all(problem: Problem) -> tuple[int, ...]:
    """The value of the best of all plans: each order of all operations, each on each of its machines."""
    calendars = Calendars(problem)
    numbers = range(len(problem.operations))
    choices = [list(problem.operations[number].options) for number in numbers]
    return min(
        evaluate(problem, replay(problem, [Decision(n, machine[n]) for n in order], None, calendars), None, calendars)
        for machine in product(*choices)
        for order in permutations(numbers)
    )


@pytest.mark.parametrize("objective", ["weighted_tardiness", "makespan", "total_flow_time", "tardy_jobs"])
@pytest.mark.parametrize("seed", [1, 2])
def test_tiny_shops_are_solved(objective: str, seed: int) -> None:
    document = factory(5, 2, seed, setups=True, calendars=True)
    problem = parse({**document, "objective": objective})
    search = ParallelSearch(problem)
    search.run_iterations(30_000)
    assert search.value == best_of_all(problem)


def test_a_later_level_keeps_the_earlier() -> None:
    problem = parse(factory(30, 5, 2) | {"objective": ["weighted_tardiness", "makespan"]})
    first = ParallelSearch(problem, level=0)
    first.run_iterations(60_000)
    second = ParallelSearch(problem, level=1)
    second.adopt(first.decisions())
    second.run_iterations(60_000)
    assert second.value[1] <= first.value[1]
    assert second.value[2] <= first.value[2]
    agrees(second)


def test_only_the_named_machines_change() -> None:
    problem = parse(factory(60, 8, 4))
    first = ParallelSearch(problem)
    first.start()
    some = frozenset(range(4))
    search = ParallelSearch(problem, machines=some)
    search.adopt(first.decisions())
    search.run_iterations(20_000)
    before = {d.operation: (d.machine, first.ends()[d.operation, 1]) for d in first.decisions()}
    after = {d.operation: (d.machine, search.ends()[d.operation, 1]) for d in search.decisions()}
    assert search.value < first.value
    for operation, (machine, end) in before.items():
        if machine in some:
            assert after[operation][0] in some
        else:
            assert after[operation] == (machine, end)


@pytest.mark.parametrize(
    ("rows", "machines", "value"),
    [
        ([{"processing_time": 2, "machine_types": [1]}], 1, 0),
        ([{"processing_time": 2, "machine_types": [1], "lcd_date": "2026-01-05T07:00:00+01:00"}], 1, 3),
        ([{"processing_time": 2, "machine_types": [1], "lcd_date": "2026-01-05T07:00:00+01:00"}] * 4, 2, 3 * 8),
    ],
)
def test_small_and_late(rows: list[dict[str, Any]], machines: int, value: int) -> None:
    problem = jobs_of(*rows, machines=machines, objective="weighted_tardiness")
    search = ParallelSearch(problem)
    search.run_iterations(500)
    assert search.value == (0, value * 3_600_000_000)
    agrees(search)


def test_no_work_at_all() -> None:
    problem = parse(factory(3, 2, 1))
    search = ParallelSearch(problem, jobs=[])
    search.run_iterations(100)
    assert search.decisions() == ()
    assert search.value == (0, 0, 0)


def test_nothing_that_can_move() -> None:
    problem = parse(factory(6, 3))
    placed = replay(problem, [Decision(number, min(o.options)) for number, o in enumerate(problem.operations)])
    fixed = tuple(FixedWork(row.operation, row.machine, row.start) for row in placed.assignments)
    search = ParallelSearch(replace(problem, fixed=fixed))
    assert search.run(0.05) == 0
    search.run_iterations(100)
    assert search.decisions() == ()


def test_setups_that_break_the_triangle_inequality() -> None:
    """A detour over blue takes less setup than the straight way from red to green."""
    changes = [("red", "green", 9), ("green", "red", 9), ("red", "blue", 1), ("blue", "green", 0), ("green", "blue", 0),
               ("blue", "red", 1)]  # fmt: skip
    rows = [{"from_family": a, "to_family": b, "setup_time": hours} for a, b, hours in changes]
    problem = jobs_of(
        *({"processing_time": 1, "machine_types": [1], "family_id": family} for family in ("red", "green", "blue")),
        machines=[{"machine_id": "M1", "machine_type": 1, "setup_matrix": "paint", "initial_family": "red"}],
        objective="makespan",
        setup_matrices={"paint": {"default": 5, "changes": rows}},
    )
    search = ParallelSearch(problem)
    search.run_iterations(500)
    assert search.value == (0, 4 * 3_600_000_000)
    agrees(search)


def test_a_job_that_cannot_make_its_hard_date_is_left_out() -> None:
    late = {"processing_time": 5, "machine_types": [1], "lcd_date": "2026-01-05T08:00:00+01:00", "lcd_hard": True}
    easy = {"processing_time": 1, "machine_types": [1], "lcd_date": "2026-01-05T08:00:00+01:00", "lcd_hard": True}
    problem = jobs_of(late, easy, easy, machines=1)
    search = ParallelSearch(problem)
    search.run_iterations(500)
    assert set(search.ends()) == {(1, 1), (2, 1)}
    agrees(search)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"objective": "changes"}, "Changes against a reference plan are an objective."),
        ({"machines": [{"machine_id": "M1", "capacity": 2}]}, "Some machines run more than one operation at a time."),
    ],
)
def test_what_is_not_covered(change: dict[str, Any], reason: str) -> None:
    problem = jobs_of({"machines": [{"machine_id": "M1", "processing_time": 1}]}, **change)
    assert covers(problem) == reason


def test_long_work_is_cut_to_level_the_machines() -> None:
    """Three machines, one long operation in up to three lots and two short ones: the work is spread evenly."""
    long = {"processing_time": 30, "machine_types": [1], "max_lots": 3, "min_lot": 1}
    short = {"processing_time": 6, "machine_types": [1]}
    problem = jobs_of(long, short, short, machines=3, objective="makespan")
    search = ParallelSearch(problem)
    search.run_iterations(1000)
    assert search.value[1] <= (14 * 3600 + 10) * 1_000_000
    agrees(search)


def test_lots_keep_their_least_time() -> None:
    """A lot of five hours at least: the two halves cannot be levelled further."""
    problem = jobs_of(
        {"processing_time": 11, "machine_types": [1], "max_lots": 4, "min_lot": 5},
        {"processing_time": 3, "machine_types": [1]},
        objective="makespan",
    )
    search = ParallelSearch(problem)
    search.run_iterations(1000)
    schedule = replay(problem, search.decisions())
    assert not schedule.unscheduled
    assert all(a.seconds >= 5 * 3600 for a in schedule.assignments if a.share < 1_000_000)
    assert search.value[1] <= 9 * 3600 * 1_000_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_makespan_of_many_jobs_is_near_its_bound(seed: int) -> None:
    problem = parse(factory(1500, 40, seed) | {"objective": "makespan"})
    search = ParallelSearch(problem)
    search.run_iterations(1)
    work = sum(min(operation.options.values()) for operation in problem.operations) / len(problem.machines)
    longest = max(min(operation.options.values()) for operation in problem.operations)
    groups = {frozenset(m for m in range(40) if problem.machines[m].machine_type == kind) for kind in range(1, 9)}
    for group in groups:
        mine = [o for o in problem.operations if group and set(o.options) <= group]
        work = max(work, sum(min(o.options.values()) for o in mine) / max(1, len(group)))
    assert search.value[1] / 1_000_000 <= 1.12 * max(work, longest)
    agrees(search)
