"""From rows of tables to a problem document and the progress of work; rows that refer to nothing are refused.

What is refused pulls along what cannot be planned without it: an option without its machine; an operation without any
option, and then its whole job, since a job planned without one of its steps would be wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from models.ingest.rows import Cells, Refused

Document = dict[str, Any]
Tables = Mapping[str, Sequence[Cells]]
Excluded = AbstractSet[tuple[str, str]]
"""Rows to leave out, as (table, key): what the shop's own rules have refused."""

WINDOW_KINDS: Final = {"open": "weekly", "break": "breaks"}
CHANGE_KINDS: Final = ("extra", "closed")
MACHINE_FIELDS = ("machine_type", "department", "efficiency", "initial_family", "capacity")
OPERATOR_FIELDS = ("capacity", "department", "overtime_eligible")
JOB_FIELDS = ("family_id", "priority", "is_important", "weight", "lcd_hard", "quantity")
OPERATION_FIELDS = ("family_id", "interruptible", "max_lots", "min_lot", "min_delay")


@dataclass
class Assembled:
    """A load put together. ``document`` is a problem without ``schedule_start``, ``progress`` work under way or done.

    ``hours``: the work of all jobs, each operation on its fastest machine.
    """

    document: Document
    progress: list[Document]
    refused: list[Refused] = field(default_factory=list)
    hours: float = 0.0


def assemble(tables: Tables, now: datetime, excluded: Excluded) -> Assembled:
    """The problem that the rows state, as of ``now``; rows of ``excluded`` are left out as if refused."""
    return _Assembly(tables, now, excluded).built()


class _Assembly:
    def __init__(self, tables: Tables, now: datetime, excluded: Excluded) -> None:
        self.tables, self.now, self.excluded = tables, now, excluded
        self.refused: list[Refused] = []
        self.hours = 0.0

    def built(self) -> Assembled:
        calendars = self.calendars()
        matrices = self.matrices()
        machines = self.machines(calendars, matrices)
        operators = self.operators(calendars)
        jobs = self.jobs(machines, operators)
        document: Document = {"machines": list(machines.values()), "jobs": list(jobs.values())}
        for name, part in (("calendars", calendars), ("setup_matrices", matrices)):
            if part:
                document[name] = part
        if operators:
            document["operators"] = list(operators.values())
        progress = self.progress(jobs, machines, operators)
        return Assembled(document, progress, self.refused, self.hours)

    def rows(self, table: str, *key: str) -> Iterable[tuple[str, Cells]]:
        """Rows of a table with their keys, without the excluded ones."""
        for row in self.tables.get(table, ()):
            name = "/".join([str(row[column]) for column in key])
            if (table, name) not in self.excluded:
                yield name, row

    def refuse(self, table: str, key: str, reason: str) -> None:
        self.refused.append(Refused(table, key, reason))

    def calendars(self) -> dict[str, Document]:
        found: dict[str, Document] = defaultdict(dict)
        for key, row in self.rows("calendars", "calendar"):
            kind = WINDOW_KINDS.get(row.get("kind", "open"))
            if kind is None:
                self.refuse("calendars", key, f"kind must be one of {', '.join(WINDOW_KINDS)} (got {row['kind']!r})")
                continue
            window = {"days": row["days"], "from": row["from"], "to": row["to"]}
            if "shift" in row and kind == "weekly":
                window["shift"] = row["shift"]
            found[key].setdefault(kind, []).append(window)
        for _, row in self.rows("holidays", "calendar", "date"):
            found[row["calendar"]].setdefault("holidays", []).append(row["date"])
        for key, row in self.rows("calendar_changes", "calendar"):
            if row["kind"] not in CHANGE_KINDS:
                reason = f"kind must be one of {', '.join(CHANGE_KINDS)} (got {row['kind']!r})"
                self.refuse("calendar_changes", key, reason)
            elif self.in_order("calendar_changes", key, row):
                span = _span(row)
                if row["kind"] == "extra":
                    span.pop("reason", None)
                found[key].setdefault(row["kind"], []).append(span)
        return dict(found)

    def matrices(self) -> dict[str, Document]:
        found: dict[str, Document] = {}
        for key, row in self.rows("setup_matrices", "setup_matrix"):
            found[key] = {"default": row.get("default", 0), "changes": []}
        for key, row in self.rows("setup_times", "setup_matrix", "from_family", "to_family"):
            matrix = found.get(row["setup_matrix"])
            if matrix is None:
                self.refuse("setup_times", key, f"names no setup matrix of this load: {row['setup_matrix']}")
                continue
            matrix["changes"].append({k: row[k] for k in ("from_family", "to_family", "setup_time")})
        return found

    def machines(self, calendars: Mapping[str, Any], matrices: Mapping[str, Any]) -> dict[str, Document]:
        found: dict[str, Document] = {}
        for key, row in self.rows("machines", "machine_id"):
            lacks = _lacking(row, calendar=calendars, setup_matrix=matrices)
            if lacks:
                self.refuse("machines", key, lacks)
                continue
            found[key] = {"machine_id": key} | _some(row, "calendar", "setup_matrix", *MACHINE_FIELDS)
        self.spans("machine_closures", "machine_id", found, "closed")
        return found

    def operators(self, calendars: Mapping[str, Any]) -> dict[str, Document]:
        found: dict[str, Document] = {}
        for key, row in self.rows("operators", "operator_id"):
            lacks = _lacking(row, calendar=calendars)
            if lacks:
                self.refuse("operators", key, lacks)
                continue
            found[key] = {"operator_id": key, "skills": {}} | _some(row, "calendar", *OPERATOR_FIELDS)
        for key, row in self.rows("operator_skills", "operator_id", "skill"):
            operator = found.get(row["operator_id"])
            level = row.get("level", 1)
            if operator is None:
                self.refuse("operator_skills", key, f"names no operator of this load: {row['operator_id']}")
            elif not 1 <= level <= 3:
                self.refuse("operator_skills", key, f"level must be 1 to 3 (got {level})")
            else:
                operator["skills"][row["skill"]] = level
        self.spans("operator_absences", "operator_id", found, "absent")
        return found

    def spans(self, table: str, column: str, owners: Mapping[str, Document], name: str) -> None:
        """Closures of machines, absences of operators."""
        for key, row in self.rows(table, column):
            if key not in owners:
                self.refuse(table, key, f"names no {column.removesuffix('_id')} of this load")
            elif self.in_order(table, key, row):
                owners[key].setdefault(name, []).append(_span(row))

    def in_order(self, table: str, key: str, row: Cells) -> bool:
        if row["from"] < row["to"]:
            return True
        self.refuse(table, key, f"ends at {_text(row['to'])}, not after its begin at {_text(row['from'])}")
        return False

    def jobs(self, machines: Mapping[str, Any], operators: Mapping[str, Document]) -> dict[str, Document]:
        stated = dict(self.rows("jobs", "job_id"))
        operations = self.operations(stated, machines, operators)
        found: dict[str, Document] = {}
        for job_id, row in stated.items():
            steps = operations.get(job_id)
            if steps is None:
                self.refuse("jobs", job_id, "has no operation")
            elif all("machines" in step for step in steps):
                found[job_id] = (
                    {"job_id": job_id} | _some(row, *JOB_FIELDS) | _instants(row, "release_date", "lcd_date")
                )
                found[job_id]["operations"] = steps
                self.hours += sum(min(o["processing_time"] for o in step["machines"]) for step in steps)
            else:
                lame = ", ".join(step["operation_id"] for step in steps if "machines" not in step)
                self.refuse("jobs", job_id, f"cannot be planned without its operation {lame}, which is refused")
        return found

    def operations(
        self, jobs: Mapping[str, Any], machines: Mapping[str, Any], operators: Mapping[str, Document]
    ) -> dict[str, list[Document]]:
        """Operations by job, in their order; those that cannot be planned have no ``machines``."""
        options = self.options(machines)
        before = self.predecessors()
        highest = _highest_levels(operators)
        placed: dict[str, list[tuple[float, Document]]] = defaultdict(list)
        known = set()
        for row in self.tables.get("operations", ()):
            job_id, operation_id = row["job_id"], row["operation_id"]
            key = (job_id, operation_id)
            known.add(key)
            if job_id not in jobs:
                self.refuse("operations", "/".join(key), f"names no job of this load: {job_id}")
                continue
            step: Document = {"operation_id": operation_id} | _some(row, *OPERATION_FIELDS)
            step |= _instants(row, "start_after", "end_before")
            if key in before:
                step["predecessors"] = before[key]
            lacks = None if ("operations", "/".join(key)) not in self.excluded else ""
            if "skill" in row:
                level = row.get("skill_level", 1)
                step["skill"] = {"skill": row["skill"], "level": level}
                if highest.get(row["skill"], 0) < level:
                    lacks = f"needs skill {row['skill']} at level {level}, which no operator of this load has"
            if key not in options:
                lacks = "has no machine that can do it"
            if lacks is None:
                step["machines"] = options[key]
            elif lacks:
                self.refuse("operations", "/".join(key), lacks)
            placed[job_id].append((row.get("position", len(placed[job_id])), step))
        for job_id, operation_id in options.keys() - known:
            self.refuse("operation_machines", f"{job_id}/{operation_id}", "names no operation of this load")
        return {job: [step for _, step in sorted(steps, key=_position)] for job, steps in placed.items()}

    def options(self, machines: Mapping[str, Any]) -> dict[tuple[str, str], list[Document]]:
        found: dict[tuple[str, str], list[Document]] = defaultdict(list)
        left_out = {key for table, key in self.excluded if table == "operation_machines"}
        for row in self.tables.get("operation_machines", ()):
            job_id, operation_id, machine_id = row["job_id"], row["operation_id"], row["machine_id"]
            if left_out and f"{job_id}/{operation_id}/{machine_id}" in left_out:
                continue
            if machine_id not in machines:
                key = f"{job_id}/{operation_id}/{machine_id}"
                self.refuse("operation_machines", key, f"names no machine of this load: {machine_id}")
                continue
            option = {"machine_id": machine_id, "processing_time": row["processing_time"]}
            found[job_id, operation_id].append(option)
        return dict(found)

    def predecessors(self) -> dict[tuple[str, str], list[str]]:
        """Predecessors by operation; where any are stated, each operation of the load states its own."""
        if not self.tables.get("predecessors"):
            return {}
        found: dict[tuple[str, str], list[str]] = {
            (row["job_id"], row["operation_id"]): [] for row in self.tables.get("operations", ())
        }
        for key, row in self.rows("predecessors", "job_id", "operation_id", "predecessor"):
            own = found.get((row["job_id"], row["operation_id"]))
            if own is None or (row["job_id"], row["predecessor"]) not in found:
                self.refuse("predecessors", key, "names no operation of this load")
            else:
                own.append(row["predecessor"])
        return found

    def progress(
        self, jobs: Mapping[str, Document], machines: Mapping[str, Any], operators: Mapping[str, Any]
    ) -> list[Document]:
        steps = {(job_id, step["operation_id"]) for job_id, job in jobs.items() for step in job["operations"]}
        found = []
        for row in self.tables.get("progress", ()):
            lot = row.get("lot", 1)
            key = f"{row['job_id']}/{row['operation_id']}" + (f"/{lot}" if "lot" in row else "")
            if ("progress", key) in self.excluded:
                continue
            wrong = self.wrong_progress(row, steps, machines, operators)
            if wrong:
                self.refuse("progress", key, wrong)
                continue
            work = _some(row, "job_id", "operation_id", "lot", "share", "machine_id", "operator_id", "remaining_time")
            if "end_time" in row:
                work |= {"completed": True}
                work.pop("remaining_time", None)
            found.append(work | _instants(row, "start_time", "end_time"))
        return found

    def wrong_progress(
        self, row: Cells, steps: set[tuple[str, str]], machines: Mapping[str, Any], operators: Mapping[str, Any]
    ) -> str | None:
        start, end = row["start_time"], row.get("end_time")
        if (row["job_id"], row["operation_id"]) not in steps:
            return "names no operation of this load"
        if row["machine_id"] not in machines:
            return f"names no machine of this load: {row['machine_id']}"
        if "operator_id" in row and row["operator_id"] not in operators:
            return f"names no operator of this load: {row['operator_id']}"
        if start > self.now:
            return f"started at {_text(start)}, after the load was taken"
        if end is not None and end <= start:
            return f"finished at {_text(end)}, before it started at {_text(start)}"
        if end is not None and end > self.now:
            return f"finished at {_text(end)}, after the load was taken"
        return None


def _lacking(row: Cells, **known: Mapping[str, Any]) -> str | None:
    """What a row refers to that is not there."""
    for column, names in known.items():
        if column in row and row[column] not in names:
            return f"names no {column.replace('_', ' ')} of this load: {row[column]}"
    return None


def _highest_levels(operators: Mapping[str, Document]) -> dict[str, int]:
    found: dict[str, int] = {}
    for operator in operators.values():
        for skill, level in operator["skills"].items():
            found[skill] = max(level, found.get(skill, 0))
    return found


def _some(row: Cells, *columns: str) -> Document:
    return {column: row[column] for column in columns if column in row}


def _instants(row: Cells, *columns: str) -> Document:
    return {column: _text(row[column]) for column in columns if column in row}


def _span(row: Cells) -> Document:
    return {"from": _text(row["from"]), "to": _text(row["to"])} | _some(row, "reason")


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _position(placed: tuple[float, Document]) -> float:
    return placed[0]
