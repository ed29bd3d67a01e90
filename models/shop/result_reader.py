"""Reads a result document back as a schedule, naming every part that cannot be read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from models.shop.faults import MAX_FAULTS, Fault, InvalidProblem, shown
from models.shop.problem import WHOLE_SHARE, Problem
from models.shop.schedule import REASONS, Assignment, FixedConflict, Schedule, Unscheduled


def read_result(problem: Problem, document: object) -> tuple[Schedule, Mapping[str, float | None]]:
    """The schedule of a result document and the metrics it states.

    Raises InvalidProblem where the document cannot be read as a schedule of ``problem``: unknown ids, instants without
    offset or off the whole second, wrong types. Whether the schedule obeys the rules is the validator's question.
    """
    reader = _Reader(problem)
    if not isinstance(document, dict):
        raise InvalidProblem([Fault("result", "type", "must be a JSON object", shown(document))])
    schedule = Schedule(
        assignments=tuple(
            sorted(reader.assignments(document), key=lambda a: (a.start, a.end, a.operation, a.lot)),
        ),
        unscheduled=tuple(reader.unscheduled(document)),
        fixed_conflicts=tuple(reader.conflicts(document)),
    )
    metrics = document.get("metrics") or {}
    if not isinstance(metrics, dict):
        reader.fault("metrics", "type", "must be an object", metrics)
        metrics = {}
    if reader.faults:
        raise InvalidProblem(reader.faults, reader.total)
    return schedule, metrics


class _Reader:
    """Reads rows of a result against a problem and collects what is wrong."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.faults: list[Fault] = []
        self.total = 0
        self.jobs = {job.job_id: job.index for job in problem.jobs}
        self.machines = {machine.machine_id: i for i, machine in enumerate(problem.machines)}
        self.operators = {who.operator_id: i for i, who in enumerate(problem.operators)}
        self.operations = {(problem.jobs[o.job].job_id, o.operation_id): o.number for o in problem.operations}
        self.stood = {(w.operation, w.machine, w.start) for w in problem.fixed}

    def fault(self, path: str, rule: str, message: str, value: object) -> None:
        self.total += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(path, rule, message, shown(value)))

    def rows(
        self, document: Mapping[str, object], name: str, *, required: bool = False
    ) -> Sequence[tuple[str, Mapping[str, object]]]:
        rows = document.get(name)
        if rows is None and not required:
            return []
        if not isinstance(rows, list):
            self.fault(name, "type", "must be a list", rows)
            return []
        found = []
        for i, row in enumerate(rows):
            if isinstance(row, dict):
                found.append((f"{name}[{i}]", row))
            else:
                self.fault(f"{name}[{i}]", "type", "must be an object", row)
        return found

    def operation(self, path: str, row: Mapping[str, object]) -> int | None:
        key = (row.get("job_id"), row.get("operation_id") or "1")
        number = self.operations.get(key) if all(isinstance(part, str) for part in key) else None  # type: ignore[arg-type]
        if number is None:
            self.fault(f"{path}.operation_id", "unknown_operation", "must name an operation of the problem", key)
        return number

    def index(self, path: str, known: Mapping[str, int], rule: str, value: object) -> int | None:
        found = known.get(value) if isinstance(value, str) else None
        if found is None:
            self.fault(path, rule, "must name one of the problem", value)
        return found

    def second(self, path: str, value: object) -> int | None:
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fault(path, "instant", "must be an RFC 3339 instant with an offset", value)
            return None
        if moment.microsecond:
            self.fault(path, "whole_second", "must be a whole second", value)
            return None
        return round(moment.timestamp()) - self.problem.epoch

    def whole(self, path: str, value: object) -> int | None:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= WHOLE_SHARE:
            self.fault(path, "range", f"must be a whole number from 1 to {WHOLE_SHARE}", value)
            return None
        return value

    def assignments(self, document: Mapping[str, object]) -> Sequence[Assignment]:
        found = []
        for path, row in self.rows(document, "scheduled_jobs", required=True):
            operation = self.operation(path, row)
            machine = self.index(f"{path}.machine_id", self.machines, "unknown_machine", row.get("machine_id"))
            operator = None
            if row.get("operator_id") is not None:
                operator = self.index(f"{path}.operator_id", self.operators, "unknown_operator", row["operator_id"])
            start = self.second(f"{path}.start_time", row.get("start_time"))
            end = self.second(f"{path}.end_time", row.get("end_time"))
            lot = self.whole(f"{path}.lot", row.get("lot", 1))
            share = self.whole(f"{path}.share", row.get("share", WHOLE_SHARE))
            setup = row.get("setup_start")
            setup_start = None if setup is None else self.second(f"{path}.setup_start", setup)
            hours = row.get("processing_time", 0)
            if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0 <= hours < math.inf:
                self.fault(f"{path}.processing_time", "number", "must be hours, 0 or more", hours)
                hours = 0
            if operation is None or machine is None or start is None or end is None or lot is None or share is None:
                continue
            found.append(
                Assignment(
                    operation,
                    machine,
                    start,
                    end,
                    round(hours * 3600),
                    operator,
                    setup_start,
                    lot=lot,
                    share=share,
                    fixed=(operation, machine, start) in self.stood,
                )
            )
        return found

    def unscheduled(self, document: Mapping[str, object]) -> Sequence[Unscheduled]:
        found = []
        for path, row in self.rows(document, "unscheduled_jobs"):
            job = self.index(f"{path}.job_id", self.jobs, "unknown_job", row.get("job_id"))
            reason = row.get("reason")
            if reason not in REASONS:
                self.fault(f"{path}.reason", "reason", f"must be one of {', '.join(REASONS)}", reason)
            elif job is not None:
                found.append(Unscheduled(job, str(reason), str(row.get("detail") or "")))
        return found

    def conflicts(self, document: Mapping[str, object]) -> Sequence[FixedConflict]:
        found = []
        for path, row in self.rows(document, "fixed_conflicts"):
            members = []
            for at, entry in self.rows(row, "fixed", required=True):
                number = self.operation(f"{path}.{at}", entry)
                lot = self.whole(f"{path}.{at}.lot", entry.get("lot", 1))
                if number is not None and lot is not None:
                    members.append((number, lot))
            found.append(FixedConflict(str(row.get("rule") or ""), tuple(members), str(row.get("detail") or "")))
        return found
