"""The rules of the shop as CP-SAT constraints, one function per family of rules.

Calendars, setups and fixed work on a machine are exact in its open time; the clock enters where operations on different
calendars meet. What a plan may do is what docs/problem.md says; what is not modelled here, ``unsupported`` names.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from models.shop.resources import Block, blocks
from workers.cpsat.hinted import Expression, Interval, Variable
from workers.cpsat.variables import Option, Stay, Variables


def add_rules(variables: Variables) -> Clock:
    """Adds every rule; returns the clock, with which an objective reads times."""
    clock = Clock(variables)
    eligibility(variables)
    durations(variables)
    calendars(variables, clock)
    precedence(variables, clock)
    for machine in variables.machines:
        if machine in variables.scope.has_setups:
            setups(variables, machine)
        no_overlap(variables, machine)
    return clock


class Clock:
    """Turns coordinates of stays into instants, with one literal for each gap that lies in a stay's window.

    The literal of a gap says that the start is not before it, or that the end lies after it. An operation that must not
    be interrupted has the same answer for both.
    """

    def __init__(self, variables: Variables) -> None:
        self.variables = variables
        self.literals: dict[tuple[int, int, int, bool], Variable] = {}
        self.instants: dict[tuple[int, bool], Variable] = {}

    def past_start(self, stay: Stay, gap: int) -> Variable:
        """Whether the stay starts at or after the gap at that coordinate."""
        return self._literal(stay, gap, end=False)

    def past_end(self, stay: Stay, gap: int) -> Variable:
        """Whether the stay ends after the gap at that coordinate."""
        return self._literal(stay, gap, end=stay.operation.interruptible)

    def start(self, stay: Stay) -> Expression:
        """The instant of the stay's start."""
        first = stay.first
        shortest = min(option.seconds for option in stay.options)
        gaps = stay.axis.gaps(first + 1, stay.last - shortest)
        passed = sum(gap.length * self.past_start(stay, gap.coordinate) for gap in gaps)
        return stay.start + (stay.axis.start(first) - first) + passed

    def end(self, stay: Stay, since: int | None = None) -> Expression:
        """The instant of the stay's end; where it ends before the coordinate ``since``, some later one before that."""
        lowest = stay.first + 1 if since is None else max(stay.first + 1, since)
        gaps = stay.axis.gaps(lowest, stay.last - 1)
        passed = sum(gap.length * self.past_end(stay, gap.coordinate) for gap in gaps)
        return stay.end + (stay.axis.end(lowest) - lowest) + passed

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


def eligibility(variables: Variables) -> None:
    """Each operation runs on exactly one eligible machine, and so on one calendar."""
    cp = variables.model.cp
    for stays in variables.stays.values():
        for stay in stays:
            if len(stay.options) == 1:
                continue
            if stay.used is None:
                cp.add_exactly_one(option.used for option in stay.options)
            else:
                cp.add_exactly_one([*(option.used for option in stay.options), ~stay.used])
        if len(stays) > 1:
            cp.add_exactly_one(stay.used for stay in stays if stay.used is not None)


def durations(variables: Variables) -> None:
    """An operation takes its time on the machine that runs it, in that machine's open time."""
    cp = variables.model.cp
    for stays in variables.stays.values():
        for stay in stays:
            taken = sum(option.seconds * option.used for option in stay.options)
            equation = cp.add(stay.end == stay.start + taken)
            if stay.used is not None:
                equation.only_enforce_if(stay.used)
            for option in stay.options:
                if option.start is not stay.start:
                    cp.add(option.start == stay.start).only_enforce_if(option.used)


def calendars(variables: Variables, clock: Clock) -> None:
    """Work that must not be interrupted lies in one open interval; all other calendar rules lie in the coordinates."""
    cp = variables.model.cp
    for stays in variables.stays.values():
        for stay in stays:
            if stay.operation.interruptible or stay.axis.always:
                continue
            for gap in stay.axis.gaps(stay.first + 1, stay.last - 1):
                after = clock.past_start(stay, gap.coordinate)
                cp.add(stay.end <= gap.coordinate).only_enforce_if(
                    [~after, *([] if stay.used is None else [stay.used])]
                )


def precedence(variables: Variables, clock: Clock) -> None:
    """An operation starts no earlier than each predecessor's end plus its delay."""
    cp = variables.model.cp
    for operation in variables.part.operations:
        delay = variables.units(operation.min_delay)
        for before in operation.predecessors:
            if before not in variables.stays:
                continue  # fixed work: its end is in the operation's earliest start
            ours, theirs = variables.stays[operation.number], variables.stays[before]
            if len(ours) == len(theirs) == 1 and ours[0].axis is theirs[0].axis and not delay:
                cp.add(ours[0].start >= theirs[0].end)
            else:
                end = clock.instant(before, end=True)
                cp.add(clock.instant(operation.number, end=False) >= end + delay)


def fixed_work(variables: Variables, machine: int) -> list[Block]:
    """What stands on a machine after second zero, as stretches without time in between, in coordinates."""
    axis, unit, scope = variables.axes[machine], variables.unit, variables.scope
    family = {a.operation: scope.problem.operations[a.operation].family_id for a in scope.standing.get(machine, ())}
    ahead = [(a.start, a.end, family[a.operation]) for a in scope.standing.get(machine, ()) if a.end > 0]
    found = []
    for block in blocks(ahead):
        start, end = axis.coordinate(max(0, block.start) // unit), axis.coordinate(block.end // unit)
        found.append(Block(start, end, block.first_family, block.last_family))
    return found


def no_overlap(variables: Variables, machine: int) -> None:
    """A machine runs one operation at a time, and none during fixed work."""
    cp = variables.model.cp
    rows: list[Interval] = [option.interval for option in variables.on[machine]]
    rows += [cp.new_fixed_size_interval_var(b.start, b.end - b.start, "") for b in fixed_work(variables, machine)]
    if len(rows) > 1:
        cp.add_no_overlap(rows)


def setups(variables: Variables, machine: int) -> None:
    """Between consecutive operations on a machine lies the setup from the one family to the other, in open time.

    A circuit through the operations that run there: node 0 is second zero and the end of the plan, then comes fixed
    work, then the options. Their setup times are kept in ``variables.changeovers`` for the objective.
    """
    scope, model, options = variables.scope, variables.model, variables.on[machine]
    if not options:
        return
    standing = fixed_work(variables, machine)
    stands = 1 + len(standing)
    first = first_family(variables, machine)
    before = [first, *(b.last_family for b in standing), *(o.operation.family_id for o in options)]
    after = [first, *(b.first_family for b in standing), *(o.operation.family_id for o in options)]
    begins: list[Expression] = [0, *(b.start for b in standing), *(o.start for o in options)]
    ends: list[Expression] = [0, *(b.end for b in standing), *(o.start + o.seconds for o in options)]
    following = _planned_order(standing, options)
    arcs: list[tuple[int, int, Variable]] = [(stands + k, stands + k, ~o.used) for k, o in enumerate(options)]
    if stands == 1:
        arcs.append((0, 0, model.boolean(0 not in following)))
    for i in range(len(before)):
        for j in range(len(after)):
            if i == j or (i < stands and j < stands and j != (i + 1) % stands):
                continue
            literal = model.boolean(following.get(i) == j)
            arcs.append((i, j, literal))
            if j == 0 or (i < stands and j < stands):
                continue
            seconds = scope.problem.setup_seconds(machine, before[i], after[j])
            model.cp.add(begins[j] >= ends[i] + variables.units(seconds)).only_enforce_if(literal)
            if seconds:
                variables.changeovers.append((seconds, literal))
    model.cp.add_circuit(arcs)


def first_family(variables: Variables, machine: int) -> str | None:
    """The family a machine is set up for at second zero: as stated, else that of the last work that ended before."""
    problem = variables.scope.problem
    stated = problem.machines[machine].initial_family
    if stated is not None:
        return stated
    done = [a for a in variables.scope.standing.get(machine, ()) if a.end <= 0]
    return problem.operations[max(done, key=lambda a: a.end).operation].family_id if done else None


def _planned_order(standing: Sequence[Block], options: Sequence[Option]) -> dict[int, int]:
    """The node that follows each node of the circuit in the known plan; empty where nothing runs there."""
    stands = 1 + len(standing)
    nodes = [(block.start, 1 + k) for k, block in enumerate(standing)]
    nodes += [(option.plan_start, stands + k) for k, option in enumerate(options) if option.taken]
    row = [0, *(node for _, node in sorted(nodes)), 0]
    return dict(pairwise(row)) if nodes else {}
