"""Small problem documents, sound and broken."""

from __future__ import annotations

import copy
from typing import Any

SOUND: dict[str, Any] = {
    "request_id": "r-1",
    "plant": "main",
    "schedule_start": "2026-01-05T06:00:00+01:00",
    "time_zone": "Europe/Berlin",
    "machines": [
        {"machine_id": "M1", "machine_type": 1, "calendar": "week"},
        {"machine_id": "M2", "machine_type": 1, "efficiency": 0.8, "setup_matrix": "colours", "initial_family": "red"},
    ],
    "calendars": {"week": {"weekly": [{"days": ["mon", "tue"], "from": "06:00", "to": "22:00"}]}},
    "operators": [{"operator_id": "O1", "skills": {"welding": 2}}],
    "setup_matrices": {
        "colours": {"default": 0.5, "changes": [{"from_family": "red", "to_family": "blue", "setup_time": 1}]}
    },
    "jobs": [
        {
            "job_id": "J1",
            "priority": 1,
            "processing_time": 2.5,
            "machine_types": [1],
            "lcd_date": "2026-01-05T12:00:00+01:00",
        },
        {
            "job_id": "J2",
            "operations": [
                {"operation_id": "cut", "machines": [{"machine_id": "M1", "processing_time": 1}]},
                {
                    "operation_id": "weld",
                    "machines": [{"machine_id": "M2", "processing_time": 0.5}],
                    "predecessors": ["cut"],
                    "skill": {"skill": "welding", "level": 2},
                },
            ],
        },
    ],
    "objective": [{"makespan": 1, "setup_time": 0.1}, "total_tardiness"],
    "options": {"engine": "dispatch", "time_limit_seconds": 2},
}


def sound(**changes: Any) -> dict[str, Any]:
    """A problem with nothing wrong, except ``changes`` to its fields."""
    return copy.deepcopy(SOUND) | changes


def broken(path: str, value: Any) -> dict[str, Any]:
    """A problem whose field at ``path`` (``jobs.0.priority``) is ``value``; None takes it away."""
    document = sound()
    target: Any = document
    *way, last = path.split(".")
    for step in way:
        target = target[int(step) if step.isdigit() else step]
    if value is None:
        del target[last]
    else:
        target[int(last) if last.isdigit() else last] = value
    return document
