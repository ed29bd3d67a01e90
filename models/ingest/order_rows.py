"""From rows to the work: jobs with their operations and machine options, and its progress."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from models.ingest.plant_rows import PlantRows
from models.ingest.rows import Cells
from models.ingest.stated import Document, instants, some, text

JOB_FIELDS = ("family_id", "priority", "is_important", "weight", "lcd_hard", "quantity")
OPERATION_FIELDS = ("family_id", "interruptible", "max_lots", "min_lot", "min_delay")


class OrderRows(PlantRows):
    """What is to be done. ``hours``: the work of all jobs, each operation on its fastest machine."""

    hours = 0.0

    def jobs(self, machines: Mapping[str, Any], operators: Mapping[str, Document]) -> dict[str, Document]:
        """Jobs by id; those that lack one of their operations are refused."""
        stated = dict(self.rows("jobs", "job_id"))
        operations = self.operations(stated, machines, operators)
        found: dict[str, Document] = {}
        for job_id, row in stated.items():
            steps = operations.get(job_id)
            if steps is None:
                self.refuse("jobs", job_id, "has no operation")
            elif all("machines" in step for step in steps):
                found[job_id] = {"job_id": job_id} | some(row, *JOB_FIELDS) | instants(row, "release_date", "lcd_date")
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
            step: Document = {"operation_id": operation_id} | some(row, *OPERATION_FIELDS)
            step |= instants(row, "start_after", "end_before")
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
        """Machine options by (job, operation), without those on machines that are not there."""
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
        """Work that has begun or is done."""
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
            work = some(row, "job_id", "operation_id", "lot", "share", "machine_id", "operator_id", "remaining_time")
            if "end_time" in row:
                work |= {"completed": True}
                work.pop("remaining_time", None)
            found.append(work | instants(row, "start_time", "end_time"))
        return found

    def wrong_progress(
        self, row: Cells, steps: set[tuple[str, str]], machines: Mapping[str, Any], operators: Mapping[str, Any]
    ) -> str | None:
        """Why a row of progress cannot be; None where it can."""
        start, end = row["start_time"], row.get("end_time")
        if (row["job_id"], row["operation_id"]) not in steps:
            return "names no operation of this load"
        if row["machine_id"] not in machines:
            return f"names no machine of this load: {row['machine_id']}"
        if "operator_id" in row and row["operator_id"] not in operators:
            return f"names no operator of this load: {row['operator_id']}"
        if start > self.now:
            return f"started at {text(start)}, after the load was taken"
        if end is not None and end <= start:
            return f"finished at {text(end)}, before it started at {text(start)}"
        if end is not None and end > self.now:
            return f"finished at {text(end)}, after the load was taken"
        return None


def _highest_levels(operators: Mapping[str, Document]) -> dict[str, int]:
    found: dict[str, int] = {}
    for operator in operators.values():
        for skill, level in operator["skills"].items():
            found[skill] = max(level, found.get(skill, 0))
    return found


def _position(placed: tuple[float, Document]) -> float:
    return placed[0]
