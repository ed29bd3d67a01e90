"""What the plant tells, in any order, and what follows from it."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

from models.shop.carry import Actual
from models.shop.executions import Event, Kind, actuals, contradiction, standing
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import HOUR, START, job, problem


def event(kind: Kind, hours: float, name: str = "", **fields: object) -> Event:
    moment = START + timedelta(hours=hours)
    return Event(name or f"{kind}-{hours}", "A", "1", kind, moment, **fields)  # type: ignore[arg-type]


def test_the_order_in_which_it_is_told_does_not_matter() -> None:
    told = [event("started", 0, machine_id="M1"), event("paused", 1), event("started", 2), event("finished", 4)]
    assert len({standing(order) for order in permutations(told)}) == 1
    found = standing(told)
    assert found is not None
    hours = [tuple((moment - START) / timedelta(hours=1) for moment in row if moment) for row in found.stretches]
    assert (found.state, hours, found.machine_id) == ("finished", [(0, 1), (2, 4)], "M1")


def test_a_pause_of_what_never_started_says_nothing_yet() -> None:
    assert standing([event("paused", 1)]) is None
    found = standing([event("paused", 1), event("started", 0)])
    assert found is not None
    assert found.state == "paused"


def test_scrapped_work_begins_again() -> None:
    told = [event("started", 0), event("finished", 1), event("scrapped", 2)]
    found = standing(told)
    assert found is not None
    assert (found.state, found.stretches) == ("scrapped", ())
    assert contradiction([*told, event("started", 3)]) is None
    again = standing([*told, event("started", 3)])
    assert again is not None
    assert (again.state, len(again.stretches)) == ("running", 1)


def test_an_end_before_the_start_or_a_second_end_cannot_be() -> None:
    assert contradiction([event("started", 0), event("finished", 1)]) is None
    both = contradiction([event("started", 2), event("finished", 1)])
    assert both is not None
    assert [one.kind for one in both] == ["finished", "started"]
    assert contradiction([event("finished", 1), event("finished", 2)]) is not None
    assert contradiction([event("started", 1), event("finished", 1)]) is not None


def test_what_was_told_becomes_actuals_of_the_plan() -> None:
    made = problem([job("A", 2, ["M1", "M2"]), job("B", 2, ["M1"])], ["M1", "M2"])
    plan = replay(made, [Decision(0, 0), Decision(1, 0)])
    told = [event("started", 1, machine_id="M2", left_hours=3.0), Event("x", "Z", "1", "started", START)]
    assert actuals(made, plan, told, 2 * HOUR) == [Actual(0, "running", 1, ((HOUR, None),), left=(HOUR, 3 * HOUR))]
    assert actuals(made, plan, told, HOUR // 2) == []


def test_without_a_start_it_is_as_long_before_the_end_as_planned() -> None:
    made = problem([job("A", 2, ["M1"])])
    plan = replay(made, [Decision(0, 0)])
    assert actuals(made, plan, [event("finished", 5)], 6 * HOUR) == [Actual(0, "finished", 0, ((3 * HOUR, 5 * HOUR),))]
