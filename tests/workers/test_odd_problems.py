"""Problems at the edge of what is allowed: the whole road gives a checked plan, with every engine that searches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.shop.faults import InvalidProblem
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.result_reader import read_result
from models.shop.validator import validate
from tests.build import at, job, machine, operation, problem
from workers import local

SECONDS, COUNTED_SECONDS = 1.0, 0.3

NEVER = {"never": {"weekly": []}}
ONCE = {"once": {"weekly": [], "extra": [{"from": at(0), "to": at(5)}]}}
DAILY = {"day": {"weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "16:00"}]}}
ROUND_TRIP = {
    "paint": {
        "default": 5,
        "changes": [
            {"from_family": "red", "to_family": "blue", "setup_time": 0.5},
            {"from_family": "blue", "to_family": "white", "setup_time": 0.5},
            {"from_family": "red", "to_family": "white", "setup_time": 9},
        ],
    }
}
NOTHING = {"paint": {"default": 0, "changes": []}}


def coloured(hours: float, due: float) -> list[dict[str, object]]:
    """Six jobs of three families for one machine."""
    return [
        job(f"J{n}", hours, ["M1", "M2"], family_id=("red", "blue", "white")[n % 3], lcd_date=at(due)) for n in range(6)
    ]


def painted(**matrix: object) -> list[dict[str, object]]:
    """Two machines that are set up."""
    return [machine(name, setup_matrix="paint", initial_family="red") for name in ("M1", "M2")]


ODD = {
    "one job": problem(),
    "one machine": problem([job(f"J{n}", 2, ["M1"], lcd_date=at(3 * n)) for n in range(5)]),
    "routings on one machine": problem(
        [job(f"J{n}", operations=[operation("1", 1, ["M1"]), operation("2", 2, ["M1"])]) for n in range(3)],
        objective="makespan",
    ),
    "setups that break the triangle": problem(coloured(1, 4), painted(), setup_matrices=ROUND_TRIP),
    "setups of no length": problem(coloured(1, 4), painted(), setup_matrices=NOTHING),
    "capacity above 1": problem(
        [job(f"J{n}", 2 + n, ["M1"], lcd_date=at(5)) for n in range(7)], [machine("M1", capacity=3)]
    ),
    "a job longer than any shift": problem(
        [job("long", 60, ["M1"], lcd_date=at(24)), job("short", 1, ["M1"], interruptible=False, lcd_date=at(24))],
        [machine("M1", calendar="day")],
        calendars=DAILY,
    ),
    "due dates long past": problem([job(f"J{n}", 2, ["M1", "M2"], lcd_date=at(-50)) for n in range(4)], ["M1", "M2"]),
    "lots": problem([job("big", 20, ["M1", "M2"], max_lots=2), job("small", 1, ["M1"])], ["M1", "M2"]),
}
LEFT_OUT = {
    "a calendar that never opens": (
        problem(
            [job("shut", 1, ["M1"]), job("open", 1, ["M2"])],
            [machine("M1", calendar="never"), "M2"],
            calendars=NEVER,
        ),
        "never_fits",
    ),
    "a job longer than its machine is ever open": (
        problem(
            [job("shut", 9, ["M1"]), job("open", 3, ["M1"])],
            [machine("M1", calendar="once")],
            calendars=ONCE,
        ),
        "never_fits",
    ),
    "a job that no shift holds": (
        problem(
            [job("shut", 9, ["M1"], interruptible=False), job("open", 1, ["M1"])],
            [machine("M1", calendar="day")],
            calendars=DAILY,
        ),
        "never_fits",
    ),
    "a hard due date that is past": (
        problem([job("late", 2, ["M1"], lcd_date=at(1), lcd_hard=True), job("open", 1, ["M1"])]),
        "lcd_hard",
    ),
}


def plan(shop: Problem, engine: str, *, deterministic: bool = False) -> dict[str, object]:
    """The result document of the whole road."""
    seconds = COUNTED_SECONDS if deterministic else SECONDS
    options = replace(shop.options, engine=engine, seconds=seconds, deterministic=deterministic)
    return local.solve(replace(shop, options=options))


@pytest.mark.parametrize("engine", ["auto", "search"])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_problem_gets_a_checked_plan_of_all_jobs(name: str, engine: str) -> None:
    shop = ODD[name]
    document = plan(shop, engine)
    schedule, metrics = read_result(relaxed(shop), document)
    assert validate(relaxed(shop), schedule, metrics).valid
    assert document["unscheduled_jobs"] == []
    assert document["status"] in ("optimal", "feasible")


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_cannot_be_planned_is_left_out_with_its_reason(name: str) -> None:
    shop, reason = LEFT_OUT[name]
    document = plan(shop, "auto")
    schedule, metrics = read_result(relaxed(shop), document)
    assert validate(relaxed(shop), schedule, metrics).valid
    left_out = document["unscheduled_jobs"]
    assert isinstance(left_out, list)
    assert [row["reason"] for row in left_out] == [reason]


def test_a_request_for_no_jobs_is_refused() -> None:
    with pytest.raises(InvalidProblem, match="jobs: must have at least one entry"):
        problem([])


@pytest.mark.parametrize("name", ["setups that break the triangle", "routings on one machine", "capacity above 1"])
def test_a_reproducible_plan_is_the_same_again(name: str) -> None:
    first, second = (plan(ODD[name], "auto", deterministic=True) for _ in range(2))
    assert first["scheduled_jobs"] == second["scheduled_jobs"]
    assert first["warnings"] == second["warnings"]
