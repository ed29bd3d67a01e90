"""A problem as a document again: one text for one meaning, and the hash that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
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

_MARK = "\x00"
"""No text of a problem holds control characters."""


def to_document(problem: Problem) -> Document:
    """A document that parses to an equal problem, warnings aside.

    Times are in UTC and rounded as they were read, machine types are written out as machines, fields at their default
    are left out; so two documents of one meaning become one.
    """
    return _document(_Writer(problem))


def _document(writer: _Writer) -> Document:
    problem = writer.problem
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
    return b"".join(_pieces(problem, _document(_Writer(problem, marked=True))))


def digest(problem: Problem) -> str:
    """SHA-256 of the canonical bytes without ``request_id``, in hexadecimal: equal for equal problems."""
    document = _document(_Writer(problem, marked=True))
    document.pop("request_id", None)
    found = hashlib.sha256()
    for piece in _pieces(problem, document):
        found.update(piece)
    return found.hexdigest()


def _pieces(problem: Problem, marked: Document) -> Iterator[bytes]:
    """The text, piece by piece, of a document in which marks stand for the operations' machines.

    These are most of a large problem; put in as text they take a fraction of the time that objects take.
    """
    pieces = _text(marked).split(_text(_MARK))
    for piece, listed in zip(pieces, chain(_machine_texts(problem), (b"",)), strict=True):
        yield piece.encode()
        yield listed


def _machine_texts(problem: Problem) -> Iterator[bytes]:
    """The ``machines`` of each operation, in the order of the document.

    Operations that name machine types share one object of options, be it of 20,000 machines: it is written once.
    """
    known: dict[int, bytes] = {}
    hours = _Hours()
    opening = [f'{{"machine_id":{_text(machine.machine_id)},"processing_time":' for machine in problem.machines]
    for job in problem.jobs:
        for number in job.operations:
            options = problem.operations[number].options
            text = known.get(id(options))
            if text is None:
                rows = [f"{opening[machine]}{hours[seconds]!r}}}" for machine, seconds in sorted(options.items())]
                text = known[id(options)] = f"[{','.join(rows)}]".encode()
            yield text


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


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
    """Writes the parts of one problem that need its second zero or its ids; ``marked`` leaves marks for machines."""

    def __init__(self, problem: Problem, *, marked: bool = False) -> None:
        self.problem = problem
        self.marked = marked
        self.hours = _Hours()
        self.machine_ids = [machine.machine_id for machine in problem.machines]

    def instant(self, second: int | None) -> str | None:
        """A second of the schedule as an instant in UTC."""
        if second is None:
            return None
        return datetime.fromtimestamp(self.problem.epoch + second, UTC).isoformat()[:19] + "Z"

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

    # Jobs and operations are most of a problem and most of their fields are at their defaults: those are tested, not
    # gathered and filtered like the fields of everything else.

    def job(self, job: Job) -> Document:
        all_operations = self.problem.operations
        document: Document = {
            "job_id": job.job_id,
            "priority": job.priority,
            "operations": [self.operation(all_operations[number]) for number in job.operations],
        }
        if job.family_id is not None:
            document["family_id"] = job.family_id
        if job.is_important:
            document["is_important"] = True
        if job.weight != default_weight(job.priority, job.is_important):
            document["weight"] = _thousandths(job.weight)
        if job.release is not None:
            document["release_date"] = self.instant(job.release)
        if job.due is not None:
            document["lcd_date"] = self.instant(job.due)
        if job.due_hard:
            document["lcd_hard"] = True
        if job.quantity is not None:
            document["quantity"] = job.quantity
        return document

    def options(self, operation: Operation) -> list[Document]:
        ids, hours = self.machine_ids, self.hours
        return [
            {"machine_id": ids[machine], "processing_time": hours[seconds]}
            for machine, seconds in sorted(operation.options.items())
        ]

    def operation(self, operation: Operation) -> Document:
        hours, all_operations = self.hours, self.problem.operations
        document: Document = {
            "operation_id": operation.operation_id,
            "machines": _MARK if self.marked else self.options(operation),
            "predecessors": [all_operations[number].operation_id for number in operation.predecessors],
        }
        if operation.family_id is not None:
            document["family_id"] = operation.family_id
        if operation.min_delay:
            document["min_delay"] = hours[operation.min_delay]
        if operation.skill_level != 1:
            document["skill"] = {"skill": operation.skill, "level": operation.skill_level}
        elif operation.skill is not None:
            document["skill"] = operation.skill
        if not operation.interruptible:
            document["interruptible"] = False
        if operation.start_after is not None:
            document["start_after"] = self.instant(operation.start_after)
        if operation.end_before is not None:
            document["end_before"] = self.instant(operation.end_before)
        if operation.max_lots != 1:
            document["max_lots"] = operation.max_lots
        if hours[operation.min_lot] != 1:
            document["min_lot"] = hours[operation.min_lot]
        return document

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
