"""The smallest single change that makes a late job on time."""

from __future__ import annotations

import pytest

from models.shop.problem import Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.build import at, job, machine, problem
from workers.engine import warm
from workers.explain.document import of_remedy
from workers.explain.remedy import Remedy, remedy

DAY = {"day": {"weekly": [{"days": ["mon", "tue", "wed", "thu"], "from": "00:00", "to": "08:00"}]}}


def found(made: Problem, plan: Schedule, number: int) -> Remedy:
    warm(made)
    one = remedy(made, plan, number, 2.0)
    if one.schedule is not None:
        assert one.change is not None
        assert validate(one.change.problem, one.schedule).violations == ()
        assert one.completion is not None
        assert one.completion <= (made.jobs[number].due or 0)
    return one


def test_another_order_is_the_smallest_change_and_says_what_the_others_pay() -> None:
    made = problem([job("A", 4, ["M1"], lcd_date=at(4)), job("B", 1, ["M1"], lcd_date=at(1))])
    one = found(made, replay(made, [Decision(0, 0), Decision(1, 0)]), 1)
    assert one.change is not None
    assert (one.change.kind, one.change.scenario, one.moved) == ("order", None, 1)
    told = of_remedy(made, one)
    assert told["levels"][1] == {"objective": "weighted_tardiness", "before": 12.0, "after": 3.0}
    assert told["completion_time"] == at(1)


def test_the_fewest_more_hours_that_help_are_found() -> None:
    made = problem([job("A", 10, ["M1"], lcd_date=at(20))], [machine("M1", calendar="day")], calendars=DAY)
    one = found(made, replay(made, [Decision(0, 0)]), 0)
    assert one.change is not None
    assert one.change.scenario == {
        "type": "open_hours", "machine_id": "M1", "from": at(8), "to": at(10),
    }  # fmt: skip
    assert one.tried == ("order", "open_hours")


def test_an_earlier_release_comes_before_a_new_machine_and_a_dropped_rule() -> None:
    made = problem([job("A", 3, ["M1"], release_date=at(5), lcd_date=at(6))])
    one = found(made, replay(made, [Decision(0, 0)]), 0)
    assert one.change is not None
    assert (one.change.kind, one.tried) == ("release", ("order", "release"))


def test_a_rule_is_dropped_where_nothing_smaller_helps() -> None:
    made = problem(
        [job("A", 3, ["M1"], skill="weld", lcd_date=at(4))],
        operators=[{"operator_id": "O", "skills": {"weld": 1}, "absent": [{"from": at(0), "to": at(5)}]}],
    )
    one = found(made, replay(made, [Decision(0, 0)]), 0)
    assert one.change is not None
    assert one.change.words == "without skill"


def test_where_nothing_helps_it_says_what_was_tried() -> None:
    made = problem([job("A", 3, ["M1"], lcd_date=at(2))])
    one = found(made, replay(made, [Decision(0, 0)]), 0)
    assert (one.change, one.tried) == (None, ("order", "machine"))
    assert of_remedy(made, one)["change"] is None


def test_a_job_is_not_saved_by_leaving_out_another() -> None:
    rows = [job("A", 4, ["M1"], lcd_date=at(4), lcd_hard=True), job("B", 1, ["M1"], lcd_date=at(1))]
    made = problem(rows, [machine("M1", calendar="day")], calendars=DAY)
    one = found(made, replay(made, [Decision(0, 0), Decision(1, 0)]), 1)
    assert one.change is not None
    assert one.change.kind == "machine"


def test_without_a_due_date_there_is_nothing_to_make() -> None:
    made = problem([job("A", 3, ["M1"])])
    with pytest.raises(ValueError, match="has no due date"):
        remedy(made, replay(made, [Decision(0, 0)]), 0)
