"""From rows to the plant: calendars, setup matrices, machines and operators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from models.ingest.stated import Document, Stated, lacking, some, span

WINDOW_KINDS: Final = {"open": "weekly", "break": "breaks"}
CHANGE_KINDS: Final = ("extra", "closed")
MACHINE_FIELDS = ("machine_type", "department", "efficiency", "initial_family", "capacity")
OPERATOR_FIELDS = ("capacity", "department", "overtime_eligible")


class PlantRows(Stated):
    """What the work is done with."""

    def calendars(self) -> dict[str, Document]:
        """Calendars by name: weekly windows, breaks, holidays and changes."""
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
                change = span(row)
                if row["kind"] == "extra":
                    change.pop("reason", None)
                found[key].setdefault(row["kind"], []).append(change)
        return dict(found)

    def matrices(self) -> dict[str, Document]:
        """Setup matrices by name."""
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
        """Machines by id, with their closures."""
        found: dict[str, Document] = {}
        for key, row in self.rows("machines", "machine_id"):
            lacks = lacking(row, calendar=calendars, setup_matrix=matrices)
            if lacks:
                self.refuse("machines", key, lacks)
                continue
            found[key] = {"machine_id": key} | some(row, "calendar", "setup_matrix", *MACHINE_FIELDS)
        self.spans("machine_closures", "machine_id", found, "closed")
        return found

    def operators(self, calendars: Mapping[str, Any]) -> dict[str, Document]:
        """Operators by id, with their skills and absences."""
        found: dict[str, Document] = {}
        for key, row in self.rows("operators", "operator_id"):
            lacks = lacking(row, calendar=calendars)
            if lacks:
                self.refuse("operators", key, lacks)
                continue
            found[key] = {"operator_id": key, "skills": {}} | some(row, "calendar", *OPERATOR_FIELDS)
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
                owners[key].setdefault(name, []).append(span(row))
