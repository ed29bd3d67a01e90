"""The machines an operation may run on, with its time on each."""

from __future__ import annotations

from typing import cast

from models.shop.reading.bounds import MAX_HOURS
from models.shop.reading.context import Context
from models.shop.reading.quantities import to_scaled_seconds
from models.shop.reading.row import Row

_OPTION = frozenset({"machine_id", "processing_time"})


def read_listed(context: Context, row: Row) -> dict[int, int]:
    """The field ``machines``: machine number -> seconds, at least 1."""
    listed = row.items("machines", context.bounds.max_options)
    options = _read_quickly(context, listed)
    if options is None:
        options = _read_carefully(context, row)
    elif not options and row.fields["machines"] == []:
        row.fault("machines", "no_eligible_machine", "must name at least one machine", [])
    context.count_options(len(options))
    return options


def _read_quickly(context: Context, listed: list[object]) -> dict[int, int] | None:
    """Well-formed rows only; None where anything is odd. Most of a problem is such rows, so no path is built here."""
    numbers, seconds = context.machine_numbers, context.seconds
    options: dict[int, int] = {}
    try:
        for entry in cast("list[dict[str, object]]", listed):
            hours = entry["processing_time"]
            if type(entry) is not dict or len(entry) != 2 or (type(hours) is not float and type(hours) is not int):
                return None
            options[numbers[cast("str", entry["machine_id"])]] = seconds[hours]
    except (KeyError, TypeError, ValueError):
        return None
    return options if len(options) == len(listed) else None


def _read_carefully(context: Context, row: Row) -> dict[int, int]:
    """The same row by row, noting every fault."""
    options: dict[int, int] = {}
    for entry in row.rows("machines", _OPTION, context.bounds.max_options):
        machine_id = entry.identity("machine_id")
        hours = entry.number("processing_time", 0, MAX_HOURS) if entry.require("processing_time") else None
        if machine_id is None:
            continue
        machine = context.machine_numbers.get(machine_id)
        if machine is None:
            entry.fault("machine_id", "unknown_machine", "names no machine of this problem", machine_id)
        elif machine in options:
            entry.fault("machine_id", "duplicate", "is listed twice", machine_id)
        else:
            options[machine] = 1 if hours is None else context.seconds[hours]
    return options


def read_types(context: Context, row: Row) -> tuple[int, ...] | None:
    """The field ``machine_types``: type numbers, without repetition. Whether machines have them is checked at use."""
    if not row.has("machine_types"):
        return None
    types: dict[int, None] = {}
    for number, value in enumerate(row.items("machine_types", context.bounds.max_machines)):
        if type(value) is int:
            types[value] = None
        else:
            row.fault(f"machine_types[{number}]", "type", "must be a whole number", value)
    if row.fields["machine_types"] == []:
        row.fault("machine_types", "no_eligible_machine", "must name at least one type", [])
    return tuple(types)


def read_by_types(context: Context, row: Row, types: tuple[int, ...], stated_at: str) -> dict[int, int]:
    """Every machine of these types, at ``processing_time`` / efficiency; ``stated_at`` is where the types are named."""
    hours = row.number("processing_time", 0, MAX_HOURS) if row.require("processing_time") else None
    unknown = [kind for kind in types if kind not in context.machines_by_type]
    for kind in unknown:
        context.faults.add(stated_at, "unknown_machine_type", "names a type that no machine has", kind)
    if hours is None or unknown or not types:
        return {}
    options = context.by_types.get((types, hours))
    if options is None:
        options = {
            machine: to_scaled_seconds(hours, context.machines[machine].efficiency)
            for kind in types
            for machine in context.machines_by_type[kind]
        }
        context.by_types[types, hours] = options
    context.count_options(len(options))
    return options
