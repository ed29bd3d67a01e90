"""Tiny shops within what the CP-SAT model holds, and their best plan by trying every list of decisions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import Document, at, job, machine, operation, problem
from workers.engine import Levels, Unwatched

CALENDARS: Document = {
    "day": {"weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "06:00", "to": "16:00"}]},
    "split": {
        "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"}],
        "breaks": [
            {"days": ["mon", "tue", "wed", "thu", "fri"], "from": hour, "to": end}
            for hour, end in (("03:00", "04:00"), ("07:00", "09:00"), ("12:00", "14:00"))
        ],
    },
}
MATRICES: Document = {
    "S": {
        "default": 1,
        "changes": [
            {"from_family": "red", "to_family": "green", "setup_time": 3},
            {"from_family": "green", "to_family": "green", "setup_time": 0.5},
        ],
    }
}
OBJECTIVES: tuple[Any, ...] = (
    "makespan",
    ["weighted_tardiness", "makespan"],
    ["makespan", "total_flow_time"],
    ["tardy_jobs", {"total_tardiness": 1, "makespan": 0.5}],
    [{"weighted_tardy_jobs": 1, "max_tardiness": 0.25}, "setup_time"],
    {"setup_time": 1, "makespan": 0.125},
    ["max_tardiness", "total_flow_time"],
    ["total_flow_time"],
)
REFERENCE_OBJECTIVES: tuple[Any, ...] = (["changes", "makespan"], {"changes": 2, "total_tardiness": 1})


class Recorder(Unwatched):
    """Keeps what an engine tells, and cancels where asked to."""

    def __init__(self, cancel: bool = False) -> None:
        self.incumbents: list[Levels] = []
        self.bounds: list[tuple[int | None, ...]] = []
        self.cancel = cancel

    def cancelled(self) -> bool:
        """Whether the test wants the engine to stop."""
        return self.cancel

    def incumbent(self, levels: Levels) -> None:
        """Keeps a plan's value."""
        self.incumbents.append(levels)

    def bound(self, levels: tuple[int | None, ...]) -> None:
        """Keeps proved bounds."""
        self.bounds.append(levels)


@st.composite
def tiny_shops(
    draw: DrawFn, calendars: bool = True, setups: bool = True, reference: bool = False, people: bool = False
) -> Problem:
    """A problem of at most four operations on up to three machines, with up to two operators if ``people``."""
    some = st.booleans
    hours = st.sampled_from((0.5, 1, 2, 2.5, 5))
    names = [f"M{number}" for number in range(draw(st.integers(1, 3)))]
    rows = [
        machine(
            name,
            calendar=draw(st.sampled_from((None, "day", "split"))) if calendars else None,
            closed=[{"from": at(9), "to": at(10.5)}] if calendars and draw(st.integers(0, 3)) == 0 else None,
            setup_matrix="S" if setups and draw(some()) else None,
            initial_family=draw(st.sampled_from((None, "red"))) if setups else None,
        )
        for name in names
    ]
    if people:
        for row in rows:
            if row.get("setup_matrix") is None and draw(some()):
                row["capacity"] = 2
    crew = [
        {
            "operator_id": f"P{number}",
            "skills": {"weld": draw(st.sampled_from((1, 3)))},
            "calendar": draw(st.sampled_from(("split", "day"))) if calendars and draw(some()) else None,
            "capacity": draw(st.sampled_from((1, 1, 2))),
        }
        for number in range(draw(st.integers(1, 2)) if people else 0)
    ]
    crew = [{key: value for key, value in who.items() if value is not None} for who in crew]
    skill = {"skill": "weld", "level": min(who["skills"]["weld"] for who in crew)} if crew else None
    left = 3 if people else 4
    jobs: list[Document] = []
    while left and len(jobs) < 3:
        count = draw(st.integers(1, min(left, 2)))
        left -= count
        steps = [
            operation(
                str(number + 1),
                machines={
                    name: draw(hours) for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
                },
                family_id=draw(st.sampled_from((None, "red", "green"))) if setups else None,
                skill=skill if crew and draw(st.integers(0, 2)) else None,
                interruptible=draw(st.sampled_from((None, False))),
                min_delay=draw(st.sampled_from((None, None, 1.5))),
                end_before=at(draw(st.sampled_from((6, 26)))) if people and draw(st.integers(0, 5)) == 0 else None,
                start_after=at(draw(st.sampled_from((1, 4.25)))) if draw(st.integers(0, 4)) == 0 else None,
            )
            for number in range(count)
        ]
        due = {"lcd_date": at(draw(st.sampled_from((-1, 2.01, 5, 8, 26))))} if draw(st.integers(0, 3)) else {}
        if due and people and draw(st.integers(0, 3)) == 0:
            due["lcd_hard"] = True
        jobs.append(
            job(
                f"J{len(jobs)}",
                operations=steps,
                release_date=at(draw(st.sampled_from((-1, 1, 6.5)))) if draw(st.integers(0, 2)) == 0 else None,
                **due,
                weight=draw(st.sampled_from((None, 0.125, 1 if people else 0, 7))),
            )
        )
    fixed = None
    if draw(st.integers(0, 2)) == 0:
        chosen = jobs[draw(st.integers(0, len(jobs) - 1))]
        step = chosen["operations"][0]
        where = step["machines"][0]["machine_id"]
        begin = draw(st.sampled_from((-0.5, 0, 1.5, 6)))
        fixed = [{"job_id": chosen["job_id"], "operation_id": "1", "machine_id": where, "start_time": at(begin)}]
        fixed[0]["remaining_time"] = 1 if begin < 0 else None
        fixed[0]["operator_id"] = "P0" if step.get("skill") else None
        fixed = [{key: value for key, value in fixed[0].items() if value is not None}]
    then = None
    if reference:
        then = [
            {
                "job_id": j["job_id"],
                "operation_id": s["operation_id"],
                "start_time": at(draw(st.sampled_from((0, 2, 7)))),
                "machine_id": draw(st.sampled_from(names)),
            }
            for j in jobs
            for s in j["operations"]
        ]
    return problem(
        jobs,
        rows,
        calendars=CALENDARS,
        setup_matrices=MATRICES,
        operators=crew or None,
        fixed=fixed,
        reference=then,
        objective=draw(st.sampled_from(REFERENCE_OBJECTIVES if reference else OBJECTIVES)),
    )


def best_by_brute_force(shop: Problem) -> Levels:
    """The least value of any list of decisions."""
    calendars = Calendars(shop)
    free = [o.number for o in shop.operations if o.number not in shop.fixed_by_operation]
    return min(
        evaluate(shop, replay(shop, decisions, None, calendars), None, calendars)
        for order in _orders(shop, free, ())
        for decisions in _choices(shop, order)
    )


def _orders(shop: Problem, free: list[int], done: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if not free:
        yield done
    for number in free:
        if not any(before in free for before in shop.operations[number].predecessors):
            yield from _orders(shop, [other for other in free if other != number], (*done, number))


def _choices(shop: Problem, order: tuple[int, ...]) -> Iterator[tuple[Decision, ...]]:
    ways = []
    for number in order:
        operation = shop.operations[number]
        who = [None] if operation.skill is None else shop.operators_by_skill[operation.skill, operation.skill_level]
        ways.append([Decision(number, machine, operator) for machine in operation.options for operator in who])
    yield from product(*ways)
