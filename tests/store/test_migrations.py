from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from models.tables import Base, migrate
from models.tables.session import make_engine


def test_an_upgrade_from_nothing_makes_exactly_the_declared_tables(bare_database_url: str) -> None:
    assert migrate.revision(bare_database_url) is None
    migrate.upgrade(bare_database_url)
    assert migrate.revision(bare_database_url) == migrate.head()
    migrate.upgrade(bare_database_url)
    engine = make_engine(bare_database_url)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
        checks = {
            check["name"]
            for table in ("runs", "api_keys")
            for check in inspect(connection).get_check_constraints(table)
        }
        assert {"ck_runs_state", "ck_api_keys_role"} <= checks
        if connection.dialect.name == "mariadb":
            columns = "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME FROM information_schema.COLUMNS"
            rows = connection.execute(text(f"{columns} WHERE TABLE_SCHEMA = DATABASE()")).all()
            found = {(row[0], row[1]): row[2] for row in rows}
            assert found["problems", "body"] == found["schedules", "result"] == "longblob"
            assert found["runs", "heartbeat_at"] == "datetime(6)"
            assert {row[3] for row in rows if row[0] != "alembic_version"} == {"utf8mb4_bin", None}
    engine.dispose()


def test_the_revision_can_be_taken_back(bare_database_url: str) -> None:
    from alembic import command

    migrate.upgrade(bare_database_url)
    engine = make_engine(bare_database_url)
    with engine.connect() as connection:
        configuration = migrate.configuration(connection)
        command.downgrade(configuration, "base")
        connection.commit()
        assert inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_processes_and_threads_that_upgrade_at_once_do_not_disturb_each_other(bare_database_url: str) -> None:
    program = "import sys; from models.tables import migrate; migrate.upgrade(sys.argv[1])"
    others = [subprocess.Popen([sys.executable, "-c", program, bare_database_url]) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(migrate.upgrade, bare_database_url) for _ in range(2)]:
            done.result(30)
    assert [other.wait(30) for other in others] == [0, 0]
    assert migrate.revision(bare_database_url) == migrate.head()
