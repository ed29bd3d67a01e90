"""Jobs and their operations."""

from __future__ import annotations

from collections.abc import Sequence

from models.shop.problem import Job, Operation
from models.shop.reading.bounds import MAX_QUANTITY
from models.shop.reading.context import Context
from models.shop.reading.operations import (
    DEFAULT_TERMS,
    OWN_FIELDS,
    SHARED_FIELDS,
    Terms,
    check_skill,
    read_eligible,
    read_terms,
)
from models.shop.reading.options import read_thousandths
from models.shop.reading.plant import is_new
from models.shop.reading.precedence import read_predecessors
from models.shop.reading.row import Row

_JOB = (
    SHARED_FIELDS
    | OWN_FIELDS
    | {
        "job_id",
        "priority",
        "is_important",
        "weight",
        "release_date",
        "lcd_date",
        "lcd_hard",
        "quantity",
        "operations",
    }
)
_OPERATION = SHARED_FIELDS | OWN_FIELDS | {"operation_id", "predecessors", "min_delay"}
ONLY_OPERATION = "1"
"""The id of the operation of a job that lists none."""

LEAST_URGENT = 5
_DEFAULT_PRIORITY = 3


def read_jobs(context: Context, document: Row) -> tuple[tuple[Job, ...], tuple[Operation, ...]]:
    """All jobs and, in their order, all operations; there must be one job at least."""
    if not document.require("jobs"):
        return (), ()
    if document.fields["jobs"] == []:
        document.fault("jobs", "min_items", "must have at least one entry", [])
    seen: set[str] = set()
    jobs: list[Job] = []
    operations: list[Operation] = []
    for row in document.rows("jobs", _JOB, context.bounds.max_jobs):
        job_id = row.identity("job_id")
        if job_id is not None and is_new(row, "job_id", job_id, seen):
            seen.add(job_id)
        terms = read_terms(context, row, DEFAULT_TERMS)
        first = len(operations)
        if row.has("operations"):
            operations += _read_operations(context, row, terms, len(jobs), first)
        else:
            operations.append(_read_only_operation(context, row, terms, len(jobs), first))
        jobs.append(_read_job(context, row, job_id or "", first, len(operations) - first, terms.family_id, len(jobs)))
    return tuple(jobs), tuple(operations)


def _read_job(
    context: Context, row: Row, job_id: str, first: int, count: int, family_id: str | None, index: int
) -> Job:
    priority = row.integer("priority", 1, LEAST_URGENT) or _DEFAULT_PRIORITY
    is_important = row.flag("is_important", False)
    weight = read_thousandths(row, "weight")
    release = context.second_up(row, "release_date")
    return Job(
        index,
        job_id,
        first,
        count,
        priority=priority,
        is_important=is_important,
        weight=default_weight(priority, is_important) if weight is None else weight,
        release=release,
        earliest=max(0, release or 0),
        due=context.second_down(row, "lcd_date"),
        due_hard=row.flag("lcd_hard", False),
        family_id=family_id,
        quantity=_read_quantity(row),
    )


def default_weight(priority: int, is_important: bool) -> int:
    """The weight of a job that states none, in thousandths: 6 - priority, doubled if important."""
    return (LEAST_URGENT + 1 - priority) * (2000 if is_important else 1000)


def _read_quantity(row: Row) -> float | None:
    quantity = row.number("quantity", 0, MAX_QUANTITY)
    return None if quantity is None else float(quantity)


def _read_only_operation(context: Context, row: Row, terms: Terms, job: int, number: int) -> Operation:
    context.count_operations(1)
    check_skill(context, row, terms)
    return _build(context, row, terms, (job, number, ONLY_OPERATION), (), 0)


def _read_operations(context: Context, job_row: Row, terms: Terms, job: int, first: int) -> list[Operation]:
    for name in sorted(OWN_FIELDS):
        if job_row.has(name):
            job_row.fault(name, "exclusive", "excludes `operations`, which state it each", job_row.fields[name])
    if job_row.fields["operations"] == []:
        job_row.fault("operations", "min_items", "must have at least one entry, or be left out", [])
    rows = list(job_row.rows("operations", _OPERATION, context.bounds.max_operations))
    context.count_operations(len(rows))
    ids = _read_ids(rows)
    before = read_predecessors(rows, ids, job_row)
    operations = []
    for position, row in enumerate(rows):
        own = read_terms(context, row, terms)
        check_skill(context, row, own)
        key = (job, first + position, ids[position] or "")
        predecessors = tuple(first + place for place in before[position])
        operations.append(_build(context, row, own, key, predecessors, row.hours("min_delay") or 0))
    return operations


def _read_ids(rows: Sequence[Row]) -> list[str | None]:
    seen: set[str] = set()
    ids: list[str | None] = []
    for row in rows:
        operation_id = row.identity("operation_id")
        if operation_id is not None and is_new(row, "operation_id", operation_id, seen):
            seen.add(operation_id)
        ids.append(operation_id)
    return ids


def _build(
    context: Context, row: Row, terms: Terms, key: tuple[int, int, str], predecessors: tuple[int, ...], min_delay: int
) -> Operation:
    job, number, operation_id = key
    return Operation(
        number,
        job,
        operation_id,
        read_eligible(context, row, terms),
        family_id=terms.family_id,
        predecessors=predecessors,
        min_delay=min_delay,
        skill=terms.skill,
        skill_level=terms.skill_level,
        interruptible=terms.interruptible,
        start_after=terms.start_after,
        end_before=terms.end_before,
        max_lots=terms.max_lots,
        min_lot=terms.min_lot,
    )
