"""Records of ended runs, and bounds of their baselines."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MARIADB: dict[str, Any] = {"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4", "mariadb_collate": "utf8mb4_bin"}
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mariadb", "mysql")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "run_records",
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("run_class", sa.String(400), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("operations", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("step_seconds", sa.Double()),
        sa.Column("objective_name", sa.String(64)),
        sa.Column("objective", sa.Double()),
        sa.Column("makespan", sa.Double()),
        sa.Column("gap", sa.Double()),
        sa.Column("memory", sa.BigInteger()),
        sa.PrimaryKeyConstraint("run_id", name="pk_run_records"),
        **MARIADB,
    )
    op.create_index("ix_run_records_run_class_recorded_at", "run_records", ["run_class", "recorded_at"])
    op.create_index("ix_run_records_recorded_at", "run_records", ["recorded_at"])
    op.create_table(
        "baselines",
        sa.Column("run_class", sa.String(400), nullable=False),
        sa.Column("since", MOMENT),
        sa.Column("frozen_at", MOMENT),
        sa.PrimaryKeyConstraint("run_class", name="pk_baselines"),
        **MARIADB,
    )


def downgrade() -> None:
    """Drop both, and what was recorded."""
    for table in ("baselines", "run_records"):
        op.drop_table(table)
