"""A problem as a document again: one text for one meaning, and the hash that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from models.shop.problem import (
    Calendar,
    FixedWork,
    Job,
    Level,
    Machine,
    Operation,
    Operator,
    Options,
    Problem,
    ReferenceWork,
    SetupMatrix,
    Span,
    Window,
)
from models.shop.reading.calendars import DAYS
from models.shop.reading.jobs import default_weight
from models.shop.reading.stated_work import GONE

Document = dict[str, Any]


def to_document(problem: Problem) -> Document:
    """A document that parses to an equal problem, warnings aside.

    Times are in UTC and rounded as they were read, machine types are written out as machines, fields at their default
    are left out; so two documents of one meaning become one.
    """
    writer = _Writer(problem)
    options = problem.options
    return _filled(
        request_id=problem.request_id,
        plant=problem.plant,
        schedule_start=writer.instant(0),
        time_zone=problem.time_zone,
        machines=[writer.machine(machine) for machine in problem.machines],
        calendars={name: writer.calendar(calendar) for name, calendar in problem.calendars.items()} or None,
        operators=[writer.operator(operator) for operator in problem.operators] or None,
        setup_matrices={name: _matrix(matrix) for name, matrix in problem.setup_matrices.items()} or None,
        jobs=[writer.job(job) for job in problem.jobs],
        fixed=[writer.fixed(work) for work in problem.fixed] or None,
        reference=[writer.reference(work) for work in problem.reference] or None,
        objective=[_level(level) for level in problem.objective],
        options=_options(options),
    )


def canonical_bytes(problem: Problem) -> bytes:
    """The document as UTF-8 JSON: names sorted, no spaces."""
    return _encode(to_document(problem))


def digest(problem: Problem) -> str:
    """SHA-256 of the canonical bytes without ``request_id``, in hexadecimal: equal for equal problems."""
    document = to_document(problem)
    document.pop("request_id", None)
    return hashlib.sha256(_encode(document)).hexdigest()


def _encode(document: Document) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _filled(**fields: object) -> Document:
    """A document without the fields that are None."""
    return {name: value for name, value in fields.items() if value is not None}


def _unless(value: object, default: object) -> object:
    """The value, or None where it is the default."""
    return None if value == default else value


class _Hours(dict[int, int | float]):
    """Seconds -> hours that read back as the same seconds."""

    def __missing__(self, seconds: int) -> int | float:
        hours = self[seconds] = seconds // 3600 if seconds % 3600 == 0 else seconds / 3600
        return hours


def _thousandths(value: int) -> int | float:
    return value // 1000 if value % 1000 == 0 else value / 1000


class _Writer:
    """Writes the parts of one problem that need its second zero or its ids."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.hours = _Hours()
        self.machine_ids = [machine.machine_id for machine in problem.machines]

    def instant(self, second: int | None) -> str | None:
        """A second of the schedule as an instant in UTC."""
        if second is None:
            return None
        return datetime.fromtimestamp(self.problem.epoch + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def spans(self, spans: Iterable[Span]) -> list[Document] | None:
        rows = [{"from": self.instant(s.start), "to": self.instant(s.end), **_filled(reason=s.reason)} for s in spans]
        return rows or None

    def calendar(self, calendar: Calendar) -> Document:
        return _filled(
            weekly=None if calendar.weekly is None else _windows(calendar.weekly),
            breaks=_windows(calendar.breaks) or None,
            holidays=[day.isoformat() for day in calendar.holidays] or None,
            extra=self.spans(calendar.extra),
            closed=self.spans(calendar.closed),
        )

    def machine(self, machine: Machine) -> Document:
        return _filled(
            machine_id=machine.machine_id,
            machine_type=machine.machine_type,
            department=machine.department,
            efficiency=_unless(machine.efficiency, 1.0),
            calendar=machine.calendar,
            closed=self.spans(machine.closed),
            setup_matrix=machine.setup_matrix,
            initial_family=machine.initial_family,
            capacity=_unless(machine.capacity, 1),
        )

    def operator(self, operator: Operator) -> Document:
        return _filled(
            operator_id=operator.operator_id,
            skills=dict(operator.skills) or None,
            calendar=operator.calendar,
            absent=self.spans(operator.absent),
            capacity=_unless(operator.capacity, 1),
            department=operator.department,
            overtime_eligible=_unless(operator.overtime_eligible, False),
        )

    def job(self, job: Job) -> Document:
        weight = _unless(job.weight, default_weight(job.priority, job.is_important))
        return _filled(
            job_id=job.job_id,
            family_id=job.family_id,
            priority=job.priority,
            is_important=_unless(job.is_important, False),
            weight=None if weight is None else _thousandths(job.weight),
            release_date=self.instant(job.release),
            lcd_date=self.instant(job.due),
            lcd_hard=_unless(job.due_hard, False),
            quantity=job.quantity,
            operations=[self.operation(self.problem.operations[number]) for number in job.operations],
        )

    def operation(self, operation: Operation) -> Document:
        level = _unless(operation.skill_level, 1)
        ids, hours, all_operations = self.machine_ids, self.hours, self.problem.operations
        return _filled(
            operation_id=operation.operation_id,
            family_id=operation.family_id,
            machines=[
                {"machine_id": ids[machine], "processing_time": hours[seconds]}
                for machine, seconds in sorted(operation.options.items())
            ],
            predecessors=[all_operations[number].operation_id for number in operation.predecessors],
            min_delay=_unless(hours[operation.min_delay], 0),
            skill=operation.skill if level is None else {"skill": operation.skill, "level": level},
            interruptible=_unless(operation.interruptible, True),
            start_after=self.instant(operation.start_after),
            end_before=self.instant(operation.end_before),
            max_lots=_unless(operation.max_lots, 1),
            min_lot=_unless(hours[operation.min_lot], 1),
        )

    def place(self, operation: int, machine: int, start: int, lot: int) -> Document:
        """The fields that fixed work and reference have in common."""
        stated = self.problem.operations[operation]
        return {
            "job_id": self.problem.jobs[stated.job].job_id,
            "operation_id": stated.operation_id,
            "lot": lot,
            "machine_id": self.gone() if machine == GONE else self.machine_ids[machine],
            "start_time": self.instant(start),
        }

    def gone(self) -> str:
        """A name that no machine of the problem has."""
        name = "gone"
        while name in self.machine_ids:
            name += "'"
        return name

    def fixed(self, work: FixedWork) -> Document:
        return self.place(work.operation, work.machine, work.start, work.lot) | _filled(
            share=work.share,
            operator_id=None if work.operator is None else self.problem.operators[work.operator].operator_id,
            remaining_time=None if work.remaining is None else self.hours[work.remaining],
            completed=_unless(work.completed, False),
            end_time=self.instant(work.end),
        )

    def reference(self, work: ReferenceWork) -> Document:
        return self.place(work.operation, work.machine, work.start, work.lot)


def _windows(windows: Sequence[Window]) -> list[Document]:
    return [
        {
            "days": [DAYS[day] for day in sorted(window.days)],
            "from": _clock(window.start),
            "to": _clock(window.end),
            **_filled(shift=window.shift),
        }
        for window in windows
    ]


def _clock(second: int) -> str:
    hour, rest = divmod(second, 3600)
    minute, second = divmod(rest, 60)
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")


def _matrix(matrix: SetupMatrix) -> Document:
    hours = _Hours()
    changes = [
        {"from_family": before, "to_family": after, "setup_time": hours[seconds]}
        for (before, after), seconds in sorted(matrix.changes.items())
    ]
    return {"default": hours[matrix.default], "changes": changes}


def _level(level: Level) -> Document:
    return {term: _thousandths(coefficient) for term, coefficient in level.items()}


def _options(options: Options) -> Document:
    return {
        "engine": options.engine,
        "time_limit_seconds": options.seconds,
        "gap_tolerance": options.gap_tolerance,
        "batch_size": options.batch_size,
        "seed": options.seed,
        "deterministic": options.deterministic,
        "relax": list(options.relax),
    }
