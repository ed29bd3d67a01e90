"""Earliest ends alone in the shop: true lower bounds for every plan."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.shop.alone import earliest_ends, topological
from models.shop.parse import parse
from models.shop.problem import Calendar, FixedWork, Machine, Operator, Window
from models.shop.relax import relaxed
from models.shop.timeline import replay
from tests.shop.test_replay import decide
from tests.strategies import Document, problems
from tests.validator.shop import shop

HOUR = 3600
DAYTIME = {"day": Calendar("day", (Window(frozenset(range(7)), 6 * HOUR, 14 * HOUR),)), "never": Calendar("never", ())}


def step(options: dict[int, int], **fields: Any) -> dict[str, Any]:
    return {"options": options, **fields}


def test_the_chain_takes_the_fastest_machines() -> None:
    problem = shop([step({0: 100, 1: 90}), step({0: 30}, min_delay=5)], [step({0: 1})], job={1: {"earliest": 7}})
    assert earliest_ends(problem) == [90, 125, 8]


def test_calendars_count_so_the_fastest_may_not_be_first() -> None:
    machines = (Machine("M1", calendar="day"), Machine("M2"))
    problem = shop([step({0: HOUR, 1: 6 * HOUR})], [step({0: 9 * HOUR})], machines=machines, calendars=DAYTIME)
    assert earliest_ends(problem) == [6 * HOUR, 31 * HOUR]


def test_operators_calendars_count() -> None:
    operators = (Operator("P1", {"welding": 1}, "never"), Operator("P2", {"welding": 1}, "day"))
    problem = shop([step({0: HOUR}, skill="welding")], operators=operators, calendars=DAYTIME)
    assert earliest_ends(problem) == [7 * HOUR]


def test_what_never_fits_or_ends_too_late_has_no_end_nor_have_its_successors() -> None:
    machines = (Machine("M1", calendar="day"), Machine("M2", calendar="never"))
    problem = shop(
        [step({0: 9 * HOUR}, interruptible=False), step({0: 1})], [step({1: 1})], [step({0: 1}, end_before=6 * HOUR)],
        machines=machines, calendars=DAYTIME,
    )  # fmt: skip
    assert earliest_ends(problem) == [None, None, None, None]


def test_fixed_work_ends_as_it_stands() -> None:
    problem = shop(
        [step({0: 100}), step({1: 10})], [step({0: 100, 1: 100}, max_lots=2, min_lot=1)],
        fixed=(FixedWork(0, 0, 500), FixedWork(2, 1, 70, share=400_000)),
    )  # fmt: skip
    assert earliest_ends(problem) == [600, 610, 110]


def test_lots_count_as_if_on_the_fastest_machines_at_once() -> None:
    machines = (Machine("M1"), Machine("M2", capacity=2), Machine("M3"))
    jobs = [[step({0: 100, 1: 50, 2: 1000}, max_lots=k)] for k in (1, 2, 3)]
    assert earliest_ends(shop(*jobs, machines=machines)) == [50, 25, 20]


def test_topological_order() -> None:
    problem = shop([step({0: 1}, predecessors=(1, 2)), step({0: 1}, predecessors=(2,)), step({0: 1}, predecessors=())])
    assert topological(problem) == [2, 1, 0]
    assert topological(problem, range(0, 3)) == [2, 1, 0]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems(), st.integers(0, 1000))
def test_no_plan_is_earlier(document: Document, seed: int) -> None:
    problem = relaxed(parse(document))
    schedule = replay(problem, decide(problem, seed))
    ends = earliest_ends(problem)
    left_out = {u.job for u in schedule.unscheduled}
    for a in schedule.assignments:
        end = ends[a.operation]
        if problem.operations[a.operation].job not in left_out:
            whole = max(b.end for b in schedule.assignments if b.operation == a.operation)
            assert end is not None and end <= whole
