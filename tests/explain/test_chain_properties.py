"""Chains of any shop's plans: links join up without unexplained seconds, and the validator agrees on what held them."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.shop.alone import topological
from models.shop.calendar import Calendars
from models.shop.fixed_conflicts import fixed_conflicts
from models.shop.fixed_setups import with_setups
from models.shop.parse import parse
from models.shop.problem import WHOLE_SHARE, Problem
from models.shop.relax import relaxed
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.strategies import Document, problems
from workers.explain.chain import JOINTS, ORIGINS, Chain, chain
from workers.explain.plan import Plan


def planned(problem: Problem, random: Random, *, hold_back: bool = False) -> Schedule:
    """A plan of decisions in some order; ``hold_back`` starts some work without successors later than it could."""
    decisions = []
    for number in topological(problem, random.sample(range(len(problem.operations)), len(problem.operations))):
        operation = problem.operations[number]
        lots = random.randint(1, operation.max_lots)
        shares = [WHOLE_SHARE // lots + (i < WHOLE_SHARE % lots) for i in range(lots)]
        decisions += [
            Decision(number, random.choice(sorted(operation.options)), None, i, share)
            for i, share in enumerate(shares, 1)
        ]
    schedule = replay(problem, decisions)
    if not hold_back:
        return schedule
    for row in schedule.assignments:
        later = moved(problem, row, row.start + random.choice((60, 3600, 20_000)))
        if not row.fixed and later is not None and not faults(problem, changed := put(problem, schedule, row, later)):
            schedule = changed
    return schedule


def moved(problem: Problem, row: Assignment, start: int) -> Assignment | None:
    opened = Calendars(problem).both(row.machine, row.operator)
    end = opened.finish(start, row.seconds)
    return None if end is None else row._replace(start=start, end=end)


def put(problem: Problem, schedule: Schedule, row: Assignment, other: Assignment) -> Schedule:
    """The schedule with ``row`` as ``other``, and the conflicts that fixed work has then."""
    calendars = Calendars(problem)
    rows = sorted(
        (other if one is row else one for one in schedule.assignments),
        key=lambda a: (a.start, a.end, a.operation, a.lot),
    )
    dated, unset = with_setups(problem, calendars, rows)
    return replace(
        schedule, assignments=tuple(dated), fixed_conflicts=fixed_conflicts(problem, calendars, dated, unset)
    )


def faults(problem: Problem, schedule: Schedule) -> list[str]:
    """What the validator finds, but for the stated setups, which move with the work."""
    found = validate(problem, schedule).violations
    return [f"{v.rule}: {v.detail}" for v in found if not (v.rule == "setup" and "states" in v.detail)]


def check_joined(plan: Plan, found: Chain) -> None:
    for link in found.links:
        assert sum(link.spent.values()) == link.work.end - link.since
        assert sum(link.run.values()) == link.work.end - max(link.work.start, min(link.since, link.work.end))
        assert link.could_start <= link.work.start
        assert all(seconds > 0 for seconds in link.spent.values())
        if not link.work.fixed:
            assert link.run["processing"] == link.work.seconds
    for before, link in zip(found.links, found.links[1:], strict=False):
        assert link.since == before.work.end
        assert link.why in JOINTS
    assert found.links[0].why in ORIGINS
    assert found.completion - found.begin == sum(found.spent.values())
    last = plan.last(found.job)
    assert last is not None
    assert found.completion == last.end


QUICK: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


@settings(max_examples=60, **QUICK)
@given(document=problems(), seed=st.integers(0, 10_000))
def test_links_join_up(document: Document, seed: int) -> None:
    problem = relaxed(parse(document))
    random = Random(seed)
    hold_back = random.random() < 0.3
    plan = Plan(problem, planned(problem, random, hold_back=hold_back))
    for job in problem.jobs:
        if plan.last(job.index) is None:
            continue
        found = chain(plan, job.index)
        check_joined(plan, found)
        assert hold_back or "idle" not in found.spent


@settings(max_examples=30, **QUICK)
@given(document=problems(max_jobs=4), seed=st.integers(0, 10_000))
def test_the_validator_agrees_on_what_held_an_operation(document: Document, seed: int) -> None:
    problem = relaxed(parse(document))
    schedule = planned(problem, Random(seed))
    plan = Plan(problem, schedule)
    assert not faults(problem, schedule)
    for job in problem.jobs:
        for link in chain(plan, job.index).links if plan.last(job.index) else ():
            if link.work.fixed:
                continue
            earlier = moved(problem, link.work, link.work.start - 1)
            if link.could_start == link.work.start:
                assert earlier is None or faults(problem, put(problem, schedule, link.work, earlier)), link
            else:
                could = moved(problem, link.work, link.could_start)
                assert could is not None
                assert not faults(problem, put(problem, schedule, link.work, could)), link
