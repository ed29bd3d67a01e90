"""What a plant works with: machines, operators, setup matrices."""

from __future__ import annotations

from collections.abc import Container

from models.shop.problem import Machine, Operator, SetupMatrix
from models.shop.reading.bounds import MAX_CAPACITY, MAX_EFFICIENCY, MAX_MACHINE_TYPE, MIN_EFFICIENCY
from models.shop.reading.calendars import read_closures
from models.shop.reading.context import Context
from models.shop.reading.row import Row

_MACHINE = frozenset(
    {
        "machine_id",
        "machine_type",
        "department",
        "efficiency",
        "calendar",
        "closed",
        "setup_matrix",
        "initial_family",
        "capacity",
    }
)
_OPERATOR = frozenset({"operator_id", "skills", "calendar", "absent", "capacity", "department", "overtime_eligible"})
_MATRIX = frozenset({"default", "changes"})
_CHANGE = frozenset({"from_family", "to_family", "setup_time"})
BEST_LEVEL = 3


def read_machines(context: Context, document: Row) -> tuple[Machine, ...]:
    """All machines; there must be one at least."""
    if not document.require("machines"):
        return ()
    if document.fields["machines"] == []:
        document.fault("machines", "min_items", "must have at least one entry", [])
    machines: dict[str, Machine] = {}
    for row in document.rows("machines", _MACHINE, context.bounds.max_machines):
        machine = _read_machine(context, row)
        if machine is not None and is_new(row, "machine_id", machine.machine_id, machines):
            machines[machine.machine_id] = machine
    return tuple(machines.values())


def _read_machine(context: Context, row: Row) -> Machine | None:
    machine_id = row.identity("machine_id")
    capacity = row.integer("capacity", 1, MAX_CAPACITY) or 1
    matrix = _read_reference(row, "setup_matrix", context.matrices)
    if matrix is not None and capacity > 1:
        row.fault("setup_matrix", "setup_capacity", "a machine with capacity above 1 has no setup matrix", matrix)
    efficiency = row.number("efficiency", MIN_EFFICIENCY, MAX_EFFICIENCY)
    machine = Machine(
        machine_id or "",
        machine_type=row.integer("machine_type", -MAX_MACHINE_TYPE, MAX_MACHINE_TYPE),
        department=row.text("department", least=0),
        efficiency=1.0 if efficiency is None else float(efficiency),
        calendar=_read_reference(row, "calendar", context.calendars),
        closed=read_closures(context, row, "closed"),
        setup_matrix=matrix,
        initial_family=row.text("initial_family"),
        capacity=capacity,
    )
    return None if machine_id is None else machine


def read_operators(context: Context, document: Row) -> tuple[Operator, ...]:
    """All operators and crews."""
    operators: dict[str, Operator] = {}
    for row in document.rows("operators", _OPERATOR, context.bounds.max_operators):
        operator_id = row.identity("operator_id")
        operator = Operator(
            operator_id or "",
            skills=_read_skills(row),
            calendar=_read_reference(row, "calendar", context.calendars),
            absent=read_closures(context, row, "absent"),
            capacity=row.integer("capacity", 1, MAX_CAPACITY) or 1,
            department=row.text("department", least=0),
            overtime_eligible=row.flag("overtime_eligible", False),
        )
        if operator_id is not None and is_new(row, "operator_id", operator_id, operators):
            operators[operator_id] = operator
    return tuple(operators.values())


def _read_skills(row: Row) -> dict[str, int]:
    skills: dict[str, int] = {}
    stated = row.object("skills", None)
    if stated is None:
        return skills
    for name in stated.fields:
        level = stated.integer(name, 1, BEST_LEVEL)
        if stated.is_text(name, name) and level is not None:
            skills[name] = level
    return skills


def read_matrices(context: Context, document: Row) -> dict[str, SetupMatrix]:
    """All setup matrices by name."""
    rows = document.named_rows("setup_matrices", _MATRIX, context.bounds.max_matrices)
    return {name: _read_matrix(context, name, row) for name, row in rows}


def _read_matrix(context: Context, name: str, row: Row) -> SetupMatrix:
    changes: dict[tuple[str, str], int] = {}
    for entry in row.rows("changes", _CHANGE, context.bounds.max_changes):
        context.count_changes(row, 1)
        before, after = entry.identity("from_family"), entry.identity("to_family")
        seconds = entry.hours("setup_time") if entry.require("setup_time") else None
        if before is None or after is None:
            continue
        if (before, after) in changes:
            entry.fault("to_family", "duplicate", f"the change from {before!r} to {after!r} is listed twice", after)
        changes[before, after] = seconds or 0
    return SetupMatrix(name, row.hours("default") or 0, changes)


def _read_reference(row: Row, name: str, known: Container[str]) -> str | None:
    """The name of a calendar or setup matrix that must exist."""
    value = row.text(name)
    if value is not None and value not in known:
        row.fault(name, f"unknown_{name}", f"names no {name.replace('_', ' ')} of this problem", value)
        return None
    return value


def is_new(row: Row, name: str, value: str, seen: Container[str]) -> bool:
    """Whether an id is not in use yet; notes a fault if it is."""
    if value in seen:
        row.fault(name, "duplicate", "is listed twice", value)
        return False
    return True
