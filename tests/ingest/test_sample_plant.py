"""From a sample plant's database to snapshots, on SQLite and on MariaDB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, text, update

from models.ingest.database import SourceAway, opened
from models.ingest.load import load
from models.ingest.mapping import PlantMapping
from models.ingest.rows import SourceRefused
from models.sample_plant import schema
from models.sample_plant.mapping import write_mapping
from models.sample_plant.seed import NotEmpty, seed
from models.settings import settings
from models.shop.parse import parse
from models.store import audit, snapshots
from models.tables.session import make_engine, reading, sessions, transaction
from tasks import base
from tasks.ingest import LoadStopped, MadeUp, NoMapping, NoSnapshot, ingest, latest, mapping_of, take

START = datetime(2026, 1, 5, 5, tzinfo=UTC)


@pytest.fixture
def plant(bare_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A sample plant of 30 jobs with its mapping, and a record of our own to keep snapshots in."""
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path))
    monkeypatch.setenv("PLANT_URL", bare_database_url)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings.cache_clear()
    base.forget_connections()
    engine = make_engine(bare_database_url)
    seed(engine, 30, 12, start=START)
    write_mapping(tmp_path / "plants" / "main.toml", "main", 'url_variable = "PLANT_URL"')
    yield engine
    engine.dispose()
    settings.cache_clear()
    base.forget_connections()


@pytest.fixture
def record(plant: Engine, sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "nightshift.db").write_bytes(sqlite_template.read_bytes())


def mapping() -> PlantMapping:
    return mapping_of("main")


def test_the_sample_plant_loads_without_a_refused_row(plant: Engine) -> None:
    found = load(mapping(), START)
    problem = parse(found.document)
    assert (len(problem.jobs), len(problem.machines), len(found.refused)) == (30, 12, 0)
    assert found.generated and found.tells_progress and found.progress
    assert problem.setup_matrices and problem.operators and problem.calendars["day"].breaks
    assert {o.max_lots for o in problem.operations} != {1}
    assert problem.time_zone == "Europe/Berlin"
    assert {job.job_id for job in problem.jobs} >= {work["job_id"] for work in found.progress}


def test_the_same_seed_makes_the_same_plant_and_other_databases_are_left_alone(plant: Engine) -> None:
    before = load(mapping(), START)
    seed(plant, 30, 12, start=START)
    assert load(mapping(), START) == before
    with plant.begin() as connection:
        connection.execute(text("CREATE TABLE invoices (number INTEGER)"))
    with pytest.raises(NotEmpty, match="invoices"):
        seed(plant, 30, 12, start=START)
    with plant.begin() as connection:
        connection.execute(text("DROP TABLE invoices"))
        connection.execute(text("DROP TABLE nightshift_generated"))
    with pytest.raises(NotEmpty):
        seed(plant, 30, 12, start=START)


def test_nothing_can_be_written_to_the_source(plant: Engine) -> None:
    with opened(mapping()) as connection, pytest.raises(Exception, match=r"(?i)read.?only"):
        connection.execute(delete(schema.WORK_ORDERS))


def test_a_select_that_the_source_does_not_take_is_named(plant: Engine) -> None:
    with plant.begin() as connection:
        connection.execute(text("ALTER TABLE step_machines DROP COLUMN minutes"))
    with pytest.raises(SourceRefused, match=r"operation_machines: the database does not take the SELECT: .*minutes"):
        load(mapping(), START)


def test_a_source_that_is_away_is_said_so_without_its_password(plant: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANT_URL", "mariadb://me:secret@127.0.0.1:1/plant")
    with pytest.raises(SourceAway, match=r"me:\*\*\*@127.0.0.1:1/plant does not answer"):
        load(mapping(), START)
    monkeypatch.setenv("PLANT_URL", "sqlite:////nowhere/plant.db")
    with pytest.raises(SourceAway, match="is no file"):
        load(mapping(), START)
    monkeypatch.delenv("PLANT_URL")
    with pytest.raises(SourceRefused, match="PLANT_URL is not set"):
        load(mapping(), START)


def test_a_snapshot_is_kept_with_what_was_refused(plant: Engine, record: None) -> None:
    with plant.begin() as connection:
        step = schema.STEP_MACHINES
        connection.execute(update(step).where(step.c.order_no == "J00001", step.c.step_no == 10).values(minutes=None))
    view = take(mapping(), force=True)
    assert view.state == "good" and view.jobs == 29
    assert {row["table"] for row in view.refused} >= {"operation_machines", "operations", "jobs"}
    with reading(sessions()) as session:
        assert latest(session, "main") == view
        held = snapshots.contents(session, view.id)
        assert audit.entries(session, view.id)[0].action == "snapshot.taken"
    assert parse(held.document).jobs and json.dumps(held.progress)


def test_a_stopped_load_is_kept_but_not_planned_from(plant: Engine, record: None) -> None:
    good = take(mapping())
    with plant.begin() as connection:
        connection.execute(
            update(schema.WORK_ORDERS).where(schema.WORK_ORDERS.c.order_no > "J00010").values(status="done")
        )
    with pytest.raises(LoadStopped, match="the number of jobs went from 30 to 10, by 67%") as stopped:
        take(mapping())
    with reading(sessions()) as session:
        assert latest(session, "main").id == good.id
        assert [view.id for view in snapshots.listed(session, "main")] == [stopped.value.snapshot.id, good.id]
    ingest("main")  # the task says it in the log, and ends
    assert take(mapping(), force=True).jobs == 10


def test_production_takes_nothing_made_up(plant: Engine, record: None, monkeypatch: pytest.MonkeyPatch) -> None:
    take(mapping())
    monkeypatch.setenv("NIGHTSHIFT_ENV", "production")
    settings.cache_clear()
    with pytest.raises(MadeUp, match="NIGHTSHIFT_ENV=production"):
        take(mapping())
    with reading(sessions()) as session, pytest.raises(MadeUp):
        latest(session, "main")


def test_a_plant_without_snapshot_or_mapping_says_what_to_run(plant: Engine, record: None, tmp_path: Path) -> None:
    with transaction(sessions()) as session, pytest.raises(NoSnapshot, match="run: nightshift ingest --plant main"):
        latest(session, "main")
    for name in ("other", "../main"):
        with pytest.raises(NoMapping):
            mapping_of(name)
    (tmp_path / "plants" / "main.toml").rename(tmp_path / "plants" / "north.toml")
    with pytest.raises(NoMapping, match=r"call it main\.toml"):
        mapping_of("north")
