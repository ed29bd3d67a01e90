"""A tiny plant as CSV files, sound until a test changes a row."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.ingest.load import Load, load
from models.ingest.mapping import for_files

NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)

Rows = dict[str, list[dict[str, Any]]]


def tiny() -> Rows:
    """Two machines, one operator, two jobs, one of which is under way."""
    return {
        "calendars": [{"calendar": "week", "days": "mon,tue,wed,thu,fri", "from": "06:00", "to": "22:00"}],
        "machines": [
            {"machine_id": "M1", "calendar": "week", "setup_matrix": "colours", "initial_family": "red"},
            {"machine_id": "M2"},
        ],
        "setup_matrices": [{"setup_matrix": "colours", "default": "0.5"}],
        "operators": [{"operator_id": "ANNA", "calendar": "week"}],
        "operator_skills": [{"operator_id": "ANNA", "skill": "welding", "level": "2"}],
        "jobs": [{"job_id": "J1", "priority": "1", "lcd_date": "2026-01-06 12:00"}, {"job_id": "J2"}],
        "operations": [
            {"job_id": "J1", "operation_id": "10", "skill": "welding", "skill_level": "2"},
            {"job_id": "J1", "operation_id": "20"},
            {"job_id": "J2", "operation_id": "10"},
        ],
        "operation_machines": [
            {"job_id": "J1", "operation_id": "10", "machine_id": "M1", "processing_time": "1.5"},
            {"job_id": "J1", "operation_id": "20", "machine_id": "M2", "processing_time": "2"},
            {"job_id": "J2", "operation_id": "10", "machine_id": "M1", "processing_time": "3"},
            {"job_id": "J2", "operation_id": "10", "machine_id": "M2", "processing_time": "4"},
        ],
        "progress": [{"job_id": "J1", "operation_id": "10", "machine_id": "M1", "start_time": "2026-01-05 05:30"}],
    }


def write(folder: Path, rows: Rows) -> Path:
    """The rows as a folder of CSV files."""
    folder.mkdir(exist_ok=True)
    for name, table in rows.items():
        columns = list(dict.fromkeys(column for row in table for column in row)) or list(tiny()[name][0])
        with (folder / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows(table)
    return folder


def loaded(folder: Path, rows: Rows) -> Load:
    """What a load of the rows brings."""
    return load(for_files("main", "UTC", write(folder, rows)), NOW)
