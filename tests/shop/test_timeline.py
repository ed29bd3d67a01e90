"""The timeline, rule by rule of docs/problem.md: trivial, infeasible, feasible; times worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.problem import MAX_SECONDS, Calendar, Machine, Operator, SetupMatrix, Span, Window
from models.shop.timeline import Placement, Timeline
from tests.validator.shop import shop

HOUR = 3600
DAY = 24 * HOUR
EVERY_DAY = frozenset(range(7))
DAYTIME = {"day": Calendar("day", (Window(EVERY_DAY, 6 * HOUR, 14 * HOUR),))}
SHIFTS = DAYTIME | {"late": Calendar("late", (Window(EVERY_DAY, 10 * HOUR, 18 * HOUR),))}
PAINT = {"paint": SetupMatrix("paint", 10, {("red", "blue"): 20, ("blue", "red"): 0, ("red", "red"): 3})}
PAINTED = (Machine("M1", setup_matrix="paint"),)


def step(seconds: int = 100, machine: int = 0, **fields: Any) -> dict[str, Any]:
    return {"options": {machine: seconds}, **fields}


def put(timeline: Timeline, operation: int, machine: int = 0, operator: int | None = None) -> Placement:
    placement = timeline.probe(operation, machine, operator)
    assert placement is not None
    timeline.place(placement)
    return placement


def spans(timeline: Timeline, *operations: int) -> list[tuple[int, int]]:
    return [put(timeline, number)[5:7] for number in operations]


# 1, 2: time and machines


def test_operations_queue_on_a_machine() -> None:
    timeline = Timeline(shop([step()], [step(50)]))
    assert timeline.free(0) == 0
    assert spans(timeline, 1, 0) == [(0, 50), (50, 150)]
    assert timeline.free(0) == 150
    assert timeline.end(0) == 150


def test_an_ineligible_machine_is_refused() -> None:
    assert Timeline(shop([step()])).probe(0, 1) is None


def test_the_time_is_that_of_the_machine() -> None:
    timeline = Timeline(shop([{"options": {0: 100, 1: 70}}]))
    assert put(timeline, 0, 1) == Placement(0, 1, None, 1, 1_000_000, 0, 70, 70, None, 0)


def test_a_machine_of_capacity_2_runs_two_at_a_time() -> None:
    timeline = Timeline(shop([step()], [step(50)], [step(60)], [step(10)], machines=(Machine("M1", capacity=2),)))
    assert spans(timeline, 0, 1, 2, 3) == [(0, 100), (0, 50), (50, 110), (100, 110)]
    assert timeline.free(0) == 110


def test_capacity_is_taken_wherever_it_is_free() -> None:
    problem = shop(
        [step(30)], [step(10)], [step(100)], [step(5)],
        machines=(Machine("M1", capacity=2),), job={0: {"earliest": 50}, 1: {"earliest": 50}},
    )  # fmt: skip
    timeline = Timeline(problem)
    assert spans(timeline, 0, 1, 2, 3) == [(50, 80), (50, 60), (60, 160), (0, 5)]


def test_nothing_ends_beyond_the_last_second() -> None:
    timeline = Timeline(shop([step(MAX_SECONDS)], [step(1)]))
    assert spans(timeline, 0) == [(0, MAX_SECONDS)]
    assert timeline.probe(1, 0) is None


# 3: calendars


def test_work_waits_through_closed_time() -> None:
    problem = shop([step(10 * HOUR)], [step(HOUR)], machines=(Machine("M1", calendar="day"),), calendars=DAYTIME)
    timeline = Timeline(problem)
    assert spans(timeline, 0, 1) == [(6 * HOUR, 32 * HOUR), (32 * HOUR, 33 * HOUR)]


def test_work_starts_at_an_open_second() -> None:
    problem = shop([step(8 * HOUR)], [step(HOUR)], machines=(Machine("M1", calendar="day"),), calendars=DAYTIME)
    assert spans(Timeline(problem), 0, 1) == [(6 * HOUR, 14 * HOUR), (30 * HOUR, 31 * HOUR)]


def test_work_that_may_not_be_interrupted_waits_for_an_interval_that_holds_it() -> None:
    problem = shop(
        [step(5 * HOUR)], [step(4 * HOUR, interruptible=False)], [step(8 * HOUR + 1, interruptible=False)],
        machines=(Machine("M1", calendar="day"),), calendars=DAYTIME,
    )  # fmt: skip
    timeline = Timeline(problem)
    assert spans(timeline, 0, 1) == [(6 * HOUR, 11 * HOUR), (30 * HOUR, 34 * HOUR)]
    assert timeline.probe(2, 0) is None


def test_closures_of_the_machine_count() -> None:
    machines = (Machine("M1", closed=(Span(50, 80),)),)
    timeline = Timeline(shop([step(100)], [step(60, interruptible=False)], machines=machines))
    assert spans(timeline, 0, 1) == [(0, 130), (130, 190)]


# 4: setups


@pytest.mark.parametrize(("after", "setup"), [("blue", 20), ("red", 3), ("green", 10), (None, 0)])
def test_setups_come_between(after: str | None, setup: int) -> None:
    timeline = Timeline(shop([step(family_id="red")], [step(family_id=after)], machines=PAINTED, setup_matrices=PAINT))
    assert put(timeline, 0)[5:] == (0, 100, 100, None, 0)
    assert put(timeline, 1)[5:] == (100 + setup, 200 + setup, 100, 100 if setup else None, setup)


def test_a_setup_is_as_late_as_possible_and_may_precede_the_release() -> None:
    problem = shop(
        [step(family_id="red")], [step(family_id="blue")],
        machines=PAINTED, setup_matrices=PAINT, job={1: {"earliest": 500}},
    )  # fmt: skip
    timeline = Timeline(problem)
    put(timeline, 0)
    assert put(timeline, 1)[5:] == (500, 600, 100, 480, 20)


def test_the_first_setup_is_from_the_initial_family() -> None:
    machines = (Machine("M1", setup_matrix="paint", initial_family="red"),)
    timeline = Timeline(shop([step(family_id="blue")], machines=machines, setup_matrices=PAINT))
    assert put(timeline, 0)[5:] == (20, 120, 100, 0, 20)


def test_a_setup_pauses_through_closed_time() -> None:
    problem = shop(
        [step(8 * HOUR - 15, family_id="red")], [step(HOUR, family_id="blue")],
        machines=(Machine("M1", setup_matrix="paint", calendar="day"),), setup_matrices=PAINT, calendars=DAYTIME,
    )  # fmt: skip
    timeline = Timeline(problem)
    put(timeline, 0)
    start = 30 * HOUR + 5
    assert put(timeline, 1)[5:] == (start, start + HOUR, HOUR, 14 * HOUR - 15, 20)


# 5: operators


def test_work_with_a_skill_gets_an_operator_and_binds_him() -> None:
    operators = (Operator("P1", {"welding": 2}),)
    problem = shop([step(skill="welding")], [step(50, 1, skill="welding")], operators=operators)
    timeline = Timeline(problem)
    assert put(timeline, 0)[2:7] == (0, 1, 1_000_000, 0, 100)
    assert put(timeline, 1, 1)[2:7] == (0, 1, 1_000_000, 100, 150)


def test_an_operator_without_the_level_is_refused() -> None:
    operators = (Operator("P1", {"welding": 1}), Operator("P2", {"welding": 2}), Operator("P3"))
    timeline = Timeline(shop([step(skill="welding", skill_level=2)], [step()], operators=operators))
    assert timeline.probe(0, 0, 0) is None
    assert timeline.probe(0, 0, 2) is None
    assert timeline.probe(0, 0, 1) is not None
    assert put(timeline, 0)[2] == 1
    assert put(timeline, 1, 0, 2)[2] is None


def test_the_best_qualified_are_spared() -> None:
    operators = (
        Operator("P1", {"welding": 3}),
        Operator("P2", {"welding": 1, "sewing": 1}),
        Operator("P3", {"welding": 1}),
        Operator("P4", {"welding": 1}),
    )
    problem = shop(
        *([step(skill="welding")] for _ in range(5)), machines=(Machine("M1", capacity=9),), operators=operators
    )
    timeline = Timeline(problem)
    assert [put(timeline, number)[2] for number in range(5)] == [2, 3, 1, 0, 2]
    assert timeline.end(4) == 200


def test_who_ends_first_is_chosen() -> None:
    operators = (Operator("P1", {"welding": 1}, "late"), Operator("P2", {"welding": 3}))
    problem = shop([step(2 * HOUR, skill="welding")], operators=operators, calendars=SHIFTS)
    assert put(Timeline(problem), 0)[2] == 1


def test_progress_needs_machine_and_operator_open() -> None:
    problem = shop(
        [step(5 * HOUR, skill="welding")],
        machines=(Machine("M1", calendar="day"),), operators=(Operator("P1", {"welding": 1}, "late"),),
        calendars=SHIFTS,
    )  # fmt: skip
    timeline = Timeline(problem)
    assert put(timeline, 0)[5:8] == (10 * HOUR, 35 * HOUR, 5 * HOUR)


def test_an_operator_is_bound_through_closed_time() -> None:
    problem = shop(
        [step(9 * HOUR, skill="welding")], [step(HOUR, 1, skill="welding")],
        machines=(Machine("M1", calendar="day"), Machine("M2")), operators=(Operator("P1", {"welding": 1}),),
        calendars=SHIFTS, job={1: {"earliest": 6 * HOUR}},
    )  # fmt: skip
    timeline = Timeline(problem)
    put(timeline, 0)
    assert timeline.end(0) == 31 * HOUR
    assert put(timeline, 1, 1)[5] == 31 * HOUR


def test_short_work_fits_before_what_an_operator_is_booked_for() -> None:
    problem = shop(
        [step(skill="welding")], [step(50, 1, skill="welding")], [step(51, 1, skill="welding")],
        operators=(Operator("P1", {"welding": 1}),), job={0: {"earliest": 50}},
    )  # fmt: skip
    timeline = Timeline(problem)
    assert put(timeline, 0)[5:7] == (50, 150)
    assert timeline.probe(2, 1) == Placement(2, 1, 0, 1, 1_000_000, 150, 201, 51, None, 0)
    assert put(timeline, 1, 1)[5:7] == (0, 50)


def test_a_crew_attends_several() -> None:
    problem = shop(
        *([step(skill="welding", machine=m)] for m in range(3)),
        machines=tuple(Machine(f"M{m}") for m in range(3)), operators=(Operator("C", {"welding": 1}, capacity=2),),
    )  # fmt: skip
    timeline = Timeline(problem)
    assert [put(timeline, number, number)[5] for number in range(3)] == [0, 0, 100]


# 6: precedence


def test_successors_wait_for_the_delay() -> None:
    timeline = Timeline(shop([step(), step(50, 1, min_delay=30)]))
    assert timeline.ready(1) is None
    assert timeline.probe(1, 1) is None
    put(timeline, 0)
    assert timeline.ready(1) == 130
    assert put(timeline, 1, 1)[5:7] == (130, 180)


def test_parallel_operations_do_not_wait_for_each_other() -> None:
    timeline = Timeline(shop([step(), step(50, 1, predecessors=()), step(10, 1, predecessors=(0, 1))]))
    assert spans(timeline, 0) == [(0, 100)]
    assert put(timeline, 1, 1)[5] == 0
    assert put(timeline, 2, 1)[5] == 100


# 7: windows


def test_release_and_start_after_hold_it_back() -> None:
    timeline = Timeline(shop([step()], [step(start_after=70)], job={0: {"earliest": 40}, 1: {"earliest": 40}}))
    assert timeline.ready(0) == 40
    assert timeline.ready(1) == 70


def test_end_before_is_kept_or_nothing() -> None:
    timeline = Timeline(shop([step(end_before=100)], [step(end_before=199)]))
    assert spans(timeline, 0) == [(0, 100)]
    assert timeline.probe(1, 0) is None


def test_hard_due_dates_are_not_looked_at() -> None:
    timeline = Timeline(shop([step()], job={0: {"due": 5, "due_hard": True}}))
    assert timeline.probe(0, 0) is not None


# 9: lots


def test_lots_take_their_share_rounded_up_and_successors_wait_for_all() -> None:
    timeline = Timeline(shop([{"options": {0: 100, 1: 101}, "max_lots": 2, "min_lot": 1}, step(10)]))
    first = timeline.probe(0, 0, lot=1, share=400_000)
    assert first is not None and first.end == 40
    timeline.place(first)
    assert timeline.end(0) is None and timeline.ready(1) is None
    second = timeline.probe(0, 1, lot=2, share=600_000)
    assert second is not None and second.end == 61
    timeline.place(second)
    assert timeline.end(0) == 61
    assert timeline.ready(1) == 61


def test_a_lot_is_not_shorter_than_allowed_but_an_uncut_operation_may_be() -> None:
    timeline = Timeline(shop([step(100, max_lots=2, min_lot=60)], [step(50, min_lot=60)]))
    assert timeline.probe(0, 0, lot=1, share=590_000) is None
    assert timeline.probe(0, 0, lot=1, share=600_000) is not None
    assert timeline.probe(1, 0) is not None
