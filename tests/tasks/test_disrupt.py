"""A disruption on its way: the plan shifted right is there first, then a search goes on from it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.shop.canonical import canonical_bytes
from models.shop.disruptions import priced
from models.shop.executions import Event
from models.shop.faults import InvalidProblem
from models.shop.parse import load
from models.shop.problem import FixedWork
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.store import audit, executions, origins
from models.store.origins import Origin
from models.tables.session import reading
from tasks import base, queries
from tasks.disrupt import Disrupt
from tasks.executions import RecordExecutions
from tasks.give import NoPlan, UnknownRun, Who, give
from tasks.planned import Child, planned
from tasks.recovery import restart
from tests.build import START, at, job, problem
from tests.plans import ended
from tests.tasks.conftest import Road
from workers.engine import warm

BOTH = ["M1", "M2"]
DOWN = {"type": "machine_breakdown", "machine_id": "M1", "from": at(3), "to": at(9)}
NOW = START + timedelta(hours=3)


def plan(road: Road, **fields: Any) -> str:
    """Three jobs one after another on M1; the plan of a run that has ended. Kernels are loaded before clocks run."""
    jobs = [job("A", 2, BOTH), job("B", 4, BOTH, lcd_date=at(6)), job("C", 3, BOTH, lcd_date=at(9))]
    made = problem(jobs, BOTH, options={"time_limit_seconds": 1}, **fields)
    warm(replace(made, objective=priced(made.objective, 0.2)))
    return ended(base.database(), made, replay(made, [Decision(0, 0), Decision(1, 0), Decision(2, 0)]))


def test_the_plan_shifted_right_is_there_before_any_search(road: Road) -> None:
    first = plan(road)
    done = give(Disrupt(first, (DOWN,), NOW), Who("mia", "M1 is down"))
    assert done.shifted["weighted_tardiness"] == pytest.approx(3 * 6 + 3 * 6)
    road.deliver(road.take("plan"))
    found = queries.plan(done.run_id)
    assert found is not None
    assert found.packed is not None
    assert not found.final
    assert [name for name, _ in road.sent] == ["nightshift.merge"]


def test_a_search_repairs_it_and_keeps_where_it_came_from(road: Road) -> None:
    first = plan(road)
    done = give(Disrupt(first, (DOWN,), NOW), Who("mia", "M1 is down", "key"))
    road.deliver()
    result = road.result(done.run_id)
    where = {row["job_id"]: row["machine_id"] for row in result["scheduled_jobs"]}
    assert where == {"A": "M1", "B": "M1", "C": "M2"}
    assert result["metrics"]["weighted_tardiness"] == pytest.approx(18)
    assert result["metrics"]["changes"] == 1
    assert result["quality"]["levels"][0]["objective"] == {"weighted_tardiness": 1.0, "changes": 0.2}
    with reading(base.database()) as session:
        origin = origins.of(session, done.run_id)
        (entry,) = [row for row in audit.entries(session, first) if row.action == "plan.disrupted"]
    assert origin is not None
    assert (origin.parent_id, origin.kind, origin.detail["disruptions"]) == (first, "disruption", [DOWN])
    assert (entry.actor, entry.detail["why"], entry.detail["run"]) == ("mia", "M1 is down", done.run_id)


def test_what_the_plant_told_counts(road: Road) -> None:
    first = plan(road, plant="main")
    told = [Event("e1", "A", "1", "started", START + timedelta(hours=2), machine_id="M2")]
    with base.database().begin() as session:
        executions.add(session, "main", told)
    assert [one.machine for one in planned(first).actuals(3 * 3600)] == [1]
    done = give(Disrupt(first, (DOWN,), NOW), Who())
    road.deliver()
    rows = {row["job_id"]: row for row in road.result(done.run_id)["scheduled_jobs"]}
    assert (rows["A"]["machine_id"], rows["A"]["start_time"]) == ("M2", "2026-01-05T02:00:00+00:00")


def test_a_run_that_begins_with_a_plan_survives_without_redis(road: Road) -> None:
    done = give(Disrupt(plan(road), (DOWN,), NOW), Who())
    road.deliver(road.take("plan"))
    base.inflight()._client.flushdb()
    road.deliver()
    assert road.view(done.run_id).state == "finished"


def test_a_lost_worker_costs_an_attempt_and_not_the_plan_it_begins_with(road: Road) -> None:
    done = give(Disrupt(plan(road), (DOWN,), NOW), Who())
    road.take()
    assert restart(road.view(done.run_id), "its worker was lost")
    road.deliver()
    assert (road.view(done.run_id).state, road.view(done.run_id).attempt) == ("finished", 2)
    assert {row["job_id"] for row in road.result(done.run_id)["scheduled_jobs"]} == {"A", "B", "C"}


def test_two_commands_at_once_are_both_done(road: Road) -> None:
    """An event that two requests bring in the same moment is stored once: the second is done again and finds it."""
    told = (Event("e1", "A", "1", "finished", START),)
    command = RecordExecutions("main", told)
    stored = command.prepared(Who())
    with base.database().begin() as session:
        assert stored(session).answer.stored == 1
    assert give(command, Who()).duplicates == 1


def test_a_plan_that_is_over_has_nothing_to_repair(road: Road) -> None:
    with pytest.raises(ValueError, match="nothing of it is left"):
        give(Disrupt(plan(road), ({"type": "job_cancelled", "job_id": "A"},), START + timedelta(days=9)), Who())


def test_only_plans_can_be_repaired(road: Road) -> None:
    with pytest.raises(UnknownRun):
        give(Disrupt("01a209ff-5352-768c-b69a-825bfd3c21b5", (DOWN,)), Who())
    with pytest.raises(NoPlan):
        give(Disrupt(road.submit(), (DOWN,)), Who())


def test_a_repair_of_a_repair_goes_on_from_it(road: Road) -> None:
    done = give(Disrupt(plan(road), (DOWN,), NOW), Who())
    road.deliver()
    later = {"type": "machine_breakdown", "machine_id": "M2", "from": at(4), "to": at(5)}
    again = give(Disrupt(done.run_id, (later,), START + timedelta(hours=4)), Who())
    road.deliver()
    result = road.result(again.run_id)
    assert datetime.fromisoformat(result["schedule_start"]) == START + timedelta(hours=4)
    assert {row["job_id"] for row in result["scheduled_jobs"]} == {"A", "B", "C"}


def test_what_no_worker_could_read_again_is_no_child() -> None:
    made = problem()
    origin = Origin("parent", "disruption", {})
    assert Child(made, (), origin).body == canonical_bytes(made)
    half = replace(made, fixed=(FixedWork(0, 0, -3600, 2, completed=True, end=0),))
    with pytest.raises(InvalidProblem, match=r"fixed\[0\].share"):
        Child(half, (), origin)


def test_the_price_of_a_move_stands_in_the_first_level() -> None:
    assert priced(({"makespan": 1000}, {"changes": 1000}), 0.5) == (
        {"makespan": 1000, "changes": 500},
        {"changes": 1000},
    )
    assert priced(({"makespan": 1000, "changes": 7},), 0) == ({"makespan": 1000},)
    assert priced(({"changes": 1000},), 0.5) == ({"changes": 1000},)


def test_the_stored_problem_is_the_one_that_is_solved(road: Road) -> None:
    done = give(Disrupt(plan(road), (DOWN,), NOW), Who())
    with reading(base.database()) as session:
        from models.store import runs

        body = runs.problem_body(session, done.run_id)
    assert canonical_bytes(load(body)) == body
    assert json.loads(body)["machines"][0]["closed"][0]["from"] == "2026-01-05T03:00:00Z"
