"""A batch always ends with a plan, whatever its engine does."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from models.shop.objective import evaluate
from models.shop.parse import parse
from models.shop.problem import FixedWork, Problem
from models.shop.timeline import replay
from tests.workers.engines import MISBEHAVING
from workers import engine
from workers.batch import Answer, solve_batch
from workers.engine import Limits, Unwatched
from workers.wire import from_bytes, to_bytes


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, dotted in MISBEHAVING.items():
        monkeypatch.setitem(engine.ENGINES, name, dotted)  # type: ignore[arg-type]


@pytest.fixture
def shop() -> Problem:
    return parse(
        {
            "schedule_start": "2026-01-05T06:00:00+01:00",
            "machines": [{"machine_id": "M1"}, {"machine_id": "M2"}],
            "jobs": [
                {
                    "job_id": f"J{i}",
                    "machines": [
                        {"machine_id": "M1", "processing_time": i},
                        {"machine_id": "M2", "processing_time": i},
                    ],
                }
                for i in range(1, 6)
            ],
            "objective": "makespan",
        }
    )


def complete(problem: Problem, answer: Answer) -> bool:
    schedule = replay(problem, answer.report.decisions)
    return len(schedule.assignments) == len(problem.operations) and not schedule.unscheduled


def solved(problem: Problem, name: str, seconds: float = 1.0, grace: float = 0.2) -> Answer:
    return solve_batch(problem, range(len(problem.jobs)), name, Limits.within(seconds), grace=grace)


def test_an_engine_that_raises_is_replaced_and_the_answer_says_so(shop: Problem) -> None:
    answer = solved(shop, "raises")
    assert complete(shop, answer)
    assert answer.outcome == "fallback"
    assert answer.report.engine == "dispatch"
    assert answer.tried == ("dispatch", "raises")
    assert "ValueError: no such luck" in str(answer.fallback)
    assert not answer.hung


def test_an_engine_that_hangs_is_given_up_after_its_grace(shop: Problem) -> None:
    begun = time.monotonic()
    answer = solved(shop, "hangs", seconds=0.5)
    assert time.monotonic() - begun < 30
    assert complete(shop, answer)
    assert answer.hung
    assert "did not answer" in str(answer.fallback)


def test_a_batch_handed_over_is_planned_by_dispatch_and_says_why(shop: Problem) -> None:
    answer = solved(shop, "declines")
    assert complete(shop, answer)
    assert answer.report.engine == "dispatch"
    assert answer.report.handed_over == "it does not model mondays"
    assert "it does not model mondays" in str(answer.fallback)


def test_no_engine_makes_a_batch_worse_than_dispatch(shop: Problem) -> None:
    jobs = range(len(shop.jobs))
    worst = replay(shop, engine.load("worst").solve(shop, jobs, Limits.within(1), Unwatched()).decisions)
    answer = solved(shop, "worst")
    kept = replay(shop, answer.report.decisions)
    assert evaluate(shop, kept) < evaluate(shop, worst)
    assert answer.report.engine == "dispatch"


def test_a_cancelled_batch_starts_no_engine(shop: Problem) -> None:
    class Stop(Unwatched):
        def cancelled(self) -> bool:
            return True

    answer = solve_batch(shop, range(len(shop.jobs)), "raises", Limits.within(1), Stop())
    assert answer.tried == ("dispatch",)
    assert complete(shop, answer)


def test_ticks_come_while_an_engine_works(shop: Problem) -> None:
    ticks: list[float] = []
    solve_batch(
        shop, range(len(shop.jobs)), "waits", Limits.within(0.8), tick=lambda: ticks.append(time.monotonic()), grace=5
    )
    assert len(ticks) >= 3


@pytest.mark.parametrize("name", ["raises", "declines", "worst", "dispatch"])
def test_an_answer_survives_the_wire(shop: Problem, name: str) -> None:
    answer = solved(shop, name)
    assert from_bytes(to_bytes(answer)) == answer


def test_a_batch_of_which_nothing_is_left_to_decide_asks_no_engine(shop: Problem) -> None:
    fixed = tuple(FixedWork(operation.number, 0, -36_000, remaining=60) for operation in shop.operations[:1])
    answer = solve_batch(replace(shop, fixed=fixed), [0], "search", Limits.within(5))
    assert (answer.tried, answer.fallback) == (("dispatch",), None)
