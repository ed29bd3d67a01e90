"""Improving in several ways: whose turn it is, what patches are made of, and proofs that end a run."""

from __future__ import annotations

import time
from dataclasses import replace
from random import Random

from models.shop.calendar import Calendars
from models.shop.generate import factory
from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.build import at, job, operation, problem
from workers import local
from workers.dispatch.portfolio import Attempt, Dispatcher
from workers.dispatch.rules import Rule
from workers.engine import Limits, Unwatched
from workers.improve.incumbent import Incumbent, LocalBoard, value_of
from workers.improve.left_out import LeftOut
from workers.improve.loop import Turns, improve
from workers.improve.lots import Lots
from workers.improve.standing import Proved, Standing, Steps, differences, higher, rebased, total
from workers.search.choice import searcher


class Way:
    """A way that only has a name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def step(self, standing: Standing, level: int, target: int, limits: Limits) -> bool:
        return True


def shop() -> Problem:
    """A small factory with everything in it, too loaded to be on time."""
    return relaxed(parse(factory(40, 5, 2, setups=True, routings=True, calendars=True, operators=True)))


def started(of: Problem) -> LocalBoard:
    """A board with a dispatch plan."""
    schedule = Dispatcher(of, range(len(of.jobs))).plan(Attempt(Rule("spt"), "event")).schedule
    return LocalBoard(Incumbent(1, value_of(of, schedule), schedule.decisions()))


def test_every_way_has_a_turn_and_then_the_one_that_gains() -> None:
    one, other = Way("one"), Way("other")
    turns = Turns([one, other], Random(1))
    assert turns.next() is one
    turns.count(one, 0.0)
    assert turns.next() is other
    turns.count(other, 0.5)
    chosen = [turns.next() for _ in range(200)]
    assert chosen.count(other) > 160
    assert chosen.count(one) > 0
    turns.drop(other)
    assert turns.next() is one


def test_the_differences_of_two_plans_lead_from_one_to_the_other() -> None:
    of = shop()
    calendars = Calendars(of)
    plans = [
        Dispatcher(of, range(len(of.jobs)), calendars).plan(Attempt(Rule(name), "event")).schedule
        for name in ("spt", "edd")
    ]
    moves = differences(*plans)
    assert 0 < len(moves) <= len(plans[0].assignments)
    after = rebased(of, plans[0], moves, calendars)
    machines = {(a.operation, a.lot): a.machine for a in plans[1].assignments}
    assert {(a.operation, a.lot): a.machine for a in after.assignments} == machines
    assert differences(plans[1], plans[1]) == ()


def test_two_searches_bring_their_patches_together() -> None:
    of = shop()
    board = started(of)
    first = board.read()
    assert first is not None
    standings = [Standing(of, board, Unwatched()) for _ in range(2)]
    for seed, standing in enumerate(standings):
        standing.read()
        assert standing.plan is not None
        base = standing.plan.schedule
        search = searcher(of, range(len(of.jobs)), standing.calendars, seed)
        search.adopt(base)
        search.run_counted(0.3, 0.3)
        found = replay(of, search.decisions(), None, standing.calendars)
        standing.offer((1, base), differences(base, found), found)
    now = board.read()
    assert now is not None
    assert now.value < first.value
    assert sum(standing.steps.better + standing.steps.lost for standing in standings) >= 1
    assert value_of(of, replay(of, now.decisions)) == now.value


def test_jobs_left_out_get_the_place_of_work_that_can_wait() -> None:
    def routed(job_id: str, hours: float, **fields: object) -> dict[str, object]:
        return job(job_id, operations=[operation("1", hours, ["M1"]), operation("2", hours, ["M2"])], **fields)

    of = problem(
        [
            *(routed(f"late{n}", 4, lcd_date=at(1)) for n in range(3)),
            routed("hard", 1, lcd_date=at(2), lcd_hard=True),
            routed("too long", 5, lcd_date=at(2), lcd_hard=True),
        ],
        ["M1", "M2"],
    )
    first = replay(of, [Decision(operation.number, min(operation.options)) for operation in of.operations])
    assert [of.jobs[row.job].job_id for row in first.unscheduled] == ["hard", "too long"]
    board = LocalBoard(Incumbent(1, value_of(of, first), first.decisions()))
    standing, way = Standing(of, board, Unwatched()), LeftOut(Random(1))
    for _ in range(2):
        standing.read()
        going_on = way.step(standing, 0, 0, Limits.within(10))
    assert not going_on
    assert standing.plan is not None
    assert [of.jobs[row.job].job_id for row in standing.plan.schedule.unscheduled] == ["too long"]
    assert validate(of, standing.plan.schedule).valid


def test_a_long_operation_is_cut_where_a_machine_is_idle() -> None:
    def routed(job_id: str, **fields: object) -> dict[str, object]:
        return job(job_id, operations=[operation("1", 1, ["M1"]), operation("2", 20, ["M1", "M2"], **fields)])

    of = problem([routed("whole"), routed("may be cut", max_lots=2)], ["M1", "M2", "M3"], objective="makespan")
    first = replay(of, [Decision(operation.number, 0) for operation in of.operations])
    board = LocalBoard(Incumbent(1, value_of(of, first), first.decisions()))
    standing, way = Standing(of, board, Unwatched()), Lots(Random(1))
    for _ in range(3):
        standing.read()
        assert way.step(standing, 0, 0, Limits.within(10))
    assert standing.plan is not None
    assert {row.operation for row in standing.plan.schedule.assignments if row.lot == 2} == {3}
    assert value_of(of, standing.plan.schedule) < value_of(of, first)
    assert validate(of, standing.plan.schedule).valid


def test_an_improver_makes_a_late_factory_better_by_search() -> None:
    of = shop()
    board = started(of)
    before = board.read()
    steps = improve(of, board, Limits.within(2.0, seed=1))
    after = board.read()
    assert before is not None
    assert after is not None
    assert after.levels < before.levels
    assert 0 < steps.better + steps.sideways <= steps.tried
    assert steps.proved


def test_a_proof_ends_a_run_before_its_time() -> None:
    jobs = [
        job(f"J{n}", operations=[operation("1", 1 + n % 3, ["M1", "M2"]), operation("2", 2, ["M2", "M3"])])
        for n in range(6)
    ]
    of = problem(jobs, ["M1", "M2", "M3"], objective="makespan")
    of = replace(of, options=replace(of.options, seconds=30.0))
    begun = time.monotonic()
    document = local.solve(of)
    assert document["status"] == "optimal"
    assert time.monotonic() - begun < 25


def test_what_improvers_prove_is_put_together_and_survives_json() -> None:
    low, high = Proved(1, "alone"), Proved(5, "cpsat")
    assert higher((low, None), (high, low, high)) == (high, low, high)
    both = total([Steps(tried=1, proved=(low, high)), Steps(tried=2, better=1, proved=(high, None))])
    assert (both.tried, both.better, both.proved) == (3, 1, (high, high))
    document = {"tried": 3, "better": 1, "sideways": 0, "lost": 0, "blocked": 0, "proved": [[5, "cpsat"], None]}
    assert Steps.of(document).proved == (high, None)
