"""Ended runs are recorded; recent ones that are worse than their baseline are told, until somebody accepts them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from app.cli import cli
from models.store import records
from models.store.records import Record, RunClass
from models.tables import RunRecord
from models.tables.session import reading, transaction
from tasks import base, baselines
from tests.tasks.conftest import Road, shop

CLASS = RunClass("north/hall 2", "single", "to_30", "auto", "to_10")


@pytest.fixture
def history(road: Road, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    monkeypatch.setattr(baselines, "_KEY", f"test-{secrets.token_hex(4)}")
    baselines.forget()
    yield road
    baselines._redis().delete(baselines._KEY)
    baselines.forget()


def recorded(count: int, seconds: float, *, days_ago: float, run_class: RunClass = CLASS) -> None:
    """Records of ``count`` runs, a minute apart."""
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    with transaction(base.database()) as session:
        for number in range(count):
            run_id = secrets.token_hex(8)
            wobble = seconds * (1 + 0.01 * (number % 7))
            record = Record(run_id, run_class, "feasible", 8, 8, wobble, makespan=100.0 + number % 3, gap=0.1)
            records.keep(session, record)
            at = moment + timedelta(minutes=number)
            session.execute(update(RunRecord).where(RunRecord.run_id == run_id).values(recorded_at=at))


def regressed() -> set[str]:
    return {row.measure for row in baselines.examined(base.database()) if row.regressed}


def test_an_ended_run_is_recorded(history: Road) -> None:
    run_id = history.submit(shop() | {"plant": "north"})
    history.deliver()
    with reading(base.database()) as session:
        row = session.scalars(select(RunRecord).where(RunRecord.run_id == run_id)).one()
    assert row.run_class == "north/single/to_30/dispatch/to_2"
    assert (row.status in ("optimal", "feasible"), row.jobs, row.operations) == (True, 8, 8)
    assert row.seconds >= 0
    assert row.objective_name == "weighted_tardiness"
    assert row.makespan is not None
    assert row.makespan > 3600
    assert row.memory is not None
    assert row.memory > 2**20


def test_slower_runs_are_told_and_only_those(history: Road) -> None:
    recorded(30, 10.0, days_ago=20)
    recorded(5, 15.0, days_ago=0.1)
    other = CLASS._replace(plant="south")
    recorded(30, 10.0, days_ago=20, run_class=other)
    recorded(6, 10.1, days_ago=0.1, run_class=other)
    found = baselines.examined(base.database())
    told = {(row.run_class.plant, row.measure) for row in found if row.regressed}
    assert told == {("north/hall 2", "seconds")}
    assert {row.measure for row in found} == {"seconds", "makespan", "gap"}


def test_a_lasting_regression_does_not_become_its_own_baseline(history: Road) -> None:
    recorded(30, 10.0, days_ago=20)
    recorded(6, 15.0, days_ago=3)
    assert regressed() == {"seconds"}
    recorded(60, 15.0, days_ago=2)
    assert regressed() == {"seconds"}
    with transaction(base.database()) as session:
        records.accept(session, CLASS, actor="test")
    assert regressed() == set()


def test_a_regression_that_is_over_lets_the_baseline_move_on(history: Road) -> None:
    recorded(30, 10.0, days_ago=20)
    recorded(6, 15.0, days_ago=3)
    assert regressed() == {"seconds"}
    recorded(6, 10.0, days_ago=1)
    assert regressed() == set()
    with reading(base.database()) as session:
        assert records.bounds(session, CLASS).frozen_at is None


def test_old_runs_alarm_nobody(history: Road) -> None:
    recorded(30, 10.0, days_ago=40)
    recorded(6, 15.0, days_ago=baselines.RECENT_DAYS + 1)
    assert regressed() == set()


def test_findings_are_kept_for_scrapes(history: Road) -> None:
    assert baselines.kept() is None
    recorded(30, 10.0, days_ago=20)
    recorded(6, 15.0, days_ago=0.1)
    baselines.baselines()
    kept = baselines.kept()
    assert kept is not None
    assert {(row.run_class, row.measure) for row in kept if row.regressed} == {(CLASS, "seconds")}
    assert kept == baselines.examined(base.database())


@pytest.mark.parametrize("text", ["", "a/b/c/d", "plant"])
def test_what_is_no_class_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="plant/template/size/engine/budget"):
        RunClass.of(text)
    assert RunClass.of(str(CLASS)) == CLASS


def test_the_command_tells_and_accepts(history: Road) -> None:
    run = CliRunner()
    assert "no class" in run.invoke(cli, ["baselines"]).output
    recorded(30, 10.0, days_ago=20)
    recorded(6, 15.0, days_ago=0.1)
    told = run.invoke(cli, ["baselines"])
    assert told.exit_code == 1
    assert re.search(r"seconds .* x1\.\d\d  p .*  REGRESSED", told.output)
    assert run.invoke(cli, ["baselines", "accept", "no class"]).exit_code == 2
    assert run.invoke(cli, ["baselines", "accept", str(CLASS)]).exit_code == 0
    assert run.invoke(cli, ["baselines"]).exit_code == 0
