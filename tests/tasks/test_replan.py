"""Replans on their way: from a plant's database to a plan in force, and what happens when something is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select, update

from models.sample_plant import schema
from models.sample_plant.mapping import write_mapping
from models.sample_plant.seed import seed
from models.settings import settings
from models.shop.parse import load
from models.store import plants, replans, runs
from models.store.replans import ReplanView
from models.tables import Replan, Run
from models.tables.clock import utcnow
from models.tables.session import in_transaction, make_engine, reading, transaction
from tasks import base
from tasks.due import look
from tasks.ingest import clock
from tasks.sweep import sweep
from tests.tasks.conftest import Road

OPTIONS = {"seconds": 0.5, "frozen_hours": 1}


@pytest.fixture
def plant(road: Road, tmp_path: Path) -> Iterator[Engine]:
    """A sample plant of 12 jobs on 6 machines, as of now."""
    engine = make_engine(f"sqlite:///{tmp_path / 'plant.db'}")
    with reading(base.database()) as session:
        now = clock(session)
    seed(engine, 12, 6, start=now)
    write_mapping(tmp_path / "plants" / "main.toml", "main", f'url = "sqlite:///{tmp_path / "plant.db"}"')
    yield engine
    engine.dispose()


def ask(**options: Any) -> str:
    return in_transaction(base.database(), lambda session: replans.ask(session, "main", OPTIONS | options, "mia"))


def seen(replan_id: str) -> ReplanView:
    with reading(base.database()) as session:
        found = replans.get(session, replan_id)
    assert found is not None
    return found


def done(road: Road, replan_id: str) -> ReplanView:
    """The replan after everything was delivered that it takes."""
    for _ in range(2 * 4):
        if seen(replan_id).state not in replans.OPEN:
            break
        road.deliver([("nightshift.replan", (replan_id,))])
        road.deliver()
    return seen(replan_id)


def force() -> plants.PlanInForce | None:
    with reading(base.database()) as session:
        return plants.in_force(session, "main")


def test_the_first_replan_of_a_plant_is_put_in_force_and_the_next_goes_on_from_it(road: Road, plant: Engine) -> None:
    first = done(road, ask())
    assert (first.state, first.base_number, first.before) == ("accepted", 0, None), first
    standing = force()
    assert standing is not None
    assert (standing.number, standing.run_id, standing.rule) == (1, first.tries[0][0], "no worse")
    result = road.result(standing.run_id)
    assert {row["job_id"] for row in result["scheduled_jobs"]} == {f"J{i:05}" for i in range(1, 13)}

    second = done(road, ask())
    assert second.state == "accepted" and second.comparison is not None and second.before is not None
    assert second.base_number == 1
    assert second.comparison["after"]["metrics"]["weighted_tardiness"] <= second.before["metrics"]["weighted_tardiness"]
    with reading(base.database()) as session:
        problem = load(runs.problem_body(session, second.tries[0][0]))
        history = plants.history(session, "main")
    assert problem.reference and problem.fixed and problem.plant == "main"
    assert problem.objective[0] == {"weighted_tardiness": 1000, "changes": 1}
    assert [plan.number for plan in history] == [2, 1]


def test_lots_are_carried_on_as_they_were_cut(road: Road, plant: Engine) -> None:
    with plant.begin() as connection:
        connection.execute(update(schema.ORDER_STEPS).values(most_lots=4, interruptible=True))
        connection.execute(update(schema.STEP_MACHINES).values(minutes=60 * 24))
        connection.execute(delete(schema.CONFIRMATIONS))
    (settings().plants_dir / "main.toml").write_text(
        (settings().plants_dir / "main.toml").read_text().replace("hours_change = 0.5", "hours_change = 9")
    )
    first = done(road, ask())
    cut = [row for row in road.result(first.tries[0][0])["scheduled_jobs"] if row["share"] < 1_000_000]
    assert cut
    for options in ({"frozen_hours": 6}, {"frozen_hours": 0}):
        found = done(road, ask(**options))
        assert found.state in ("accepted", "held"), found
        result = road.result(found.tries[0][0])
        assert not result["fallback_used"], result["warnings"]


def test_a_churn_budget_is_kept(road: Road, plant: Engine) -> None:
    done(road, ask(seconds=0.3, objective="makespan"))
    found = done(road, ask(max_moves=0, objective=["weighted_tardiness"]))
    assert found.comparison is not None and found.before is not None
    forced = found.before["metrics"]["changes"]  # by the time of the day: what was to start by now may miss its shift
    assert found.comparison["moves"] <= forced
    assert found.state == ("held" if forced else "accepted"), found.comparison


def test_all_runs_of_a_replan_share_its_time(road: Road, plant: Engine) -> None:
    done(road, ask(objective="makespan"))
    found = done(road, ask(seconds=0.8, max_moves=3, objective=["total_flow_time"]))
    assert found.comparison is not None
    with reading(base.database()) as session:
        given = [view.seconds for run_id, _ in found.tries if (view := runs.get(session, run_id)) is not None]
    assert len(given) > 1 and given[0] == 0.4 and sum(given) <= 0.8 + len(given) * 0.001, given
    assert found.comparison["seconds"]["given"] == 0.8
    assert sum(row["seconds"] for row in found.comparison["tries"]) == pytest.approx(
        found.comparison["seconds"]["spent"], abs=0.01
    )


def test_new_finished_and_cancelled_work_of_the_plant_is_taken_in(road: Road, plant: Engine) -> None:
    done(road, ask())
    with plant.begin() as connection:
        running = connection.execute(select(schema.CONFIRMATIONS)).mappings().first()
        assert running is not None
        order = schema.WORK_ORDERS
        gone = connection.scalar(select(order.c.order_no).where(order.c.order_no != running["order_no"]).limit(1))
        connection.execute(update(order).where(order.c.order_no == gone).values(status="cancelled"))
        for table, values in (
            (order, {"priority": 1, "key_account": "Y", "status": "open"}),
            (schema.ORDER_STEPS, {"step_no": 10, "interruptible": True, "most_lots": 1}),
            (schema.STEP_MACHINES, {"step_no": 10, "machine_no": running["machine_no"], "minutes": 90.0}),
        ):
            connection.execute(table.insert().values(order_no="RUSH", **values))
    found = done(road, ask())
    assert found.state == "accepted", found
    planned = {row["job_id"] for row in road.result(found.tries[0][0])["scheduled_jobs"]}
    assert "RUSH" in planned and gone not in planned and running["order_no"] in planned


def test_a_machine_that_vanished_while_the_plan_uses_it_is_told_and_planned_around(road: Road, plant: Engine) -> None:
    first = done(road, ask())
    rows = road.result(first.tries[0][0])["scheduled_jobs"]
    shared = schema.STEP_MACHINES
    with plant.begin() as connection:
        alone = select(shared.c.order_no).group_by(shared.c.order_no, shared.c.step_no).having(func.count() == 1)
        lonely = set(connection.scalars(select(shared.c.machine_no).where(shared.c.order_no.in_(alone))))
        busy = {row["machine_id"] for row in rows}
        machine = sorted(busy - lonely)[0] if busy - lonely else sorted(busy)[0]
        connection.execute(
            update(schema.WORK_CENTRES).where(schema.WORK_CENTRES.c.machine_no == machine).values(retired=1)
        )
        connection.execute(delete(shared).where(shared.c.machine_no == machine))
        connection.execute(delete(schema.CONFIRMATIONS).where(schema.CONFIRMATIONS.c.machine_no == machine))
    (settings().plants_dir / "main.toml").write_text(
        (settings().plants_dir / "main.toml").read_text().replace("refused_share = 0.05", "refused_share = 0.5")
    )
    found = done(road, ask())
    assert found.state in ("accepted", "held"), found
    assert found.before is not None
    assert found.before["warnings"][0].startswith(f"Machine {machine}, which the plan in force uses, is no longer")
    assert machine not in {row["machine_id"] for row in road.result(found.tries[0][0])["scheduled_jobs"]}


def test_the_plan_in_force_stays_when_a_replan_fails(road: Road, plant: Engine) -> None:
    done(road, ask())
    with plant.begin() as connection:
        connection.execute(update(schema.STEP_MACHINES).values(minutes=None))
    found = done(road, ask())
    assert (found.state, found.error and found.error["title"]) == ("failed", "There is nothing to plan from")
    standing = force()
    assert standing is not None and standing.number == 1
    again = done(road, ask(ingest=False))  # from the last snapshot
    assert again.state == "accepted"


def test_a_source_that_is_away_is_tried_again_and_then_told(road: Road, plant: Engine, tmp_path: Path) -> None:
    plant.dispose()
    (tmp_path / "plant.db").rename(tmp_path / "away.db")
    replan_id = ask()
    road.deliver([("nightshift.replan", (replan_id,))])
    assert (seen(replan_id).state, seen(replan_id).attempt) == ("due", 1)
    (tmp_path / "away.db").rename(tmp_path / "plant.db")
    assert done(road, replan_id).state == "accepted"
    (tmp_path / "plant.db").rename(tmp_path / "away.db")
    found = done(road, ask())
    assert found.state == "failed" and found.error is not None
    assert found.error["title"] == "The plant's database does not answer"


def test_a_plan_that_a_person_put_in_force_meanwhile_is_not_replaced(road: Road, plant: Engine) -> None:
    first = done(road, ask())
    replan_id = ask()
    road.deliver([("nightshift.replan", (replan_id,))])
    with transaction(base.database()) as session:
        plants.accept(session, first.tries[0][0], actor="mia", expected=1)
    found = done(road, replan_id)
    assert found.state == "held" and found.comparison is not None
    assert found.comparison["reasons"] == ["another plan was put in force meanwhile, number 2"]


def test_a_person_may_be_asked(road: Road, plant: Engine) -> None:
    found = done(road, ask(accept="person"))
    assert found.state == "held" and force() is None
    with transaction(base.database()) as session:
        assert plants.accept(session, found.tries[0][0], actor="mia", why="looks good").rule is None
    standing = force()
    assert standing is not None and (standing.accepted_by, standing.why) == ("mia", "looks good")


def test_a_plant_without_mapping_or_snapshot_says_what_to_run(road: Road, tmp_path: Path) -> None:
    for options, words in (({"ingest": True}, "has no mapping"), ({"ingest": False}, "run: nightshift ingest")):
        found = done(road, ask(**options))
        assert found.state == "failed" and found.error is not None
        assert words in found.error["detail"]


STEPS: list[tuple[str, str]] = [
    ("models.store.replans.solving", "before the first run is stored"),
    ("tasks.replan.send", "after it is stored, before it is sent"),
    ("models.store.plants.accept", "before the plan is put in force"),
    ("tasks.replan._tell", "after it is"),
]


@pytest.mark.parametrize(("place", "_when"), STEPS, ids=[when for _, when in STEPS])
def test_a_worker_that_dies_on_the_way_loses_nothing_and_does_nothing_twice(
    place: str, _when: str, road: Road, plant: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    died: list[str] = []

    def killed(*args: Any, **kwargs: Any) -> Any:
        died.append(place)
        raise Killed

    replan_id = ask()
    with monkeypatch.context() as patch:
        patch.setattr(place, killed)
        while not died:
            try:
                road.deliver([("nightshift.replan", (replan_id,))])
                road.deliver()
            except Killed:
                road.sent.clear()
    for _ in range(3):  # what beat does every few seconds
        _let_time_pass()
        look()
        sweep()
        road.deliver()
    assert seen(replan_id).state == "accepted"
    with reading(base.database()) as session:
        assert len(plants.history(session, "main")) == 1
        assert session.scalar(select(func.count()).select_from(Run)) == 1


class Killed(BaseException):
    """A worker's end: nothing catches it."""


def _let_time_pass() -> None:
    with transaction(base.database()) as session:
        for table in (Replan, Run):
            session.execute(update(table).values(heartbeat_at=utcnow(-2 * replans.STALE_SECONDS)))


def test_two_messages_at_the_same_step_are_one(road: Road, plant: Engine) -> None:
    replan_id = ask()
    message = ("nightshift.replan", (replan_id,))
    road.deliver([message] * 2)
    sent = road.take("plan")
    assert len(sent) == 1
    road.deliver(sent)
    road.deliver()
    road.deliver([message] * 2)
    assert seen(replan_id).state == "accepted"
    with reading(base.database()) as session:
        assert len(plants.history(session, "main")) == 1
