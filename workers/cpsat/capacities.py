"""What machines and operators take at a time, fixed work included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from workers.cpsat.clock import Clock, Place
from workers.cpsat.hinted import Interval, Variable
from workers.cpsat.lines import fixed_work
from workers.cpsat.variables import Variables


def capacity(variables: Variables, machine: int, places: Sequence[Place]) -> None:
    """A machine runs no more operations at a time than its capacity, fixed work included."""
    cp, scope, axis = variables.model.cp, variables.scope, variables.axes[machine]
    origin = axis.coordinate(variables.units(scope.origins.get(machine, 0)))
    most = scope.problem.machines[machine].capacity
    rows: list[Interval] = [place.interval for place in places]
    if most > 1:
        standing = scope.standing.get(machine, ())
        taken = [
            (axis.coordinate(max(0, a.start) // variables.unit), axis.coordinate(a.end // variables.unit))
            for a in standing
            if a.end > 0
        ]
        _cumulative(variables, rows, taken, most)
        return
    rows += [cp.new_fixed_size_interval_var(b.start, b.end - b.start, "") for b in fixed_work(variables, machine)]
    if origin:
        rows.append(cp.new_fixed_size_interval_var(0, origin, ""))
    if len(rows) > 1:
        cp.add_no_overlap(rows)


def operators(variables: Variables, clock: Clock) -> None:
    """An operation with a skill has one operator, who attends no more at a time than the capacity."""
    scope, model = variables.scope, variables.model
    asked: dict[int, list[tuple[int, Variable]]] = defaultdict(list)
    for number, people in scope.people.items():
        stays = variables.stays.get(number)
        if not stays:
            continue
        planned = variables.plan.get(number)
        row = {who: model.boolean(planned is not None and planned.operator == who) for who in people}
        variables.attends[number] = row
        model.cp.add_exactly_one(row.values())
        for option in (option for stay in stays for option in stay.options):
            if len(option.operators) < len(people):
                model.cp.add_bool_or([*(row[who] for who in option.operators), ~option.used])
        for who, literal in row.items():
            asked[who].append((number, literal))
    for who, users in asked.items():
        most, attended = scope.problem.operators[who].capacity, scope.attended.get(who, ())
        first = min(scope.earliest[number] for number, _ in users)
        last = max(variables.windows.latest[number] for number, _ in users)
        around = [(max(first, start), min(last, end)) for start, end in attended if end > first and start < last]
        asking = [(scope.earliest[number], variables.windows.latest[number]) for number, _ in users]
        if crowd([*around, *asking]) <= most:
            continue
        axis = variables.axis(scope.calendars.operator(who))
        rows = []
        for number, literal in users:
            there = [s for s in variables.stays[number] if any(who in option.operators for option in s.options)]
            if there:
                rows.append(model.cp.new_optional_interval_var(*clock.stretch(there, axis), literal, ""))
        taken = [
            (axis.coordinate(max(0, start) // variables.unit), axis.coordinate(end // variables.unit))
            for start, end in around
        ]
        _cumulative(variables, rows, taken, most)


def _cumulative(variables: Variables, rows: Sequence[Interval], taken: Sequence[tuple[int, int]], most: int) -> None:
    """No more than ``most`` of the intervals at a time, of which fixed work takes its part."""
    cp = variables.model.cp
    around = steps(taken)
    if len(rows) + max((level for _, _, level in around), default=0) <= most:
        return
    fixed = [cp.new_fixed_size_interval_var(start, end - start, "") for start, end, _ in around]
    if most == 1:
        cp.add_no_overlap([*rows, *fixed])
    else:
        cp.add_cumulative([*rows, *fixed], [*(1 for _ in rows), *(min(level, most) for *_, level in around)], most)


def crowd(rows: Sequence[tuple[int, int]]) -> int:
    """The most of these stretches that hold at one time."""
    return max((level for _, _, level in steps(rows)), default=0)


def steps(rows: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(start, end, how many of the stretches hold) between any two changes, where some do."""
    changes: dict[int, int] = defaultdict(int)
    for start, end in rows:
        changes[start] += 1
        changes[end] -= 1
    times, level, found = sorted(changes), 0, []
    for start, end in pairwise(times):
        level += changes[start]
        if level:
            found.append((start, end, level))
    return found
