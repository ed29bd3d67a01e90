"""What plans are made from, and what the plant tells of the work."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

MARIADB: dict[str, Any] = {"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4", "mariadb_collate": "utf8mb4_bin"}
BLOB = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mariadb", "mysql")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mariadb", "mysql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "origins",
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("parent_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("group_id", sa.String(36)),
        sa.Column("edit_of", sa.String(36)),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("decisions", BLOB),
        sa.PrimaryKeyConstraint("run_id", name="pk_origins"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_origins_run_id", ondelete="CASCADE"),
        sa.UniqueConstraint("edit_of", name="uq_origins_edit_of"),
        sa.CheckConstraint("kind IN ('disruption', 'edit', 'scenario', 'replan')", name=op.f("ck_origins_kind")),
        **MARIADB,
    )
    op.create_index("ix_origins_parent_id_kind", "origins", ["parent_id", "kind"])
    op.create_index("ix_origins_group_id", "origins", ["group_id"])
    op.create_table(
        "executions",
        sa.Column("id", COUNTER, nullable=False, autoincrement=True),
        sa.Column("plant", sa.String(255), nullable=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("job_id", sa.String(200), nullable=False),
        sa.Column("operation_id", sa.String(200), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("machine_id", sa.String(200)),
        sa.Column("operator_id", sa.String(200)),
        sa.Column("left_hours", sa.Double()),
        sa.Column("reason", sa.String(1000)),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_executions"),
        sa.UniqueConstraint("plant", "event_id", name="uq_executions_plant_event_id"),
        sa.CheckConstraint("kind IN ('started', 'paused', 'finished', 'scrapped')", name=op.f("ck_executions_kind")),
        **MARIADB,
    )
    op.create_index("ix_executions_plant_job_id_operation_id", "executions", ["plant", "job_id", "operation_id"])


def downgrade() -> None:
    """Drop the tables and all they hold."""
    op.drop_table("executions")
    op.drop_table("origins")
