"""Fixed work: how it stands, how the rest is planned around it, and where it contradicts a rule."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.problem import Calendar, FixedWork, Machine, Operator, Problem, SetupMatrix, Window
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.timeline import Timeline, replay
from models.shop.validator import validate
from tests.validator.shop import shop

HOUR = 3600
DAYTIME = {"day": Calendar("day", (Window(frozenset(range(7)), 6 * HOUR, 14 * HOUR),))}
PAINT = {"paint": SetupMatrix("paint", 10, {("red", "blue"): 20})}
PAINTED = (Machine("M1", setup_matrix="paint"), Machine("M2"))


def step(seconds: int = 100, machine: int = 0, **fields: Any) -> dict[str, Any]:
    return {"options": {machine: seconds}, **fields}


def played(problem: Problem, *order: int) -> Schedule:
    """The replay of whole operations on their first machine; it must be valid."""
    decisions = [Decision(number, min(problem.operations[number].options)) for number in order]
    schedule = replay(problem, decisions)
    assert validate(problem, schedule).violations == ()
    return schedule


def at(schedule: Schedule, operation: int, lot: int = 1) -> Assignment:
    return next(a for a in schedule.assignments if (a.operation, a.lot) == (operation, lot))


def span(schedule: Schedule, operation: int) -> tuple[int, int]:
    a = at(schedule, operation)
    return a.start, a.end


def rules(schedule: Schedule) -> list[tuple[str, tuple[int, ...]]]:
    return [(c.rule, tuple(operation for operation, _ in c.fixed)) for c in schedule.fixed_conflicts]


def test_pinned_work_stands_and_others_go_around() -> None:
    problem = shop([step()], [step(50)], [step(60)], fixed=(FixedWork(0, 0, 50),))
    schedule = played(problem, 2, 1)
    assert [span(schedule, n) for n in range(3)] == [(50, 150), (210, 260), (150, 210)]
    assert span(played(problem, 1, 2), 1) == (0, 50)


def test_append_only_means_behind_what_was_appended() -> None:
    problem = shop([step()], [step(60)], [step(10)], fixed=(FixedWork(0, 0, 50),))
    assert span(played(problem, 1, 2), 2) == (210, 220)


def test_running_work_ends_when_its_remaining_time_has_passed() -> None:
    machines = (Machine("M1", calendar="day"),)
    problem = shop(
        [step()], [step(HOUR)], machines=machines, calendars=DAYTIME, fixed=(FixedWork(0, 0, -9, remaining=HOUR),)
    )
    schedule = played(problem, 1)
    assert span(schedule, 0) == (-9, 7 * HOUR)
    assert span(schedule, 1) == (7 * HOUR, 8 * HOUR)
    assert at(schedule, 0).seconds == HOUR


def test_running_work_without_remaining_time_counts_from_its_start() -> None:
    machines = (Machine("M1", calendar="day"),)
    fixed = (FixedWork(0, 0, -11 * HOUR),)
    schedule = played(shop([step(2 * HOUR)], machines=machines, calendars=DAYTIME, fixed=fixed))
    assert span(schedule, 0) == (-11 * HOUR, 7 * HOUR)
    assert at(schedule, 0).seconds == HOUR


def test_completed_work_ends_as_stated_and_leaves_its_family() -> None:
    fixed = (FixedWork(0, 0, -500, completed=True, end=-100),)
    problem = shop(
        [step(family_id="red")], [step(family_id="blue")], machines=PAINTED, setup_matrices=PAINT, fixed=fixed
    )
    schedule = played(problem, 1)
    assert span(schedule, 0) == (-500, -100)
    assert at(schedule, 0).seconds == 0
    assert (at(schedule, 1).setup_start, at(schedule, 1).start) == (0, 20)


def test_the_initial_family_follows_completed_work() -> None:
    machines = (Machine("M1", setup_matrix="paint", initial_family="blue"),)
    fixed = (FixedWork(0, 0, -500, completed=True, end=-100),)
    problem = shop(
        [step(family_id="red")], [step(family_id="blue")], machines=machines, setup_matrices=PAINT, fixed=fixed
    )
    assert span(played(problem, 1), 1) == (0, 100)


def test_running_work_needs_no_setup_and_is_followed_by_its_family() -> None:
    machines = (Machine("M1", setup_matrix="paint", initial_family="red"),)
    fixed = (FixedWork(0, 0, 0, remaining=40),)
    problem = shop(
        [step(family_id="blue")], [step(family_id="green")], machines=machines, setup_matrices=PAINT, fixed=fixed
    )
    schedule = played(problem, 1)
    assert at(schedule, 0).setup_start is None
    assert (at(schedule, 1).setup_start, at(schedule, 1).start) == (40, 50)


def test_setups_fit_on_both_sides_of_pinned_work() -> None:
    problem = shop(
        [step(family_id="blue")], [step(80, family_id="red")],
        machines=PAINTED, setup_matrices=PAINT, fixed=(FixedWork(0, 0, 99),),
    )  # fmt: skip
    schedule = played(problem, 1)
    assert span(schedule, 1) == (209, 289)
    fits = played(shop(
        [step(family_id="blue")], [step(80, family_id="red")],
        machines=PAINTED, setup_matrices=PAINT, fixed=(FixedWork(0, 0, 100),),
    ), 1)  # fmt: skip
    assert span(fits, 1) == (0, 80)
    assert (at(fits, 0).setup_start, at(fits, 0).setup_seconds) == (80, 20)


def test_successors_wait_for_fixed_work() -> None:
    problem = shop([step(), step(10, 1)], fixed=(FixedWork(0, 0, 30),))
    assert Timeline(problem).ready(1) == 130


def test_fixed_work_binds_its_operator() -> None:
    problem = shop(
        [step(skill="welding")], [step(10, 1, skill="welding")],
        operators=(Operator("P1", {"welding": 1}),), fixed=(FixedWork(0, 0, 5, operator=0),),
    )  # fmt: skip
    assert span(played(problem, 1), 1) == (105, 115)


def test_fixed_work_takes_capacity() -> None:
    machines = (Machine("M1", capacity=2),)
    problem = shop([step()], [step(20)], [step(30)], machines=machines, fixed=(FixedWork(0, 0, 10),))
    schedule = played(problem, 1, 2)
    assert [span(schedule, n) for n in (1, 2)] == [(0, 20), (20, 50)]


@pytest.mark.parametrize(("taken", "rest"), [(1, 2), (2, 1)])
def test_the_rest_of_partly_fixed_work_is_one_more_lot(taken: int, rest: int) -> None:
    fixed = (FixedWork(0, 0, 0, lot=taken, share=400_000),)
    problem = shop([{"options": {0: 100, 1: 200}, "max_lots": 2, "min_lot": 1}, step(1)], fixed=fixed)
    assert Timeline(problem).rest(0) == (rest, 600_000)
    schedule = replay(problem, [Decision(0, 1), Decision(1, 0)])
    assert validate(problem, schedule).violations == ()
    assert at(schedule, 0, rest).end == 120
    assert span(schedule, 1) == (120, 121)


def test_a_rest_that_may_not_be_a_lot_is_a_conflict() -> None:
    fixed = (FixedWork(0, 0, 0, share=400_000),)
    for fields in ({"max_lots": 1, "min_lot": 1}, {"max_lots": 2, "min_lot": 61}):
        schedule = replay(shop([step(100, **fields)], fixed=fixed), [Decision(0, 0)])
        assert [(u.job, u.reason) for u in schedule.unscheduled] == [(0, "fixed_conflict")]
        assert len(schedule.assignments) == 1


@pytest.mark.parametrize(
    ("rule", "fields", "work", "job"),
    [
        ("eligibility", {}, {"machine": 1}, {}),
        ("release", {}, {}, {"earliest": 51, "release": 51}),
        ("start-after", {"start_after": 51}, {}, {}),
        ("end-before", {"end_before": 149}, {}, {}),
        ("hard-due", {}, {}, {"due": 149, "due_hard": True}),
        ("operator", {"skill": "welding"}, {}, {}),
        ("operator", {"skill": "welding", "skill_level": 2}, {"operator": 0}, {}),
        ("calendar", {}, {"machine": 2}, {}),
    ],
)
def test_what_contradicts_a_rule_alone_is_listed(
    rule: str, fields: dict[str, Any], work: dict[str, Any], job: dict[str, Any]
) -> None:
    problem = shop(
        [{"options": {0: 100, 2: 100}, **fields}],
        machines=(Machine("M1"), Machine("M2"), Machine("M3", calendar="day")), calendars=DAYTIME,
        operators=(Operator("P1", {"welding": 1}), Operator("P2", {"welding": 2})),
        fixed=(FixedWork(0, **{"machine": 0, "start": 50, **work}),), job={0: job},
    )  # fmt: skip
    assert rules(played(problem)) == [(rule, (0,))]


def test_interrupted_work_that_may_not_be_is_listed() -> None:
    machines = (Machine("M1", calendar="day"),)
    fixed = (FixedWork(0, 0, 13 * HOUR),)
    problem = shop([step(2 * HOUR, interruptible=False)], machines=machines, calendars=DAYTIME, fixed=fixed)
    schedule = played(problem)
    assert rules(schedule) == [("not-interruptible", (0,))]
    assert span(schedule, 0) == (13 * HOUR, 31 * HOUR)


def test_work_that_never_ends_in_open_time_is_listed_and_counts_every_second() -> None:
    machines = (Machine("M1", calendar="never"),)
    problem = shop([step()], machines=machines, calendars={"never": Calendar("never", ())}, fixed=(FixedWork(0, 0, 5),))
    schedule = played(problem)
    assert rules(schedule) == [("calendar", (0,))]
    assert span(schedule, 0) == (5, 105)


def test_completed_work_is_asked_for_eligibility_alone() -> None:
    fixed = (FixedWork(0, 1, -50, completed=True, end=-10), FixedWork(1, 1, -40, completed=True, end=-10))
    problem = shop([step(skill="welding", end_before=-20)], [step(machine=1)], operators=(Operator("P1"),), fixed=fixed)
    assert rules(played(problem)) == [("eligibility", (0,))]


def test_pairs_that_overlap_are_listed() -> None:
    fixed = (FixedWork(0, 0, 0), FixedWork(1, 0, 99), FixedWork(2, 0, 199))
    assert rules(played(shop([step()], [step()], [step()], fixed=fixed))) == [("overlap", (0, 1))]


def test_all_pairs_of_a_crowd_are_listed() -> None:
    fixed = tuple(FixedWork(n, n % 2, 10 * n, operator=0) for n in range(3))
    problem = shop(
        *([{"options": {0: 100, 1: 100}, "skill": "welding"}] for _ in range(3)),
        machines=(Machine("M1", capacity=2), Machine("M2")), operators=(Operator("C", {"welding": 1}, capacity=2),),
        fixed=fixed,
    )  # fmt: skip
    assert rules(played(problem)) == [("operator-capacity", pair) for pair in [(0, 1), (0, 2), (1, 2)]]


def test_setups_without_room_are_listed() -> None:
    problem = shop(
        [step(family_id="red")], [step(family_id="blue")],
        machines=PAINTED, setup_matrices=PAINT, fixed=(FixedWork(0, 0, 0), FixedWork(1, 0, 119)),
    )  # fmt: skip
    schedule = played(problem)
    assert rules(schedule) == [("setup", (0, 1))]
    assert at(schedule, 1).setup_start is None


def test_a_setup_from_the_initial_family_without_room_is_listed_alone() -> None:
    machines = (Machine("M1", setup_matrix="paint", initial_family="red"),)
    problem = shop([step(family_id="blue")], machines=machines, setup_matrices=PAINT, fixed=(FixedWork(0, 0, 19),))
    assert rules(played(problem)) == [("setup", (0,))]


def test_precedence_between_fixed_work_is_listed() -> None:
    fixed = (FixedWork(0, 0, 0), FixedWork(1, 1, 129))
    assert rules(played(shop([step(), step(10, 1, min_delay=30)], fixed=fixed))) == [("precedence", (0, 1))]


def test_a_planned_predecessor_that_comes_too_late_is_listed_with_its_successor() -> None:
    problem = shop([step(), step(10, 1)], fixed=(FixedWork(1, 1, 99),))
    schedule = played(problem, 0)
    assert span(schedule, 0) == (0, 100)
    assert rules(schedule) == [("precedence", (0, 1))]
    assert rules(played(shop([step(), step(10, 1)], fixed=(FixedWork(1, 1, 100),)), 0)) == []
