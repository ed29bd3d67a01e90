"""What breaks a plan, and the plan shifted right around it."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.carry import Actual
from models.shop.disruptions import Repaired, disrupted
from models.shop.faults import InvalidProblem
from models.shop.problem import FixedWork, Problem
from models.shop.reading.disruptions import read_disruptions
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.build import HOUR, at, job, machine, operation, problem

BOTH = ["M1", "M2"]


def line(**fields: Any) -> tuple[Problem, Schedule]:
    """Three jobs of two, four and three hours one after another on M1, which M2 could do as well."""
    jobs = [job("A", 2, BOTH, **fields), job("B", 4, BOTH, **fields), job("C", 3, BOTH, **fields)]
    made = problem(jobs, BOTH)
    return made, replay(made, [Decision(0, 0), Decision(1, 0), Decision(2, 0)])


def down(first: float, last: float, machine_id: str = "M1") -> dict[str, Any]:
    return {"type": "machine_breakdown", "machine_id": machine_id, "from": at(first), "to": at(last)}


def after(
    made: Problem, plan: Schedule, rows: list[dict[str, Any]], now: float, frozen: float = 0, **more: Any
) -> tuple[Repaired, dict[str, tuple[float, float]]]:
    """What is repaired, and from when to when each job runs, in hours from the old second zero."""
    found = disrupted(
        made, plan, read_disruptions(made, rows), now=round(now * HOUR), frozen=round(frozen * HOUR), **more
    )
    schedule = replay(found.problem, found.decisions)
    assert validate(found.problem, schedule).violations == ()
    assert schedule.fixed_conflicts == ()
    shift = (found.problem.epoch - made.epoch) / HOUR
    names = [found.problem.jobs[one.job].job_id for one in found.problem.operations]
    return found, {names[r.operation]: (r.start / HOUR + shift, r.end / HOUR + shift) for r in schedule.assignments}


class TestBreakdown:
    def test_what_runs_waits_and_the_rest_is_shifted_right(self) -> None:
        _, told = after(*line(), [down(3, 5)], now=3)
        assert told == {"A": (0, 2), "B": (2, 8), "C": (8, 11)}

    def test_what_may_not_be_interrupted_begins_again(self) -> None:
        _, told = after(*line(interruptible=False), [down(3, 5)], now=3)
        assert told == {"A": (0, 2), "B": (5, 9), "C": (9, 12)}

    def test_one_that_began_before_it_was_told_stopped_the_work_then(self) -> None:
        _, told = after(*line(), [down(1, 6)], now=4)
        assert told == {"A": (0, 7), "B": (7, 11), "C": (11, 14)}

    def test_one_that_is_over_has_left_its_delay(self) -> None:
        _, told = after(*line(), [down(1, 2)], now=4)
        assert told == {"A": (0, 3), "B": (4, 8), "C": (8, 11)}

    def test_one_that_is_to_come_stops_what_will_run_then(self) -> None:
        _, told = after(*line(), [down(4, 5)], now=1)
        assert told == {"A": (0, 2), "B": (2, 7), "C": (7, 10)}

    def test_what_the_plant_told_counts(self) -> None:
        made, plan = line()
        told = [Actual(0, "finished", 0, ((0, HOUR),)), Actual(1, "running", 1, ((HOUR, None),))]
        _, spans = after(made, plan, [down(2, 8)], now=2, actuals=told)
        assert spans == {"A": (0, 1), "B": (1, 5), "C": (8, 11)}

    def test_what_is_frozen_stays_unless_its_machine_is_down(self) -> None:
        made, plan = line()
        found, _ = after(made, plan, [down(8, 9)], now=1, frozen=10)
        assert found.problem.fixed[1:] == (FixedWork(1, 0, HOUR),)
        assert [decision.operation for decision in found.decisions] == [2]

    def test_a_pin_that_cannot_hold_is_told(self) -> None:
        made, plan = line()
        found, _ = after(made, plan, [down(8, 9)], now=1, pins={(1, 1), (2, 1)})
        assert found.released == (("C", "1"),)


def test_an_operator_who_is_away_stops_what_he_attends() -> None:
    rows = [job("A", 2, ["M1"], skill="weld"), job("B", 2, ["M2"], skill="weld")]
    made = problem(rows, BOTH, operators=[{"operator_id": "O", "skills": {"weld": 1}}])
    plan = replay(made, [Decision(0, 0, 0), Decision(1, 1, 0)])
    row = {"type": "operator_absence", "operator_id": "O", "from": at(1), "to": at(3), "reason": "ill"}
    found, told = after(made, plan, [row], now=1)
    assert told == {"A": (0, 4), "B": (4, 6)}
    assert found.problem.operators[0].absent[-1].reason == "ill"


def test_a_rush_order_goes_where_the_plan_is_best() -> None:
    made, plan = line()
    order = {"type": "rush_order", "job": job("R", 1, ["M1"], lcd_date=at(3.5), priority=1)}
    found, told = after(made, plan, [order], now=1)
    assert told["R"] == (2, 3)
    assert found.problem.jobs[3].job_id == "R"


def test_late_material_holds_back_what_has_not_begun() -> None:
    made, plan = line()
    _, told = after(made, plan, [{"type": "material_late", "job_id": "B", "until": at(7)}], now=1)
    assert told["B"] == (7, 11)
    with pytest.raises(InvalidProblem, match="has not begun"):
        after(made, plan, [{"type": "material_late", "job_id": "A", "until": at(7)}], now=1)


def test_late_material_may_be_of_one_operation() -> None:
    made = problem([job("A", operations=[operation("x", 1, ["M1"]), operation("y", 1, ["M2"])])], BOTH)
    plan = replay(made, [Decision(0, 0), Decision(1, 1)])
    row = {"type": "material_late", "job_id": "A", "operation_id": "y", "until": at(7)}
    found, _ = after(made, plan, [row], now=0)
    assert [one.start_after for one in found.problem.operations] == [None, 7 * HOUR]


def test_a_cancelled_job_is_gone_and_its_machine_free() -> None:
    made, plan = line()
    found, told = after(made, plan, [{"type": "job_cancelled", "job_id": "B"}], now=3)
    assert told == {"A": (0, 2), "C": (3, 6)}
    assert [one.job_id for one in found.problem.jobs] == ["A", "C"]


def test_a_machine_stays_in_the_family_of_the_job_that_was_cancelled_on_it() -> None:
    rows = [job("A", 4, ["M1"], family_id="red"), job("B", 1, ["M1"], family_id="blue")]
    matrix = {"paint": {"default": 1, "changes": []}}
    made = problem(rows, [machine("M1", setup_matrix="paint", initial_family="blue")], setup_matrices=matrix)
    plan = replay(made, [Decision(0, 0), Decision(1, 0)])
    _, told = after(made, plan, [{"type": "job_cancelled", "job_id": "A"}], now=3)
    assert told == {"B": (4, 5)}


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([], "disruptions: must list at least one disruption [min_items]"),
        (None, "disruptions: must list at least one disruption [min_items]"),
        ("M1", "disruptions: must be a list (got 'M1') [type]"),
        ([3], "disruptions[0]: must be an object (got 3) [type]"),
        ([{"type": "storm"}], "disruptions[0].type: must be one of"),
        (
            [down(1, 2, "M9")],
            "disruptions[0].machine_id: names none of this plan's problem (got 'M9') [unknown_machine]",
        ),
        ([down(2, 2)], "disruptions[0].to: must be after `from`"),
        ([down(1, 2) | {"colour": "red"}], "disruptions[0].colour: is no field of this object"),
        ([{"type": "machine_breakdown", "machine_id": "M1", "from": at(1)}], "disruptions[0].to: is required"),
        ([{"type": "job_cancelled", "job_id": "Z"}], "disruptions[0].job_id: names none"),
        ([{"type": "rush_order"}], "disruptions[0].job: must be an object"),
    ],
)
def test_what_is_wrong_is_named(rows: Any, fault: str) -> None:
    with pytest.raises(InvalidProblem) as refused:
        read_disruptions(line()[0], rows)
    assert str(refused.value.faults[0]).startswith(fault)


def test_a_rush_order_that_is_no_job_is_refused_where_it_stands() -> None:
    made, plan = line()
    rows = [down(1, 2), {"type": "rush_order", "job": job("A", -1, ["M9"])}]
    with pytest.raises(InvalidProblem) as refused:
        disrupted(made, plan, read_disruptions(made, rows))
    fields = {fault.field for fault in refused.value.faults}
    assert {"disruptions[1].job.job_id", "disruptions[1].job.machines[0].machine_id"} <= fields
