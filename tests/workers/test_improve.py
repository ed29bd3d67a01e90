"""Improving: what a neighbourhood is decided to, that plans only get better, and that nothing else moves."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.shop.calendar import Calendars
from models.shop.objective import LEVEL_UNIT, evaluate
from models.shop.problem import Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.build import at, job, machine, operation, problem
from tests.workers.cpsat_shops import Recorder, best_by_brute_force, tiny_shops
from workers.cpsat.repair import CpSatRepairer
from workers.engine import Limits, Neighbourhood, Repair, Unwatched
from workers.improve.incumbent import Incumbent, LocalBoard, value_of
from workers.improve.loop import improve
from workers.improve.neighbourhood import Plan, pick
from workers.improve.standing import rebased

QUICK = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


def first_plan(shop: Problem) -> Schedule:
    """Every operation in the order of its number, on its first machine, with whoever is there first."""
    return replay(shop, [Decision(o.number, next(iter(o.options))) for o in shop.operations])


def repaired(shop: Problem, before: Schedule, free: frozenset[int], kept: frozenset[int]) -> tuple[Repair, Schedule]:
    """What the neighbourhood is decided to, and the plan that comes of it."""
    calendars = Calendars(shop)
    around = Neighbourhood(shop, calendars, before, free, kept)
    found = CpSatRepairer().repair(around, Limits.within(10), Unwatched())
    return found, rebased(shop, before, found.moves, calendars)


def everything(shop: Problem) -> frozenset[int]:
    """All operations."""
    return frozenset(range(len(shop.operations)))


@QUICK
@given(tiny_shops(calendars=False, people=True))
def test_a_whole_shop_set_free_gets_its_least_makespan(shop: Problem) -> None:
    shop = replace(shop, objective=({"makespan": 1000},))
    before = first_plan(shop)
    found, after = repaired(shop, before, everything(shop), frozenset())
    assert found.proved
    assert validate(shop, after).valid
    if not before.unscheduled and not shop.fixed:
        assert evaluate(shop, after) == best_by_brute_force(shop)


@QUICK
@given(tiny_shops(people=True), st.integers(0, 15))
def test_some_operations_free_and_some_kept_make_no_plan_worse(shop: Problem, chosen: int) -> None:
    before = first_plan(shop)
    free = frozenset(number for number in everything(shop) if chosen >> number & 1)
    _, after = repaired(shop, before, free, everything(shop) - free)
    assert validate(shop, after).valid
    if not shop.fixed:
        assert evaluate(shop, after)[:2] <= evaluate(shop, before)[:2]
    assert {a.operation: a.machine for a in after.assignments if a.operation not in free} == {
        a.operation: a.machine for a in before.assignments if a.operation not in free
    }


def _queue() -> Problem:
    jobs = [job("late", 2, ["M1"], lcd_date=at(2), weight=5)]
    jobs = [job("early", 3, ["M1"], lcd_date=at(20)), job("next", 1, ["M1"], lcd_date=at(20)), *jobs]
    return problem(jobs, ["M1"])


def test_what_is_kept_gives_way_to_what_is_free() -> None:
    shop = _queue()
    before = first_plan(shop)
    _, pinned = repaired(shop, before, frozenset({2}), frozenset())
    assert evaluate(shop, pinned) == evaluate(shop, before)
    _, moved = repaired(shop, before, frozenset({2}), frozenset({0, 1}))
    assert [a.operation for a in moved.assignments] == [2, 0, 1]
    assert evaluate(shop, moved)[1] == 0


def test_a_hard_due_date_and_a_latest_end_hold() -> None:
    jobs = [
        job("hard", 2, ["M1"], lcd_date=at(2), lcd_hard=True),
        job("window", 2, ["M1"], end_before=at(4)),
        job("late", 1, ["M1"], lcd_date=at(1), weight=9),
    ]
    shop = problem(jobs, ["M1"])
    before = first_plan(shop)
    found, after = repaired(shop, before, everything(shop), frozenset())
    assert found.proved
    assert [a.end for a in after.assignments] == [a.end for a in before.assignments]


def test_a_crew_is_not_asked_for_more_than_it_attends() -> None:
    jobs = [job(name, 2, [name], skill="weld", lcd_date=at(2), weight=w) for name, w in (("A", 1), ("B", 1), ("C", 5))]
    crew = [{"operator_id": "crew", "skills": {"weld": 1}, "capacity": 2}]
    shop = problem(jobs, ["A", "B", "C"], operators=crew)
    before = first_plan(shop)
    assert evaluate(shop, before)[1] == 10 * LEVEL_UNIT
    _, after = repaired(shop, before, everything(shop), frozenset())
    assert validate(shop, after).valid
    assert evaluate(shop, after)[1] == 2 * LEVEL_UNIT


def _large() -> Problem:
    jobs = [
        job(
            f"J{n}",
            operations=[
                operation(str(k), 1 + (n * 7 + k * 3) % 11, sorted({f"M{(n * k + k) % 8}", f"M{k}"})) for k in range(5)
            ],
            lcd_date=at(10 + n),
        )
        for n in range(20)
    ]
    return problem(jobs, [machine(f"M{n}") for n in range(8)])


def test_the_loop_makes_a_plan_better_and_stops_when_asked() -> None:
    shop = _large()
    before = first_plan(shop)
    board = LocalBoard(Incumbent(1, value_of(shop, before), before.decisions()))
    assert improve(shop, board, Limits.within(5), Recorder(cancel=True)).tried == 0

    class UntilBetter(Recorder):
        def cancelled(self) -> bool:
            return len(self.incumbents) > 2

    watch = UntilBetter()
    steps = improve(shop, board, Limits.within(60), watch)
    best = board.read()
    assert best is not None
    assert steps.better > 0
    assert watch.incumbents == sorted(watch.incumbents, reverse=True)
    assert best.levels < evaluate(shop, before)
    after = replay(shop, best.decisions)
    assert validate(shop, after).valid
    assert evaluate(shop, after) == best.levels


def test_neighbourhoods_are_disjoint_sets_of_about_the_size_asked_for() -> None:
    shop = _large()
    plan = Plan(shop, first_plan(shop))
    for seed in range(20):
        chosen = pick(plan, 0, 10, Random(seed))
        assert chosen is not None
        assert 2 <= len(chosen.free) <= 20
        assert not chosen.free & chosen.kept
        assert chosen.machines == {plan.rows[number].machine for number in chosen.free}
