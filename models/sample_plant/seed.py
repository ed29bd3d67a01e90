"""Fills a sample plant: a made-up factory as rows of its tables, with work under way when it begins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, Table, inspect

from models.sample_plant import schema
from models.shop.generate import factory
from models.shop.reading.calendars import DAYS

BUSY_SHARE: Final = 0.4
"""Of the machines, about so many have work under way."""

CHUNK: Final = 10_000
"""Rows inserted at a time."""

NAME: Final = "nightshift plant seed"

Rows = dict[Table, list[dict[str, Any]]]


class NotEmpty(Exception):
    """The database has tables already that are no sample plant's."""


def seed(engine: Engine, jobs: int = 411, machines: int = 149, number: int = 1, *, start: datetime) -> dict[str, int]:
    """Make the tables and fill them, in the place of an earlier sample plant; the answer is the rows of each.

    ``number`` is the seed of all that is drawn; the same one gives the same plant. Raises NotEmpty for a database with
    other tables, or with those of a plant that nobody marked as made up: nothing is ever dropped there.
    """
    known = set(schema.METADATA.tables)
    there = set(inspect(engine).get_table_names())
    if there - known or (there and schema.MARK.name not in there):
        others = ", ".join(sorted(there - known or there)[:3])
        raise NotEmpty(f"it has tables that are no sample plant's: {others}")
    found = rows(jobs, machines, number, start=start)
    schema.METADATA.drop_all(engine)
    schema.METADATA.create_all(engine)
    with engine.begin() as connection:
        for table in schema.METADATA.sorted_tables:
            for first in range(0, len(found.get(table, ())), CHUNK):
                connection.execute(table.insert(), found[table][first : first + CHUNK])
    return {table.name: len(found.get(table, ())) for table in schema.METADATA.sorted_tables}


def rows(jobs: int, machines: int, number: int, *, start: datetime) -> Rows:
    """A made-up factory as rows of the sample plant's tables."""
    document: Any = factory(
        jobs,
        machines,
        number,
        setups=True,
        routings=True,
        calendars=True,
        operators=True,
        lots=True,
        start=start,
    )
    found: Rows = {schema.MARK: [{"generated_by": f"{NAME}, seed {number}"}]}
    _shifts(found, document["calendars"])
    _machines(found, document)
    _staff(found, document["operators"])
    for job in document["jobs"]:
        _order(found, job)
    _confirmations(found, document, np.random.default_rng([number, jobs, machines, 7]), start)
    return found


def _shifts(found: Rows, calendars: Mapping[str, Any]) -> None:
    windows = [
        {
            "shift_model": name,
            "is_break": kind == "breaks",
            "weekday": DAYS.index(day) + 1,
            "opens": time.fromisoformat(window["from"]),
            "closes": time.fromisoformat(window["to"]),
            "shift": window.get("shift"),
        }
        for name, calendar in calendars.items()
        for kind in ("weekly", "breaks")
        for window in calendar.get(kind, ())
        for day in window["days"]
    ]
    found[schema.SHIFT_WINDOWS] = [{"window_no": i, **window} for i, window in enumerate(windows, start=1)]
    found[schema.SHIFT_HOLIDAYS] = [
        {"shift_model": name, "day": date.fromisoformat(day).isoformat()}
        for name, calendar in calendars.items()
        for day in calendar.get("holidays", ())
    ]


def _machines(found: Rows, document: Mapping[str, Any]) -> None:
    found[schema.WORK_CENTRES] = [
        {
            "machine_no": machine["machine_id"],
            "type_no": machine["machine_type"],
            "department": machine["department"],
            "efficiency_pct": 100.0,
            "shift_model": machine["calendar"],
            "setup_group": machine["setup_matrix"],
            "set_up_for": machine["initial_family"],
            "retired": 0,
        }
        for machine in document["machines"]
    ]
    matrices = document["setup_matrices"].items()
    found[schema.SETUP_GROUPS] = [
        {"setup_group": name, "default_minutes": _minutes(matrix["default"])} for name, matrix in matrices
    ]
    found[schema.SETUP_TIMES] = [
        {
            "setup_group": name,
            "from_part": change["from_family"],
            "to_part": change["to_family"],
            "minutes": _minutes(change["setup_time"]),
        }
        for name, matrix in matrices
        for change in matrix["changes"]
    ]


def _staff(found: Rows, operators: list[dict[str, Any]]) -> None:
    found[schema.STAFF] = [
        {
            "staff_no": who["operator_id"],
            "shift_model": who["calendar"],
            "attends": who.get("capacity", 1),
            "department": None,
        }
        for who in operators
    ]
    found[schema.STAFF_SKILLS] = [
        {"staff_no": who["operator_id"], "skill": skill, "level": level}
        for who in operators
        for skill, level in who["skills"].items()
    ]


def _order(found: Rows, job: Mapping[str, Any]) -> None:
    found.setdefault(schema.WORK_ORDERS, []).append(
        {
            "order_no": job["job_id"],
            "priority": job["priority"],
            "key_account": "Y" if job["is_important"] else "N",
            "not_before": _utc(job.get("release_date")),
            "promised": _utc(job["lcd_date"]),
            "quantity": None,
            "status": "open",
        }
    )
    for step_no, step in enumerate(job.get("operations") or [job], start=1):
        key = {"order_no": job["job_id"], "step_no": step_no * 10}
        found.setdefault(schema.ORDER_STEPS, []).append(
            key
            | {
                "part_family": step["family_id"],
                "skill": step["skill"]["skill"],
                "skill_level": step["skill"]["level"],
                "interruptible": step.get("interruptible", True),
                "most_lots": step.get("max_lots", 1),
            }
        )
        found.setdefault(schema.STEP_MACHINES, []).extend(
            key | {"machine_no": option["machine_id"], "minutes": _minutes(option["processing_time"])}
            for option in step["machines"]
        )


def _confirmations(found: Rows, document: Mapping[str, Any], rng: np.random.Generator, start: datetime) -> None:
    """Work under way: first steps, each on a machine and with a crew of their own."""
    found[schema.CONFIRMATIONS] = []
    busy: set[str] = set()
    crews = {next(iter(w["skills"])): w["operator_id"] for w in document["operators"] if w["operator_id"][:4] == "CREW"}
    for job in document["jobs"]:
        step = (job.get("operations") or [job])[0]
        option = step["machines"][int(rng.integers(len(step["machines"])))]
        if "release_date" in job or option["machine_id"] in busy or rng.random() > BUSY_SHARE:
            continue
        busy.add(option["machine_id"])
        done = float(rng.uniform(0.1, 0.9)) * option["processing_time"]
        began = start - timedelta(hours=done)
        found[schema.CONFIRMATIONS].append(
            {
                "order_no": job["job_id"],
                "step_no": 10,
                "machine_no": option["machine_id"],
                "staff_no": crews[step["skill"]["skill"]],
                "started_at": _naive(began),
                "finished_at": None,
                "minutes_left": _minutes(option["processing_time"] - done),
            }
        )


def _minutes(hours: float) -> float:
    return round(hours * 60, 3)


def _utc(text: str | None) -> datetime | None:
    return None if text is None else _naive(datetime.fromisoformat(text))


def _naive(moment: datetime) -> datetime:
    """A moment in UTC without its offset, as the sample plant keeps its times."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
