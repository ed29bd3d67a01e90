"""Snapshots of plants, plans in force, and replanning."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MARIADB: dict[str, Any] = {"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4", "mariadb_collate": "utf8mb4_bin"}
BLOB = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mariadb", "mysql")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mariadb", "mysql")


def upgrade() -> None:
    """Create the tables."""
    _plants()
    _schedules()
    _replans()


def downgrade() -> None:
    """Drop the tables and all they hold."""
    for table in ("replan_tries", "replans", "replan_schedules", "accepted_plans", "snapshots"):
        op.drop_table(table)


def _plants() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("plant", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("generated", sa.Boolean(), nullable=False),
        sa.Column("tells_progress", sa.Boolean(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Double(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("refused_total", sa.Integer(), nullable=False),
        sa.Column("refused", sa.JSON(), nullable=False),
        sa.Column("stopped", sa.JSON(), nullable=False),
        sa.Column("body", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
        sa.CheckConstraint("state IN ('good', 'stopped')", name=op.f("ck_snapshots_state")),
        **MARIADB,
    )
    op.create_index("ix_snapshots_plant_state_created_at_id", "snapshots", ["plant", "state", "created_at", "id"])
    op.create_table(
        "accepted_plans",
        sa.Column("plant", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=False),
        sa.Column("accepted_by", sa.String(255), nullable=False),
        sa.Column("rule", sa.String(64)),
        sa.Column("why", sa.String(1000)),
        sa.PrimaryKeyConstraint("plant", "number", name="pk_accepted_plans"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_accepted_plans_run_id"),
        **MARIADB,
    )
    op.create_index("ix_accepted_plans_run_id", "accepted_plans", ["run_id"])


def _schedules() -> None:
    op.create_table(
        "replan_schedules",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("plant", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("cron", sa.String(100), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("missed", sa.String(8), nullable=False),
        sa.Column("ready_by", sa.String(5)),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("next_due_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_replan_schedules"),
        sa.UniqueConstraint("plant", "name", name="uq_replan_schedules_plant_name"),
        sa.CheckConstraint("missed IN ('once', 'skip')", name=op.f("ck_replan_schedules_missed")),
        **MARIADB,
    )
    op.create_index("ix_replan_schedules_enabled_next_due_at", "replan_schedules", ["enabled", "next_due_at"])


def _replans() -> None:
    op.create_table(
        "replans",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("schedule_id", sa.String(36)),
        sa.Column("plant", sa.String(255), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("ready_by_at", MOMENT),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("heartbeat_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("asked_by", sa.String(255), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("snapshot_id", sa.String(36)),
        sa.Column("base_number", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON()),
        sa.Column("comparison", sa.JSON()),
        sa.Column("error", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_replans"),
        sa.UniqueConstraint("schedule_id", "due_at", name="uq_replans_schedule_id_due_at"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["replan_schedules.id"], name="fk_replans_schedule_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "state IN ('due', 'solving', 'accepted', 'held', 'failed', 'skipped')", name=op.f("ck_replans_state")
        ),
        **MARIADB,
    )
    op.create_index("ix_replans_plant_due_at_id", "replans", ["plant", "due_at", "id"])
    op.create_index("ix_replans_state_heartbeat_at", "replans", ["state", "heartbeat_at"])
    op.create_index("ix_replans_late_ready_by_at", "replans", ["late", "ready_by_at"])
    op.create_table(
        "replan_tries",
        sa.Column("replan_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("price", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("replan_id", "number", name="pk_replan_tries"),
        sa.ForeignKeyConstraint(["replan_id"], ["replans.id"], name="fk_replan_tries_replan_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_replan_tries_run_id"),
        **MARIADB,
    )
    op.create_index("ix_replan_tries_run_id", "replan_tries", ["run_id"])
