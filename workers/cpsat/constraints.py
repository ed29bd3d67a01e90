"""The rules of the shop as CP-SAT constraints, one function per family of rules.

Calendars, setups and fixed work on a machine are exact in its open time; the clock enters where operations on different
calendars meet. What a plan may do is what docs/problem.md says; what is not modelled here, ``unsupported`` names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.shop.resources import Block, blocks
from workers.cpsat.axis import Axis, Gap
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
        places = [clock.place(option) for option in variables.on[machine]]
        kept = set(variables.scope.kept.get(machine, ()))
        if variables.scope.problem.machines[machine].capacity == 1:
            if len(kept) == len(places):
                kept_line(variables, machine, places)
                continue
            if machine in variables.scope.has_setups:
                setups(variables, machine, places)
            elif kept:
                kept_line(variables, machine, [p for p in places if _number(p) in kept])
        capacity(variables, machine, places)
    operators(variables, clock)
    return clock


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


def eligibility(variables: Variables) -> None:
    """Each operation runs on exactly one eligible machine, and so on one calendar."""
    cp = variables.model.cp
    for stays in variables.stays.values():
        if not stays:
            cp.add_bool_or([])  # nowhere to go in time: no plan at all
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
            stays = [s for s in variables.stays[number] if any(who in option.operators for option in s.options)]
            if stays:
                rows.append(model.cp.new_optional_interval_var(*clock.stretch(stays, axis), literal, ""))
        taken = [
            (axis.coordinate(max(0, start) // variables.unit), axis.coordinate(end // variables.unit))
            for start, end in around
        ]
        _cumulative(variables, rows, taken, most)


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


def kept_line(variables: Variables, machine: int, places: Sequence[Place]) -> None:
    """Operations of which the order is kept follow one another, between fixed work, with setups."""
    scope, model = variables.scope, variables.model
    nodes = in_line(variables, machine, places)
    end: Expression = variables.axes[machine].coordinate(variables.units(scope.origins.get(machine, 0)))
    family, fixed = first_family(variables, machine), True
    for node in nodes:
        block = isinstance(node, Block)
        first, last = _families(node)
        if not (fixed and block):
            model.cp.add(node.start >= end + variables.units(scope.problem.setup_seconds(machine, family, first)))
        end, family, fixed = node.end, last, block


def in_line(variables: Variables, machine: int, kept: Iterable[Place]) -> list[Place | Block]:
    """Fixed work and operations of which the order is kept, in that order."""
    nodes: list[Place | Block] = [*fixed_work(variables, machine), *kept]
    nodes.sort(key=lambda node: node.start if isinstance(node, Block) else node.plan_start)
    return nodes


def _families(node: Place | Block) -> tuple[str | None, str | None]:
    """The families that a machine works in at the start and at the end of it."""
    if isinstance(node, Block):
        return node.first_family, node.last_family
    return node.option.operation.family_id, node.option.operation.family_id


def setups(variables: Variables, machine: int, places: Sequence[Place]) -> None:
    """Between consecutive operations on a machine lies the setup from the one family to the other, in open time.

    A circuit through the operations that run there: node 0 is second zero and the end of the plan, then come fixed
    work and operations whose order is kept, then all others. Their setup times are kept in ``variables.changeovers``
    for the objective.
    """
    scope, model = variables.scope, variables.model
    if not places:
        return
    order = frozenset(scope.kept.get(machine, ()))
    nodes = in_line(variables, machine, (p for p in places if _number(p) in order))
    stands = 1 + len(nodes)
    nodes += [p for p in places if _number(p) not in order]
    origin = variables.axes[machine].coordinate(variables.units(scope.origins.get(machine, 0)))
    first = first_family(variables, machine)
    before = [first, *(_families(node)[1] for node in nodes)]
    after = [first, *(_families(node)[0] for node in nodes)]
    begins: list[Expression] = [0, *(node.start for node in nodes)]
    ends: list[Expression] = [origin, *(node.end for node in nodes)]
    following = _planned_order(nodes)
    arcs: list[tuple[int, int, Variable]] = [
        (1 + k, 1 + k, ~node.option.used)
        for k, node in enumerate(nodes)
        if isinstance(node, Place) and not node.option.sure
    ]
    if stands == 1 and len(arcs) == len(nodes):
        arcs.append((0, 0, model.boolean(0 not in following)))
    for i in range(len(before)):
        fixed = i == 0 or isinstance(nodes[i - 1], Block)
        later = range(stands, len(after)) if i < stands else range(len(after))
        for j in [(i + 1) % stands, *later] if i < stands else later:
            if i == j:
                continue
            literal = model.boolean(following.get(i) == j)
            arcs.append((i, j, literal))
            if j == 0:
                continue
            seconds = scope.problem.setup_seconds(machine, before[i], after[j])
            if not (fixed and isinstance(nodes[j - 1], Block)):
                model.cp.add(begins[j] >= ends[i] + variables.units(seconds)).only_enforce_if(literal)
            elif not scope.kept:
                continue
            if seconds:
                variables.changeovers.append((seconds, literal))
    model.cp.add_circuit(arcs)


def first_family(variables: Variables, machine: int) -> str | None:
    """The family a machine is set up for at second zero: as stated, else that of the last work that ended before."""
    problem, scope = variables.scope.problem, variables.scope
    if machine in scope.origin_families:
        return scope.origin_families[machine]
    stated = problem.machines[machine].initial_family
    if stated is not None:
        return stated
    done = [a for a in scope.standing.get(machine, ()) if a.end <= 0]
    return problem.operations[max(done, key=lambda a: a.end).operation].family_id if done else None


def _number(place: Place) -> int:
    return place.option.operation.number


def _planned_order(nodes: Sequence[Place | Block]) -> dict[int, int]:
    """The node that follows each node of the circuit in the known plan; empty where nothing runs there."""
    rows = [
        (node.start if isinstance(node, Block) else node.plan_start, 1 + k)
        for k, node in enumerate(nodes)
        if isinstance(node, Block) or node.option.taken
    ]
    return dict(pairwise([0, *(node for _, node in sorted(rows)), 0])) if rows else {}
