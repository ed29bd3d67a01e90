"""What if: each change of a problem, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from models.shop.calendar import Calendars
from models.shop.canonical import canonical_bytes
from models.shop.parse import load
from models.shop.problem import Problem
from models.shop.reading.row import Faults
from models.shop.whatif import changed
from tests.build import HOUR, at, job, machine, problem

DAY = {"weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "06:00", "to": "14:00"}]}


def shop() -> Problem:
    return problem(
        [job("A", 2, ["M1", "M2"], skill="weld", lcd_date=at(20)), job("B", 2, ["M1"])],
        [machine("M1", calendar="day"), machine("M2", calendar="day"), machine("M3")],
        calendars={"day": DAY},
        operators=[{"operator_id": "O", "skills": {"weld": 1}, "calendar": "day"}, {"operator_id": "P"}],
    )


def after(*changes: dict[str, Any]) -> Problem:
    faults = Faults()
    made = changed(shop(), list(changes), faults, "scenarios[0].changes")
    faults.check()
    load(canonical_bytes(made))
    return made


def hours(made: Problem, which: str) -> list[tuple[float, float]]:
    kind, index = which[0], int(which[1])
    calendars = Calendars(made)
    opened = calendars.machine(index) if kind == "m" else calendars.operator(index)
    return [(start / HOUR, end / HOUR) for start, end in opened.intervals(0, 48 * HOUR)]


def opened(**who: str) -> dict[str, Any]:
    return {"type": "open_hours", **who, "from": at(14), "to": at(16)}


def test_a_machine_is_open_for_longer_and_others_of_its_calendar_are_not() -> None:
    made = after(opened(machine_id="M1"))
    assert hours(made, "m0") == [(6, 16), (30, 38)]
    assert hours(made, "m1") == [(6, 14), (30, 38)]


def test_so_is_an_operator_or_a_whole_calendar() -> None:
    assert hours(after(opened(operator_id="O")), "o0") == [(6, 16), (30, 38)]
    made = after(opened(calendar="day"))
    assert hours(made, "m1") == hours(made, "o0") == [(6, 16), (30, 38)]


def test_one_more_shift() -> None:
    shift = {"days": ["mon"], "from": "20:00", "to": "22:00", "shift": "late"}
    made = after({"type": "shift", "calendar": "day", "weekly": [shift]})
    assert hours(made, "m0") == [(6, 14), (20, 22), (30, 38)]


def test_one_more_machine_runs_what_the_other_may() -> None:
    made = after({"type": "machine", "like": "M1", "machine_id": "M1b"})
    assert [one.options for one in made.operations] == [{0: 7200, 1: 7200, 3: 7200}, {0: 7200, 3: 7200}]
    assert made.machines[3].calendar == "day"


def test_rules_objectives_and_weights() -> None:
    made = after(
        {"type": "relax", "rule": "calendar:day"},
        {"type": "objective", "objective": "makespan"},
        {"type": "weight", "job_id": "A", "weight": 7.5},
    )
    assert hours(made, "m0") == [(0, 48)]
    assert made.options.relax == ("calendar:day",)
    assert made.objective == ({"makespan": 1000},)
    assert made.jobs[0].weight == 7500


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"type": "relax", "rule": "gravity"}, "rule", "unknown_rule"),
        ({"type": "relax", "rule": "calendar:night"}, "rule", "unknown_calendar"),
        ({"type": "magic"}, "type", "unknown_type"),
        (opened(machine_id="M9"), "machine_id", "unknown"),
        (opened(machine_id="M3"), "machine_id", "always_open"),
        (opened(operator_id="P"), "operator_id", "always_open"),
        (opened(machine_id="M1", calendar="day"), "machine_id", "one_of"),
        (opened(machine_id="M1") | {"to": at(14)}, "to", "order"),
        ({"type": "shift", "calendar": "day"}, "weekly", "min_items"),
        ({"type": "machine", "like": "M1", "machine_id": "M2"}, "machine_id", "duplicate"),
        ({"type": "objective", "objective": "profit"}, "objective", "unknown_term"),
        ({"type": "weight", "job_id": "A", "weight": 0.0001}, "weight", "decimals"),
        ({"type": "weight", "job_id": "A", "weight": 1, "colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str, rule: str) -> None:
    faults = Faults()
    changed(shop(), [change], faults, "scenarios[0].changes")
    assert [(fault.field, fault.rule) for fault in faults.kept] == [(f"scenarios[0].changes[0].{field}", rule)]
