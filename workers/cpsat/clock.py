"""The clock: when a stay is, by the clock or in another calendar's open time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.cpsat.axis import Axis, Gap
from workers.cpsat.hinted import Expression, Interval, Variable
from workers.cpsat.variables import Option, Stay, Variables


@dataclass(frozen=True, slots=True)
class Place:
    """An option on its machine: from ``start`` to ``end`` in coordinates of the machine's own open time.

    ``plan_start`` is its start there in the known plan.
    """

    option: Option
    start: Expression
    end: Expression
    interval: Interval
    plan_start: int

    @property
    def number(self) -> int:
        """The operation's number."""
        return self.option.operation.number


class Clock:
    """Turns coordinates of stays into instants, with one literal for each gap that lies in a stay's window.

    The literal of a gap says that the start is not before it, or that the end lies after it. An operation that must not
    be interrupted has the same answer for both.
    """

    def __init__(self, variables: Variables) -> None:
        self.variables = variables
        self.literals: dict[tuple[int, int, int, bool], Variable] = {}
        self.instants: dict[tuple[int, bool], Variable] = {}
        self.stretches: dict[tuple[int, ...], tuple[Variable, Variable, Variable]] = {}

    def past_start(self, stay: Stay, gap: int) -> Variable:
        """Whether the stay starts at or after the gap at that coordinate."""
        return self._literal(stay, gap, end=False)

    def past_end(self, stay: Stay, gap: int) -> Variable:
        """Whether the stay ends after the gap at that coordinate."""
        return self._literal(stay, gap, end=stay.operation.interruptible)

    def start(self, stay: Stay, on: Axis | None = None) -> Expression:
        """The instant of the stay's start, or its coordinate on an axis that is open whenever the stay's is."""
        first, axis = stay.first, stay.axis
        shortest = min(option.seconds for option in stay.options)
        rows = self._passed(stay, axis.gaps(first + 1, stay.last - shortest), on)
        passed = sum(length * self.past_start(stay, gap) for gap, length in rows)
        return stay.start + (_on(on, axis.start(first)) - first) + passed

    def end(self, stay: Stay, since: int | None = None, on: Axis | None = None) -> Expression:
        """The instant of the stay's end, or its coordinate on an axis that is open whenever the stay's is.

        Where it ends before the coordinate ``since``: some later one before that.
        """
        lowest = stay.first + 1 if since is None else max(stay.first + 1, since)
        rows = self._passed(stay, stay.axis.gaps(lowest, stay.last - 1), on)
        passed = sum(length * self.past_end(stay, gap) for gap, length in rows)
        return stay.end + (_on(on, stay.axis.end(lowest)) - lowest) + passed

    def place(self, option: Option) -> Place:
        """The option on its machine, as one of the intervals that the machine has room for."""
        machine = self.variables.axes[option.machine]
        cp, condition = self.variables.model.cp, option.used
        if option.axis is machine:
            end = option.start + option.seconds
            if option.sure:
                interval = cp.new_fixed_size_interval_var(option.start, option.seconds, "")
            else:
                interval = cp.new_optional_fixed_size_interval_var(option.start, option.seconds, condition, "")
            return Place(option, option.start, end, interval, option.plan_start)
        stays = self.variables.stays[option.operation.number]
        there = [stay for stay in stays if any(own.machine == option.machine for own in stay.options)]
        stretch = self.stretch(there, machine)
        interval = cp.new_optional_interval_var(*stretch, condition, "")
        planned = self.variables.plan.get(option.operation.number)
        start = 0 if planned is None else machine.coordinate(self.variables.units(planned.start))
        return Place(option, stretch[0], stretch[2], interval, start)

    def stretch(self, stays: Sequence[Stay], on: Axis) -> tuple[Variable, Variable, Variable]:
        """Start, size and end of one of an operation's stays on an axis that is open whenever one of these is."""
        operation = stays[0].operation.number
        if len(stays) == 1 and stays[0].used is None and stays[0].axis is on and stays[0].options[0].sure:
            return stays[0].start, stays[0].options[0].seconds, stays[0].end
        key = operation, id(on), *map(id, stays)
        if key not in self.stretches:
            variables, model, plan = self.variables, self.variables.model, self.variables.plan.get(operation)
            length = on.length
            start_hint = 0 if plan is None else on.coordinate(variables.units(plan.start))
            end_hint = 0 if plan is None else on.coordinate(variables.units(plan.end))
            start, end = model.integer(0, length, start_hint), model.integer(0, length, end_hint)
            size = model.integer(0, length, end_hint - start_hint)
            for stay in stays:
                for variable, value in ((start, self.start(stay, on)), (end, self.end(stay, on=on))):
                    added = model.cp.add(variable == value)
                    if stay.used is not None:
                        added.only_enforce_if(stay.used)
            model.cp.add(start + size == end)
            self.stretches[key] = start, size, end
        return self.stretches[key]

    def instant(self, operation: int, *, end: bool) -> Expression:
        """The instant at which an operation starts or ends, wherever it runs."""
        stays = self.variables.stays[operation]
        read = self.end if end else self.start
        if len(stays) == 1:
            return read(stays[0])
        key = operation, end
        if key not in self.instants:
            model, plan = self.variables.model, self.variables.plan.get(operation)
            seconds = 0 if plan is None else plan.end if end else plan.start
            instant = model.integer(0, self.variables.reach, self.variables.units(seconds))
            for stay in stays:
                model.cp.add(instant == read(stay)).only_enforce_if(stay.used)
            self.instants[key] = instant
        return self.instants[key]

    def _passed(self, stay: Stay, gaps: Sequence[Gap], on: Axis | None) -> list[tuple[int, int]]:
        """The gaps of the stay's axis that take time on another (None: the clock), and how much."""
        if on is stay.axis:
            return []
        axis = stay.axis
        rows = [(g.coordinate, _on(on, axis.start(g.coordinate)) - _on(on, axis.end(g.coordinate))) for g in gaps]
        return [(gap, length) for gap, length in rows if length]

    def _literal(self, stay: Stay, gap: int, *, end: bool) -> Variable:
        key = stay.operation.number, id(stay.axis), gap, end
        if key not in self.literals:
            model = self.variables.model
            literal = model.boolean(stay.plan_end > gap if end else stay.plan_start >= gap)
            if end:
                model.cp.add(stay.end > gap).only_enforce_if(literal)
                model.cp.add(stay.end <= gap).only_enforce_if(~literal)
            else:
                model.cp.add(stay.start >= gap).only_enforce_if(literal)
                model.cp.add(stay.start < gap).only_enforce_if(~literal)
            self.literals[key] = literal
        return self.literals[key]


def _on(axis: Axis | None, instant: int) -> int:
    return instant if axis is None else axis.coordinate(instant)
