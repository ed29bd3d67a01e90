"""The line of one operation after another on a machine of capacity 1: fixed work, kept order, setups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from models.shop.resources import Block, blocks
from workers.cpsat.clock import Place
from workers.cpsat.hinted import Expression, Variable
from workers.cpsat.variables import Variables


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
    nodes = in_line(variables, machine, (p for p in places if p.number in order))
    stands = 1 + len(nodes)
    nodes += [p for p in places if p.number not in order]
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


def in_line(variables: Variables, machine: int, kept: Iterable[Place]) -> list[Place | Block]:
    """Fixed work and operations of which the order is kept, in that order."""
    nodes: list[Place | Block] = [*fixed_work(variables, machine), *kept]
    nodes.sort(key=lambda node: node.start if isinstance(node, Block) else node.plan_start)
    return nodes


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


def _families(node: Place | Block) -> tuple[str | None, str | None]:
    """The families that a machine works in at the start and at the end of it."""
    if isinstance(node, Block):
        return node.first_family, node.last_family
    return node.option.operation.family_id, node.option.operation.family_id


def _planned_order(nodes: Sequence[Place | Block]) -> dict[int, int]:
    """The node that follows each node of the circuit in the known plan; empty where nothing runs there."""
    rows = [
        (node.start if isinstance(node, Block) else node.plan_start, 1 + k)
        for k, node in enumerate(nodes)
        if isinstance(node, Block) or node.option.taken
    ]
    return dict(pairwise([0, *(node for _, node in sorted(rows)), 0])) if rows else {}
