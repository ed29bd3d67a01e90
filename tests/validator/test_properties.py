"""The validator against the timeline: what is replayed is valid, and what is then broken is caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.shop.objective import as_document, measure
from models.shop.parse import parse
from models.shop.problem import WHOLE_SHARE, Operation, Problem
from models.shop.relax import relaxed
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.timeline import replay
from models.shop.validator import facts, validate
from tests.strategies import Document, problems

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def pieces(problem: Problem, operation: Operation, machine: int, random: Random) -> list[tuple[int, int]]:
    """(lot, share) of what is not fixed of an operation: now and then cut in two where that is allowed."""
    fixed = problem.fixed_by_operation.get(operation.number, ())
    rest = WHOLE_SHARE - sum(work.share for work in fixed)
    free = [lot for lot in range(1, len(fixed) + 3) if lot not in {work.lot for work in fixed}]
    if rest <= 0:
        return []
    first = random.randint(1, rest - 1)
    seconds = [-(-operation.options[machine] * share // WHOLE_SHARE) for share in (first, rest - first)]
    if len(fixed) + 2 <= operation.max_lots and min(seconds) >= operation.min_lot and random.random() < 0.7:
        return [(free[0], first), (free[1], rest - first)]
    return [(free[0], rest)]


def decide(problem: Problem, seed: int) -> list[Decision]:
    """Decisions in an arbitrary order that respects precedence, on arbitrary eligible machines."""
    random = Random(seed)
    order: list[Decision] = []
    waiting = {operation.number for operation in problem.operations}
    while waiting:
        ready = [number for number in sorted(waiting) if not waiting & set(problem.operations[number].predecessors)]
        number = random.choice(ready)
        waiting.remove(number)
        operation = problem.operations[number]
        machine = random.choice(sorted(operation.options))
        for lot, share in pieces(problem, operation, machine, random):
            operator = None
            if operation.skill is not None and random.random() < 0.5:
                operator = random.choice(problem.operators_by_skill[operation.skill, operation.skill_level])
            order.append(Decision(number, machine, operator, lot, share))
    return order


def replayed(document: Document, seed: int) -> tuple[Problem, Schedule]:
    """A drawn problem, and the schedule that arbitrary decisions replay to."""
    problem = relaxed(parse(document))
    return problem, replay(problem, decide(problem, seed))


@QUICK
@given(problems(), st.integers(0, 1000))
def test_whatever_is_replayed_is_valid(document: Document, seed: int) -> None:
    problem, schedule = replayed(document, seed)
    verdict = validate(problem, schedule, as_document(measure(problem, schedule)))
    assert verdict.violations == ()


@QUICK
@given(problems(max_jobs=3), st.integers(0, 1000))
def test_replaying_a_schedules_own_decisions_is_valid_too(document: Document, seed: int) -> None:
    problem, schedule = replayed(document, seed)
    assert validate(problem, replay(problem, schedule.decisions())).violations == ()


Mutation = Callable[[Problem, Schedule, Assignment], Schedule | None]


def _with(schedule: Schedule, old: Assignment, *new: Assignment) -> Schedule:
    return replace(schedule, assignments=(*(a for a in schedule.assignments if a is not old), *new))


def lengthen(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a, a._replace(end=a.end + 1, seconds=a.seconds + 1))


def shorten(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a, a._replace(end=a.end - 1))


def begin_early(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a, a._replace(start=a.start - 1))


def drop(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a)


def double(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a, a, a)


def misplace(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    options = problem.operations[a.operation].options
    others = [machine for machine in range(len(problem.machines)) if machine not in options]
    return _with(schedule, a, a._replace(machine=others[0])) if others else None


def send_away(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a, a._replace(operator=None)) if a.operator is not None else None


def call_someone(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    operation = problem.operations[a.operation]
    able = () if operation.skill is None else problem.operators_by_skill[operation.skill, operation.skill_level]
    others = [number for number in range(len(problem.operators)) if number not in able]
    return _with(schedule, a, a._replace(operator=others[0])) if others else None


def early_setup(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a, a._replace(setup_start=a.setup_start - 1)) if a.setup_start is not None else None


def no_setup(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a, a._replace(setup_start=None)) if a.setup_start is not None else None


def pile_up(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    capacity = problem.machines[a.machine].capacity
    others = [b for b in schedule.assignments if b.machine == a.machine and b is not a and b.start >= 0 and not b.fixed]
    if capacity > 1 or not others:
        return None
    return _with(schedule, others[0], others[0]._replace(start=a.start, end=a.end))


def overtake(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    after = problem.successors[a.operation]
    later = [b for b in schedule.assignments if b.operation in after and not b.fixed]
    return _with(schedule, later[0], later[0]._replace(start=a.end - 1)) if later else None


def cut_share(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a, a._replace(share=a.share - 1))


def pretend_fixed(problem: Problem, schedule: Schedule, a: Assignment) -> Schedule | None:
    return _with(schedule, a, a._replace(fixed=True))


MUTATIONS: tuple[tuple[Mutation, set[str]], ...] = (
    (lengthen, {"duration", "calendar"}),
    (shorten, {"duration", "time"}),
    (begin_early, {"duration", "calendar", "time"}),
    (drop, {"missing", "lots"}),
    (double, {"duplicate"}),
    (misplace, {"eligibility"}),
    (send_away, {"operator"}),
    (call_someone, {"operator"}),
    (early_setup, {"setup"}),
    (no_setup, {"setup"}),
    (pile_up, {"overlap"}),
    (overtake, {"precedence"}),
    (cut_share, {"lots"}),
    (pretend_fixed, {"fixed"}),
)


@QUICK
@given(problems(max_jobs=4), st.integers(0, 1000))
def test_whatever_is_broken_is_caught(document: Document, seed: int) -> None:
    problem, schedule = replayed(document, seed)
    free = [a for a in schedule.assignments if not a.fixed]
    for a in Random(seed).sample(free, min(3, len(free))):
        for mutate, expected in MUTATIONS:
            broken = mutate(problem, schedule, a)
            if broken is not None:
                found = {violation.rule for violation in validate(problem, broken).violations}
                assert found & expected, f"{mutate.__name__} of {a}"


@QUICK
@given(problems(max_jobs=4), st.integers(0, 1000))
def test_looking_closer_at_everything_finds_the_same(document: Document, seed: int) -> None:
    problem, schedule = replayed(document, seed)
    free = [a for a in schedule.assignments if not a.fixed]
    plans = [
        mutate(problem, schedule, a) for a in Random(seed).sample(free, min(2, len(free))) for mutate, _ in MUTATIONS
    ]
    for plan in [schedule, *(plan for plan in plans if plan is not None)]:
        quick = validate(problem, plan)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(facts, "doubtful", lambda *given: given[1])
            closer = validate(problem, plan)
        assert quick == closer


@settings(QUICK, max_examples=25)
@given(problems(max_jobs=3), st.integers(0, 1000))
def test_wrong_metrics_are_caught(document: Document, seed: int) -> None:
    problem, schedule = replayed(document, seed)
    stated = dict(as_document(measure(problem, schedule)))
    for name, value in stated.items():
        wrong = stated | {name: 0.5 if value is None else value + 0.01}
        assert {violation.rule for violation in validate(problem, schedule, wrong).violations} == {"metrics"}
