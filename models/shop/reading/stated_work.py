"""Work that is already decided (``fixed``) and the plan that ``changes`` are counted against (``reference``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.shop.problem import WHOLE_SHARE, FixedWork, Job, Operation, ReferenceWork
from models.shop.reading.bounds import MAX_HOURS, MAX_LOTS
from models.shop.reading.context import Context
from models.shop.reading.instants import Instant
from models.shop.reading.jobs import ONLY_OPERATION
from models.shop.reading.quantities import to_seconds
from models.shop.reading.row import Row

GONE = -1
"""The machine number of a reference whose machine is no longer in the problem."""

_ROW = frozenset({"job_id", "operation_id", "lot", "share", "machine_id", "operator_id", "start_time", "end_time"})
_FIXED = _ROW | {"remaining_time", "completed"}
_REFERENCE = _ROW | {"processing_time", "setup_start"}
Numbers = Mapping[str, Mapping[str, int]]
"""Job id -> operation id -> number."""


def number_operations(jobs: Sequence[Job], operations: Sequence[Operation]) -> Numbers:
    """Where to find an operation by its ids."""
    return {job.job_id: {operations[k].operation_id: k for k in job.operations} for job in jobs}


def read_fixed(
    context: Context, document: Row, numbers: Numbers, operations: Sequence[Operation]
) -> tuple[FixedWork, ...]:
    """All fixed work. Contradictions to the shop's rules are no faults here: the result lists them."""
    found: list[tuple[Row, FixedWork]] = []
    for row in document.rows("fixed", _FIXED, context.bounds.max_fixed):
        work = _read_fixed_row(context, row, numbers, operations)
        if work is not None:
            found.append((row, work))
    _check_lots(found)
    return tuple(work for _, work in found)


def _read_fixed_row(context: Context, row: Row, numbers: Numbers, operations: Sequence[Operation]) -> FixedWork | None:
    operation = _read_operation(row, numbers)
    machine_id = row.identity("machine_id")
    machine = None if machine_id is None else context.machine_numbers.get(machine_id)
    if machine is None and machine_id is not None:
        row.fault("machine_id", "unknown_machine", "names no machine of this problem", machine_id)
    start = row.instant("start_time") if row.require("start_time") else None
    completed = row.flag("completed", False)
    end = _read_end(row, start, completed, context.zero)
    remaining = _read_remaining(row, completed)
    lot = row.integer("lot", 1, MAX_LOTS) or 1
    share = row.integer("share", 1, WHOLE_SHARE) or WHOLE_SHARE
    operator = _read_operator(context, row)
    if operation is None or machine is None or start is None:
        return None
    if machine not in operations[operation].options and remaining is None and not completed:
        row.fault("remaining_time", "required", "is required on a machine that is not among the operation's")
    second = start.floor - context.zero
    return FixedWork(operation, machine, second, lot, share, operator, remaining, completed, end)


def _read_operation(row: Row, numbers: Numbers) -> int | None:
    job_id = row.identity("job_id")
    operation_id = row.text("operation_id") if row.has("operation_id") else ONLY_OPERATION
    if job_id is None or operation_id is None:
        return None
    if job_id not in numbers:
        row.fault("job_id", "unknown_job", "names no job of this problem", job_id)
        return None
    if operation_id not in numbers[job_id]:
        row.fault("operation_id", "unknown_operation", f"names no operation of job {job_id!r}", operation_id)
        return None
    return numbers[job_id][operation_id]


def _read_operator(context: Context, row: Row) -> int | None:
    operator_id = row.text("operator_id")
    if operator_id is None:
        return None
    if operator_id not in context.operator_numbers:
        row.fault("operator_id", "unknown_operator", "names no operator of this problem", operator_id)
    return context.operator_numbers.get(operator_id)


def _read_end(row: Row, start: Instant | None, completed: bool, zero: int) -> int | None:
    """When completed work ended, rounded up; the end of other work follows from its start and is only checked."""
    end = row.instant("end_time")
    if completed and not row.has("end_time"):
        row.fault("end_time", "required", "is required for completed work")
    if end is None:
        return None
    if start is not None and not start.is_before(end):
        row.fault("end_time", "order", "must be after `start_time`", row.fields["end_time"])
    second = end.ceiling - zero
    if completed and second > 0:
        row.fault("end_time", "completed", "completed work must end by schedule_start", row.fields["end_time"])
    return second if completed else None


def _read_remaining(row: Row, completed: bool) -> int | None:
    hours = row.number("remaining_time", 0, MAX_HOURS)
    if hours is None:
        return None
    if completed and hours > 0:
        row.fault("remaining_time", "completed", "completed work has no time left", hours)
    return None if completed else max(1, to_seconds(hours))


def _check_lots(found: Sequence[tuple[Row, FixedWork]]) -> None:
    """Lots of one operation state their number and share, differ in number, and are no more than the operation."""
    pieces: dict[int, list[tuple[Row, FixedWork]]] = {}
    for row, work in found:
        pieces.setdefault(work.operation, []).append((row, work))
    for group in pieces.values():
        if len(group) > 1 or group[0][1].lot > 1:
            _check_cut(group)


def _check_cut(group: Sequence[tuple[Row, FixedWork]]) -> None:
    lots: set[int] = set()
    total = 0
    for row, work in group:
        for name in ("lot", "share"):
            if not row.has(name):
                row.fault(name, "required", "is required where an operation is cut into lots")
        if row.has("lot") and work.lot in lots:
            row.fault("lot", "duplicate", "is listed twice for this operation", work.lot)
        lots.add(work.lot)
        if row.has("share"):
            total += work.share
            if work.share == WHOLE_SHARE:
                row.fault("share", "share_sum", "one lot of several cannot be the whole operation", work.share)
    if total > WHOLE_SHARE:
        group[-1][0].fault("share", "share_sum", f"the operation's shares must not exceed {WHOLE_SHARE}", total)


def read_reference(context: Context, document: Row, numbers: Numbers) -> tuple[ReferenceWork, ...]:
    """The reference plan; rows whose job or operation is gone are left out."""
    works: dict[tuple[int, int], ReferenceWork] = {}
    for row in document.rows("reference", _REFERENCE, context.bounds.max_reference):
        job_id, machine_id = row.identity("job_id"), row.identity("machine_id")
        operation_id = row.text("operation_id") if row.has("operation_id") else ONLY_OPERATION
        start = context.second_down(row, "start_time") if row.require("start_time") else None
        lot = row.integer("lot", 1, MAX_LOTS) or 1
        _check_unused(row)
        operation = numbers.get(job_id or "", {}).get(operation_id or "")
        if operation is None or machine_id is None or start is None:
            continue
        if (operation, lot) in works:
            row.fault("lot", "duplicate", "this lot of the operation is listed twice", lot)
        machine = context.machine_numbers.get(machine_id, GONE)
        works[operation, lot] = ReferenceWork(operation, machine, start, lot)
    return tuple(works.values())


def _check_unused(row: Row) -> None:
    """Fields of a result's row that say nothing about changes must still be well formed."""
    row.integer("share", 1, WHOLE_SHARE)
    row.text("operator_id")
    row.number("processing_time", 0, MAX_HOURS)
    row.instant("end_time")
    row.instant("setup_start")
