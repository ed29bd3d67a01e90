"""Plans edited by hand: what is moved lands, what follows moves along, what is pinned stays."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.edits import Edited, edited, prices, read_edit
from models.shop.faults import InvalidProblem
from models.shop.objective import LEVEL_UNIT
from models.shop.problem import FixedWork, Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.build import HOUR, at, job, operation, problem

BOTH = ["M1", "M2"]


def line(**fields: Any) -> tuple[Problem, Schedule]:
    """Jobs A, B and C of two, four and three hours one after another on M1, which M2 could do as well."""
    jobs = [job("A", 2, BOTH, **fields), job("B", 4, BOTH, **fields), job("C", 3, BOTH, **fields)]
    made = problem(jobs, BOTH)
    return made, replay(made, [Decision(0, 0), Decision(1, 0), Decision(2, 0)])


def after(made: Problem, plan: Schedule, now: float = 0, held: Any = (), **edit: Any) -> Edited:
    found = edited(made, plan, read_edit(made, edit), now=round(now * HOUR), pins=held)
    assert validate(found.problem, found.after).violations == ()
    assert found.after.fixed_conflicts == ()
    return found


def spans(found: Edited) -> dict[str, tuple[str, float, float]]:
    machines = [machine.machine_id for machine in found.problem.machines]
    jobs = [found.problem.jobs[one.job].job_id for one in found.problem.operations]
    return {jobs[r.operation]: (machines[r.machine], r.start / HOUR, r.end / HOUR) for r in found.after.assignments}


def test_work_goes_to_another_machine_and_what_was_behind_it_moves_up() -> None:
    found = after(*line(), moves=[{"job_id": "B", "machine_id": "M2"}])
    assert spans(found) == {"A": ("M1", 0, 2), "B": ("M2", 0, 4), "C": ("M1", 2, 5)}
    assert found.pinned == ()
    assert [row.end / HOUR for row in found.before.assignments] == [2, 6, 9]


def test_work_that_gets_a_time_stays_there_and_the_rest_goes_around_it() -> None:
    found = after(*line(), moves=[{"job_id": "A", "start_time": at(5)}])
    assert spans(found) == {"A": ("M1", 5, 7), "B": ("M1", 0, 4), "C": ("M1", 7, 10)}
    assert found.problem.fixed == (FixedWork(0, 0, 5 * HOUR),)
    assert found.pinned == ((0, 1),)


def test_it_lands_at_the_earliest_place_from_then_on() -> None:
    steps = [operation("x", 2, ["M1"]), operation("y", 1, ["M2"])]
    made = problem([job("A", operations=steps)], BOTH)
    plan = replay(made, [Decision(0, 0), Decision(1, 1)])
    found = after(made, plan, moves=[{"job_id": "A", "operation_id": "y", "start_time": at(1)}])
    assert found.problem.fixed == (FixedWork(1, 1, 2 * HOUR),)


def test_successors_move_along() -> None:
    steps = [operation("x", 2, ["M1"]), operation("y", 1, ["M2"])]
    made = problem([job("A", operations=steps)], BOTH)
    plan = replay(made, [Decision(0, 0), Decision(1, 1)])
    found = after(made, plan, moves=[{"job_id": "A", "operation_id": "x", "start_time": at(4)}])
    assert [(row.start / HOUR, row.end / HOUR) for row in found.after.assignments] == [(4, 6), (6, 7)]


def test_work_is_pinned_where_it_is_and_its_price_is_told() -> None:
    jobs = [job("A", 4, ["M1"]), job("B", 1, ["M1"], lcd_date=at(1), priority=3)]
    made = problem(jobs, ["M1"])
    plan = replay(made, [Decision(1, 0), Decision(0, 0)])
    late = after(made, plan, moves=[{"job_id": "B", "start_time": at(6)}])
    ((key, by),) = prices(late)
    assert (key, late.pinned) == ((1, 1), ((1, 1),))
    assert [value / LEVEL_UNIT for value in by[1:]] == [6.0, 2.0]
    ((_, nothing),) = prices(after(made, plan, pins=[{"job_id": "B"}]))
    assert nothing == (0, 0, 0)


def test_pins_of_before_stay_until_they_are_released() -> None:
    made, plan = line()
    kept = after(made, plan, held={(2, 1)}, moves=[{"job_id": "A", "machine_id": "M2"}])
    assert spans(kept) == {"A": ("M2", 0, 2), "B": ("M1", 0, 4), "C": ("M1", 6, 9)}
    freed = after(made, plan, held={(2, 1)}, moves=[{"job_id": "A", "machine_id": "M2"}], unpins=[{"job_id": "C"}])
    assert spans(freed)["C"] == ("M1", 4, 7)
    moved = after(made, plan, held={(2, 1)}, moves=[{"job_id": "C", "machine_id": "M2"}])
    assert (spans(moved)["C"], moved.pinned) == (("M2", 0, 3), ())


def test_what_has_begun_cannot_be_moved() -> None:
    made, plan = line()
    with pytest.raises(InvalidProblem, match=r"moves\[0\]: must be work that has not begun"):
        after(made, plan, now=3, moves=[{"job_id": "B", "machine_id": "M2"}])
    later = after(made, plan, now=3, moves=[{"job_id": "C", "machine_id": "M2"}])
    assert spans(later) == {"A": ("M1", -3, -1), "B": ("M1", -1, 3), "C": ("M2", 0, 3)}


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        ({}, "moves: must list something to move"),
        ({"moves": [{"job_id": "A"}]}, "moves[0].machine_id: is required where neither"),
        ({"moves": [{"job_id": "Z", "machine_id": "M1"}]}, "moves[0].job_id: names no job"),
        ({"moves": [{"job_id": "A", "operation_id": "9", "pin": True}]}, "moves[0].operation_id: names no operation"),
        ({"moves": [{"job_id": "A", "machine_id": "M9"}]}, "moves[0].machine_id: names none"),
        ({"moves": [{"job_id": "A", "operator_id": "O"}]}, "moves[0].operator_id: must be somebody who has"),
        ({"moves": [{"job_id": "A", "start_time": "noon"}]}, "moves[0].start_time:"),
        ({"pins": [{"job_id": "A", "until": 3}]}, "pins[0].until: must be an RFC 3339 instant"),
    ],
)
def test_what_is_wrong_is_named(edit: dict[str, Any], fault: str) -> None:
    made = problem([job("A", 2, ["M1"])], BOTH, operators=[{"operator_id": "O", "skills": {"weld": 1}}])
    with pytest.raises(InvalidProblem) as refused:
        read_edit(made, edit)
    assert str(refused.value.faults[0]).startswith(fault)


def test_a_machine_that_may_not_run_it_is_refused() -> None:
    made = problem([job("A", 2, ["M1"])], BOTH)
    with pytest.raises(InvalidProblem, match=r"moves\[0\].machine_id: must be a machine that may run it"):
        after(made, replay(made, [Decision(0, 0)]), moves=[{"job_id": "A", "machine_id": "M2"}])
