"""The tables of the sample plant. Their names, units and keys are a plant's own, not ours: the mapping translates."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Boolean, Column, DateTime, Float, Integer, MetaData, String, Table
from sqlalchemy import Time as TimeOfDay

from models.ingest.database import GENERATED_MARK
from models.tables.base import MARIADB

METADATA: Final = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    options: dict[str, Any] = MARIADB
    return Table(name, METADATA, *columns, **options)


def _key(name: str, length: int = 40) -> Column[Any]:
    return Column(name, String(length), primary_key=True)


def _name(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, String(40), nullable=nullable)


MARK: Final = _table(GENERATED_MARK, _key("generated_by", 200))
"""Tells every reader that the data were made up."""

SHIFT_WINDOWS: Final = _table(
    "shift_windows",
    Column("window_no", Integer, primary_key=True, autoincrement=False),
    _name("shift_model", nullable=False),
    Column("is_break", Boolean, nullable=False),
    Column("weekday", Integer, nullable=False),  # 1 is Monday
    Column("opens", TimeOfDay, nullable=False),
    Column("closes", TimeOfDay, nullable=False),
    _name("shift"),
)
SHIFT_HOLIDAYS: Final = _table("shift_holidays", _key("shift_model"), _key("day", 10))

WORK_CENTRES: Final = _table(
    "work_centres",
    _key("machine_no"),
    Column("type_no", Integer, nullable=False),
    _name("department"),
    Column("efficiency_pct", Float, nullable=False),
    _name("shift_model"),
    _name("setup_group"),
    _name("set_up_for"),
    Column("retired", Integer, nullable=False),
)
DOWNTIMES: Final = _table(
    "downtimes",
    Column("downtime_no", Integer, primary_key=True, autoincrement=False),
    _name("machine_no", nullable=False),
    Column("begins_at", DateTime, nullable=False),
    Column("ends_at", DateTime, nullable=False),
    Column("reason", String(200)),
)
SETUP_GROUPS: Final = _table("setup_groups", _key("setup_group"), Column("default_minutes", Float))
SETUP_TIMES: Final = _table(
    "setup_times", _key("setup_group"), _key("from_part"), _key("to_part"), Column("minutes", Float)
)

STAFF: Final = _table(
    "staff", _key("staff_no"), _name("shift_model"), Column("attends", Integer, nullable=False), _name("department")
)
STAFF_SKILLS: Final = _table("staff_skills", _key("staff_no"), _key("skill"), Column("level", Integer, nullable=False))

WORK_ORDERS: Final = _table(
    "work_orders",
    _key("order_no"),
    Column("priority", Integer, nullable=False),
    Column("key_account", String(1), nullable=False),  # Y or N
    Column("not_before", DateTime),  # UTC
    Column("promised", DateTime),  # UTC
    Column("quantity", Float),
    _name("status", nullable=False),  # open, done or cancelled
)
ORDER_STEPS: Final = _table(
    "order_steps",
    _key("order_no"),
    Column("step_no", Integer, primary_key=True, autoincrement=False),
    _name("part_family"),
    _name("skill"),
    Column("skill_level", Integer),
    Column("interruptible", Boolean, nullable=False),
    Column("most_lots", Integer, nullable=False),
)
STEP_MACHINES: Final = _table(
    "step_machines",
    _key("order_no"),
    Column("step_no", Integer, primary_key=True, autoincrement=False),
    _key("machine_no"),
    Column("minutes", Float),
)
CONFIRMATIONS: Final = _table(
    "confirmations",
    _key("order_no"),
    Column("step_no", Integer, primary_key=True, autoincrement=False),
    _name("machine_no", nullable=False),
    _name("staff_no"),
    Column("started_at", DateTime, nullable=False),  # UTC
    Column("finished_at", DateTime),  # UTC
    Column("minutes_left", Float),
)
