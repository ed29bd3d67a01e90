"""The machines that late jobs wait for, and where one more open hour helps."""

from __future__ import annotations

from models.shop.problem import Span
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import HOUR, at, job, machine, problem
from workers.explain.tightest import tightest

DAY = {"day": {"weekly": [{"days": ["mon", "tue", "wed"], "from": "00:00", "to": "08:00"}]}}


def test_the_machine_with_the_costliest_wait_comes_first() -> None:
    made = problem(
        [
            job("A", 9, ["M1"], lcd_date=at(8)),
            job("B", 9, ["M2"], lcd_date=at(8), priority=1),
            job("C", 1, ["M3"], lcd_date=at(8)),
        ],
        [machine("M1", calendar="day"), machine("M2", calendar="day"), machine("M3", calendar="day")],
        calendars=DAY,
    )
    plan = replay(made, [Decision(0, 0), Decision(1, 1), Decision(2, 2)])
    found = tightest(made, plan)
    assert [(one.machine, one.span) for one in found] == [
        (1, Span(8 * HOUR, 9 * HOUR)), (0, Span(8 * HOUR, 9 * HOUR)),
    ]  # fmt: skip
    assert [one.hours for one in found] == [5 * 25.0, 3 * 25.0]
    assert len(tightest(made, plan, most=1)) == 1


def test_a_machine_that_never_closes_has_nothing_to_open() -> None:
    made = problem([job("A", 9, ["M1"], lcd_date=at(8))])
    assert [one.span for one in tightest(made, replay(made, [Decision(0, 0)]))] == [None]
