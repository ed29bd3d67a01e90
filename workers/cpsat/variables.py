"""The variables of a part: on which machine each operation runs and when, in open time of that machine.

An operation has one ``Stay`` for each distinct open time that its machines share with the operators who may attend it,
and a stay has one ``Option`` for each machine. A stay's start and end are coordinates (see axis.py); they mean
something only where the stay is used.
Each option has a start of its own, equal to the stay's where used: what a full machine rules out is then seen at once,
which made CP-SAT's proofs several times faster than one shared start did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from models.shop.open_time import OpenTime
from models.shop.problem import Operation
from models.shop.schedule import Assignment
from workers.cpsat.axis import Axis, open_intervals
from workers.cpsat.hinted import HintedModel, Variable, common_unit
from workers.cpsat.horizon import Windows
from workers.cpsat.scope import Part, Scope


@dataclass(frozen=True, slots=True)
class Option:
    """An operation on a machine for ``seconds`` (in units), attended by one of ``operators`` (empty: needs none).

    ``used`` says whether it runs there, ``taken`` whether it does in the known plan. ``start`` and ``plan_start`` are
    coordinates of ``axis``, ``sure`` says that it runs nowhere else.
    """

    operation: Operation
    machine: int
    operators: tuple[int, ...]
    axis: Axis
    seconds: int
    used: Variable
    start: Variable
    taken: bool
    plan_start: int
    sure: bool


@dataclass(frozen=True, slots=True)
class Stay:
    """An operation in the open time of one calendar. ``used`` is None where it has no others.

    ``plan_start`` and ``plan_end`` are the coordinates in the known plan.
    """

    operation: Operation
    axis: Axis
    used: Variable | None
    start: Variable
    end: Variable
    options: tuple[Option, ...]
    first: int
    last: int
    plan_start: int
    plan_end: int


class Variables:
    """All variables of a part, in units of ``unit`` seconds, with hints from ``plan`` (assignment by operation)."""

    def __init__(
        self, scope: Scope, part: Part, windows: Windows, plan: Mapping[int, Assignment], unit: int | None = None
    ) -> None:
        """``unit`` None takes the greatest that all times can be written in."""
        self.scope, self.part, self.windows, self.plan = scope, part, windows, plan
        self.model = HintedModel(all(operation.number in plan for operation in part.operations))
        self.machines = sorted({machine for operation in part.operations for machine in operation.options})
        self.unit = unit or _unit(scope, part, windows, self.machines)
        self.reach = windows.reach // self.unit
        self._axes: dict[int, Axis] = {}
        self._same: dict[tuple[tuple[int, ...], tuple[int, ...]], Axis] = {}
        self.axes = {machine: self.axis(scope.calendars.machine(machine)) for machine in self.machines}
        self.stays: dict[int, tuple[Stay, ...]] = {}
        self.on: dict[int, list[Option]] = defaultdict(list)
        self.changeovers: list[tuple[int, Variable]] = []
        self.attends: dict[int, dict[int, Variable]] = {}
        for operation in part.operations:
            self.stays[operation.number] = self._stays(operation)
            for stay in self.stays[operation.number]:
                for option in stay.options:
                    self.on[option.machine].append(option)

    def units(self, seconds: int) -> int:
        """Seconds, a multiple of the unit, in units."""
        return seconds // self.unit

    def axis(self, opened: OpenTime) -> Axis:
        """The axis of an open time; the same one for all that are open at the same times within reach."""
        found = self._axes.get(id(opened))
        if found is None:
            found = Axis(opened, self.windows.reach, self.unit)
            found = self._same.setdefault((tuple(found.starts), tuple(found.ends)), found)
            self._axes[id(opened)] = found
        return found

    def _stays(self, operation: Operation) -> tuple[Stay, ...]:
        by_axis: dict[int, tuple[Axis, dict[int, list[int]]]] = {}
        people = self.scope.people.get(operation.number, ())
        for machine in operation.options:
            if not people:
                by_axis.setdefault(id(self.axes[machine]), (self.axes[machine], {}))[1][machine] = []
            for operator in people:
                axis = self.axis(self.scope.calendars.both(machine, operator))
                by_axis.setdefault(id(axis), (axis, {}))[1].setdefault(machine, []).append(operator)
        earliest = self.units(self.scope.earliest[operation.number])
        latest = self.units(self.windows.latest[operation.number])
        rows = []
        for axis, machines in by_axis.values():
            first, last = axis.coordinate(earliest), axis.coordinate(latest)
            room = {m: tuple(who) for m, who in machines.items() if self.units(operation.options[m]) <= last - first}
            if room:
                rows.append((axis, room, first, last))
        return tuple(self._stay(operation, *row, alone=len(rows) == 1) for row in rows)

    def _stay(
        self,
        operation: Operation,
        axis: Axis,
        machines: Mapping[int, tuple[int, ...]],
        first: int,
        last: int,
        *,
        alone: bool,
    ) -> Stay:
        model, planned = self.model, self.plan.get(operation.number)
        here = planned is not None and planned.machine in machines
        if here and planned is not None and planned.operator is not None:
            here = planned.operator in machines[planned.machine]
        plan_start = axis.coordinate(self.units(planned.start)) if planned is not None and here else first
        plan_end = axis.coordinate(self.units(planned.end)) if planned is not None and here else first
        shortest = min(self.units(operation.options[m]) for m in machines)
        used = None if alone else model.boolean(here)
        start = model.integer(first, last - shortest, plan_start)
        end = model.integer(first + shortest, last, plan_end)
        options = []
        for machine, operators in machines.items():
            taken = here and planned is not None and planned.machine == machine
            seconds, literal, own = self.units(operation.options[machine]), used, start
            if len(machines) > 1:
                literal, own = model.boolean(taken), model.integer(first, last - seconds, plan_start)
            sure = literal is None
            row = (seconds, model.cp.new_constant(1) if sure else literal, own, taken, plan_start, sure)
            options.append(Option(operation, machine, operators, axis, *row))
        return Stay(operation, axis, used, start, end, tuple(options), first, last, plan_start, plan_end)


def _unit(scope: Scope, part: Part, windows: Windows, machines: list[int]) -> int:
    """The greatest unit in which every plan that wastes no time can be written.

    Due dates need not be multiples of it.
    """
    problem = scope.problem
    numbers: set[int] = set()
    for operation in part.operations:
        numbers.update(operation.options.values())
        numbers.update((operation.min_delay, operation.start_after or 0, problem.jobs[operation.job].earliest))
        numbers.update(scope.ends[o] for o in problem.jobs[operation.job].operations if o in scope.ends)
    families = {operation.family_id for operation in part.operations}
    for machine in machines:
        standing = scope.standing.get(machine, ())
        numbers.update(max(0, time) for a in standing for time in (a.start, a.end))
        numbers.add(scope.origins.get(machine, 0))
        if machine in scope.has_setups:
            every = families | {problem.operations[a.operation].family_id for a in standing}
            every.add(problem.machines[machine].initial_family)
            numbers.update(problem.setup_seconds(machine, f, g) for f in every for g in every)
    for opened in scope.open_times(part.operations):
        if not opened.always:
            numbers.update(
                border for row in open_intervals(opened, windows.reach) for border in row if border < windows.reach
            )
    numbers.update(max(0, time) for row in scope.attended.values() for pair in row for time in pair)
    if any("changes" in level for level in problem.objective):
        free = {operation.number for operation in part.operations}
        for work in problem.reference:
            if work.operation in free:
                numbers.update((work.start, 3600))
    return common_unit(numbers)
