"""The first tables: runs with what belongs to them, keys, audit."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MARIADB: dict[str, Any] = {"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4", "mariadb_collate": "utf8mb4_bin"}
BLOB = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mariadb", "mysql")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mariadb", "mysql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _runs()
    _payloads()
    _keys_and_audit()


def downgrade() -> None:
    """Drop the tables and all they hold."""
    for table in ("audit", "idempotency_keys", "api_keys", "batches", "plans", "schedules", "problems", "runs"):
        op.drop_table(table)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("heartbeat_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("deadline_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("plant", sa.String(255)),
        sa.Column("request_id", sa.String(255)),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("first_plan", sa.Boolean(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("operations", sa.Integer(), nullable=False),
        sa.Column("batches_total", sa.Integer(), nullable=False),
        sa.Column("batches_done", sa.Integer(), nullable=False),
        sa.Column("error", sa.JSON()),
        sa.Column("key_id", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.CheckConstraint(
            "state IN ('queued', 'solving', 'improving', 'finished', 'failed', 'cancelled')", name=op.f("ck_runs_state")
        ),
        **MARIADB,
    )
    op.create_index("ix_runs_state_heartbeat_at", "runs", ["state", "heartbeat_at"])
    op.create_index("ix_runs_created_at_id", "runs", ["created_at", "id"])
    op.create_index("ix_runs_state_created_at_id", "runs", ["state", "created_at", "id"])
    op.create_index("ix_runs_plant_created_at_id", "runs", ["plant", "created_at", "id"])
    op.create_index("ix_runs_request_id_created_at_id", "runs", ["request_id", "created_at", "id"])
    op.create_index("ix_runs_key_id", "runs", ["key_id"])


def _payloads() -> None:
    op.create_table(
        "problems",
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("body", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_problems"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_problems_run_id", ondelete="CASCADE"),
        **MARIADB,
    )
    op.create_table(
        "schedules",
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("result", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_schedules"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_schedules_run_id", ondelete="CASCADE"),
        **MARIADB,
    )
    op.create_table(
        "plans",
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("decisions", BLOB, nullable=False),
        sa.Column("result", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_plans"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_plans_run_id", ondelete="CASCADE"),
        **MARIADB,
    )
    op.create_table(
        "batches",
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("handed_over", sa.String(1000)),
        sa.PrimaryKeyConstraint("run_id", "attempt", "number", name="pk_batches"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_batches_run_id", ondelete="CASCADE"),
        **MARIADB,
    )


def _keys_and_audit() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("key_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "name", name="pk_idempotency_keys"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_idempotency_keys_run_id", ondelete="CASCADE"),
        **MARIADB,
    )
    op.create_index("ix_idempotency_keys_run_id", "idempotency_keys", ["run_id"])
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.CheckConstraint("role IN ('viewer', 'planner', 'admin')", name=op.f("ck_api_keys_role")),
        **MARIADB,
    )
    op.create_table(
        "audit",
        sa.Column("id", COUNTER, nullable=False, autoincrement=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(36), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        **MARIADB,
    )
    op.create_index("ix_audit_subject_id", "audit", ["subject", "id"])
