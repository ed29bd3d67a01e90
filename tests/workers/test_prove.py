"""Proving: optimal where it says so, from bounds known before, and tried only where it may succeed."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import job, operation, problem
from tests.workers.cpsat_shops import best_by_brute_force, tiny_shops
from workers.bounds import level_bounds, lower_bounds
from workers.cpsat.prove import promising, prove
from workers.engine import Limits, Report, Unwatched

QUICK = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


def first_plan(shop: Problem) -> tuple[Decision, ...]:
    """Every operation on its first machine, in the order of the request."""
    return tuple(Decision(operation.number, next(iter(operation.options))) for operation in shop.operations)


def proved(shop: Problem, start: tuple[Decision, ...], floors: tuple[int, ...] = ()) -> Report:
    """What ten seconds of proving bring."""
    return prove(shop, range(len(shop.jobs)), start, Limits.within(10), Unwatched(), floors)


def floors_of(shop: Problem) -> tuple[int, ...]:
    """The levels' bounds from terms."""
    return tuple(bound.value for bound in level_bounds(shop, (), {}, lower_bounds(shop)))


def job_shop(jobs: int, machines: int) -> Problem:
    """Every job once on every machine, in an order of its own."""
    rows = []
    for n in range(jobs):
        steps = [
            operation(str(k), 1 + (n * 7 + k * 5) % 9, [f"M{(n * (k + 1) + k) % machines}"]) for k in range(machines)
        ]
        rows.append(job(f"J{n}", operations=steps))
    return problem(rows, [f"M{n}" for n in range(machines)], objective="makespan")


def test_a_job_shop_is_proved_from_a_poor_plan() -> None:
    shop = job_shop(6, 5)
    report = proved(shop, first_plan(shop))
    assert report.status == "optimal"
    assert (
        evaluate(shop, replay(shop, report.decisions)) == report.bounds < evaluate(shop, replay(shop, first_plan(shop)))
    )


def test_bounds_of_one_call_carry_over_to_the_next() -> None:
    shop = job_shop(6, 5)
    best = proved(shop, first_plan(shop))
    assert best.bounds[1] is not None
    again = prove(shop, range(6), best.decisions, Limits.within(0), Unwatched(), best.bounds)
    assert (again.status, again.bounds) == ("optimal", best.bounds)


@QUICK
@given(tiny_shops())
def test_floors_take_no_best_plan_away(shop: Problem) -> None:
    start = first_plan(shop)
    report = proved(shop, () if replay(shop, start).unscheduled else start, floors_of(shop))
    best = best_by_brute_force(shop)
    for bound, value in zip(report.bounds, best, strict=False):
        assert bound is None or bound <= value
        if bound != value:
            break
    if report.handed_over is None:
        assert evaluate(shop, replay(shop, report.decisions)) == best


def test_what_is_promising() -> None:
    assert promising(job_shop(6, 5), range(6))
    assert not promising(job_shop(60, 12), range(60))
    cut = problem([job("A", 4, ["M1"])], ["M1"])
    assert promising(cut, range(1))
