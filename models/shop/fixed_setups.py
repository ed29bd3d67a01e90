"""Setups before fixed work: known only once everything around it is planned."""

from __future__ import annotations

from collections.abc import Sequence

from models.shop.calendar import Calendars
from models.shop.fixed_conflicts import pair_conflict
from models.shop.problem import Problem
from models.shop.schedule import Assignment, FixedConflict


def with_setups(
    problem: Problem, calendars: Calendars, assignments: Sequence[Assignment]
) -> tuple[list[Assignment], list[FixedConflict]]:
    """``assignments``, ordered by (start, end, operation, lot), with the setups of pinned work; and those without room.

    A setup that has no room keeps its seconds but has no start. Where work overlaps, the overlap is the conflict.
    """
    if not problem.fixed:
        return list(assignments), []
    machines = {a.machine for a in assignments if a.fixed and a.start > 0}
    rows: dict[int, list[int]] = {m: [] for m in machines if problem.machines[m].setup_matrix is not None}
    dated, conflicts = list(assignments), []
    for i, a in enumerate(assignments):
        if a.machine in rows:
            rows[a.machine].append(i)
    for machine, row in rows.items():
        conflicts += _set_up(problem, calendars, machine, row, dated)
    return dated, conflicts


def _set_up(
    problem: Problem, calendars: Calendars, machine: int, row: Sequence[int], dated: list[Assignment]
) -> list[FixedConflict]:
    """Dates the setups of one machine's work, in place."""
    initial = problem.machines[machine].initial_family
    opened = calendars.machine(machine)
    conflicts = []
    before: Assignment | None = None
    for i in row:
        a = dated[i]
        fresh = before is None or (before.end <= 0 and initial is not None)
        family = initial if fresh or before is None else problem.operations[before.operation].family_id
        seconds = problem.setup_seconds(machine, family, problem.operations[a.operation].family_id)
        if a.fixed and a.start > 0 and seconds > 0:
            free = 0 if before is None else max(0, before.end)
            room = opened.between(free, a.start) >= seconds
            begun = opened.latest_start(a.start, seconds) if room else None
            dated[i] = a._replace(setup_start=begun, setup_seconds=seconds)
            if not room and a.start >= free:
                detail = f"There is no open time for {seconds} s of setup before second {a.start}."
                if fresh or before is None:
                    conflicts.append(FixedConflict("setup", ((a.operation, a.lot),), detail))
                else:
                    conflicts.append(pair_conflict("setup", before, a, detail))
        if before is None or a.end >= before.end:
            before = a
    return conflicts
