"""The variables of a part: on which machine each operation runs and when, in open time of that machine.

An operation has one ``Stay`` for each distinct calendar among its machines, and a stay has one ``Option`` for each
machine. A stay's start and end are coordinates (see axis.py); they mean something only where the stay is used.
Each option has a start of its own, equal to the stay's where used: what a full machine rules out is then seen at once,
which made CP-SAT's proofs several times faster than one shared start did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from models.shop.problem import Operation
from models.shop.schedule import Assignment
from workers.cpsat.axis import Axis, open_intervals
from workers.cpsat.hinted import HintedModel, Interval, Variable, common_unit
from workers.cpsat.horizon import Windows
from workers.cpsat.scope import Part, Scope


@dataclass(frozen=True, slots=True)
class Option:
    """An operation on a machine for ``seconds`` (in units).

    ``used`` says whether it runs there, ``taken`` whether it does in the known plan.
    """

    operation: Operation
    machine: int
    seconds: int
    used: Variable
    start: Variable
    interval: Interval
    taken: bool
    plan_start: int


@dataclass(frozen=True, slots=True)
class Stay:
    """An operation on the machines of one calendar. ``used`` is None where it has no others.

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

    def __init__(self, scope: Scope, part: Part, windows: Windows, plan: Mapping[int, Assignment]) -> None:
        self.scope, self.part, self.windows, self.plan = scope, part, windows, plan
        self.model = HintedModel(all(operation.number in plan for operation in part.operations))
        self.machines = sorted({machine for operation in part.operations for machine in operation.options})
        self.unit = _unit(scope, part, windows, self.machines)
        self.reach = windows.reach // self.unit
        axes: dict[int, Axis] = {}
        self.axes: dict[int, Axis] = {}
        for machine in self.machines:
            opened = scope.calendars.machine(machine)
            if id(opened) not in axes:
                axes[id(opened)] = Axis(opened, windows.reach, self.unit)
            self.axes[machine] = axes[id(opened)]
        self.stays: dict[int, tuple[Stay, ...]] = {}
        self.on: dict[int, list[Option]] = defaultdict(list)
        self.changeovers: list[tuple[int, Variable]] = []
        for operation in part.operations:
            self.stays[operation.number] = self._stays(operation)
            for stay in self.stays[operation.number]:
                for option in stay.options:
                    self.on[option.machine].append(option)

    def units(self, seconds: int) -> int:
        """Seconds, a multiple of the unit, in units."""
        return seconds // self.unit

    def _stays(self, operation: Operation) -> tuple[Stay, ...]:
        by_axis: dict[int, list[int]] = defaultdict(list)
        for machine in operation.options:
            by_axis[id(self.axes[machine])].append(machine)
        earliest = self.units(self.scope.earliest[operation.number])
        latest = self.units(self.windows.latest[operation.number])
        rows = []
        for machines in by_axis.values():
            axis = self.axes[machines[0]]
            first, last = axis.coordinate(earliest), axis.coordinate(latest)
            room = [m for m in machines if self.units(operation.options[m]) <= last - first]
            if room:
                rows.append((axis, room, first, last))
        return tuple(self._stay(operation, *row, alone=len(rows) == 1) for row in rows)

    def _stay(
        self, operation: Operation, axis: Axis, machines: list[int], first: int, last: int, *, alone: bool
    ) -> Stay:
        model, planned = self.model, self.plan.get(operation.number)
        here = planned is not None and planned.machine in machines
        plan_start = axis.coordinate(self.units(planned.start)) if planned is not None and here else first
        plan_end = axis.coordinate(self.units(planned.end)) if planned is not None and here else first
        shortest = min(self.units(operation.options[m]) for m in machines)
        used = None if alone else model.boolean(here)
        start = model.integer(first, last - shortest, plan_start)
        end = model.integer(first + shortest, last, plan_end)
        options = []
        for machine in machines:
            taken = here and planned is not None and planned.machine == machine
            options.append(
                self._option(operation, machine, start, (first, last, plan_start), used, len(machines), taken)
            )
        return Stay(operation, axis, used, start, end, tuple(options), first, last, plan_start, plan_end)

    def _option(
        self,
        operation: Operation,
        machine: int,
        start: Variable,
        window: tuple[int, int, int],
        used: Variable | None,
        beside: int,
        taken: bool,
    ) -> Option:
        model, seconds = self.model, self.units(operation.options[machine])
        first, last, plan_start = window
        if beside == 1:
            if used is None:
                interval = model.cp.new_fixed_size_interval_var(start, seconds, "")
                return Option(operation, machine, seconds, model.cp.new_constant(1), start, interval, taken, plan_start)
            interval = model.cp.new_optional_fixed_size_interval_var(start, seconds, used, "")
            return Option(operation, machine, seconds, used, start, interval, taken, plan_start)
        literal = model.boolean(taken)
        own = model.integer(first, last - seconds, plan_start)
        interval = model.cp.new_optional_fixed_size_interval_var(own, seconds, literal, "")
        return Option(operation, machine, seconds, literal, own, interval, taken, plan_start)


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
        if machine in scope.has_setups:
            every = families | {problem.operations[a.operation].family_id for a in standing}
            every.add(problem.machines[machine].initial_family)
            numbers.update(problem.setup_seconds(machine, f, g) for f in every for g in every)
    for opened in {id(opened): opened for opened in map(scope.calendars.machine, machines)}.values():
        if not opened.always:
            numbers.update(
                border for row in open_intervals(opened, windows.reach) for border in row if border < windows.reach
            )
    if any("changes" in level for level in problem.objective):
        free = {operation.number for operation in part.operations}
        for work in problem.reference:
            if work.operation in free:
                numbers.update((work.start, 3600))
    return common_unit(numbers)
