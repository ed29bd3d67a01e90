"""A neighbourhood of a plan as a CP-SAT model: few operations free, some movable in their order, all others constants.

What is *free* chooses machine, operator and place anew. What is *kept* stays on its machine, with its operator, in its
order there, but moves in time, so that what the free operations gain or cost is passed on (a partial order schedule; A.
Godard, P. Laborie and W. Nuijten, ICAPS 2005). Everything else stands. The model is a heuristic's: its horizon is short
and it proves nothing about the whole plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.problem import MAX_TERMS, WHOLE_SHARE, Level, Operation, Problem
from models.shop.schedule import Assignment, Schedule
from workers.cpsat.clock import Clock
from workers.cpsat.constraints import add_rules
from workers.cpsat.hinted import Expression
from workers.cpsat.horizon import Windows
from workers.cpsat.objective import goal
from workers.cpsat.plan import decisions_of, starts_of
from workers.cpsat.scope import Part, Scope, able, in_order
from workers.cpsat.search import Task, search
from workers.cpsat.variables import Variables
from workers.engine import Limits, Move, Neighbourhood, Repair, Watch

ROOM = 0.1
"""How much later than the whole plan now ends a neighbourhood may end, as a part of the plan's length."""


PLACES = 4
"""On at most this many machines a free operation is looked for a place, others in each neighbourhood."""

SLACK = 0.5
LEAST_SLACK = 86_400
"""An operation may move at most this part of the neighbourhood's length, or so many seconds, to later: each closed hour
that it might be moved across makes the model larger."""


class CpSatRepairer:
    """Solves neighbourhoods. Fixed work, lots and operations in neither set stand where the schedule has them."""

    def repair(self, around: Neighbourhood, limits: Limits, watch: Watch) -> Repair:
        """The best places found for the neighbourhood's operations, none where none are better than the schedule's."""
        scope, part, rows = _scope(around, Random(limits.seed))
        if not part.operations:
            return Repair((), True)
        windows = _windows(scope, part, rows, around.schedule)
        variables = Variables(scope, part, windows, rows, unit=1)
        clock = add_rules(variables)
        objective, now = scope.problem.objective, evaluate(scope.problem, around.schedule, part.jobs, scope.calendars)
        for k in range(around.level):
            earlier = goal(variables, clock, objective[k])
            variables.model.cp.add(earlier.expression <= earlier.at_most(now[k + 1]))
        aim = goal(variables, clock, objective[around.level])
        variables.model.cp.minimize(_with_machine_ends(variables, clock, aim.expression, objective[around.level]))
        found = search(
            variables.model,
            Task(limits.deadline, limits.threads, limits.seed, 0.0, stop=watch.cancelled, found=lambda _: None),
        )
        if found.value is None:
            return Repair((), found.proved)
        starts = starts_of(variables, found.value)
        moves = tuple(
            Move(d.operation, d.machine, d.operator, starts[d.operation]) for d in decisions_of(variables, found.value)
        )
        return Repair(moves, found.proved)


def _with_machine_ends(variables: Variables, clock: Clock, aim: Expression, level: Level) -> Expression:
    """Of a maximum that stays the same the plan with the earlier machine ends counts, which lets a search move on."""
    if not any(coefficient and term in MAX_TERMS for term, coefficient in level.items()):
        return aim
    model, ends, reach = variables.model, [], 0
    for machine in variables.machines:
        axis, places = variables.axes[machine], [clock.place(option) for option in variables.on[machine]]
        standing = [axis.coordinate(variables.units(a.end)) for a in variables.scope.standing.get(machine, ())]
        planned = [p.plan_start + p.option.seconds for p in places if p.option.taken]
        least = max(standing, default=0)
        end = model.integer(least, axis.length, max([least, *planned]))
        for place in places:
            model.cp.add(end >= place.end).only_enforce_if(place.option.used)
        ends.append(end)
        reach += axis.length
    return aim * (reach + 1) + sum(ends)


def _scope(around: Neighbourhood, random: Random) -> tuple[Scope, Part, Mapping[int, Assignment]]:
    problem, calendars = around.problem, around.calendars
    chosen = around.free | around.kept
    rows = {
        row.operation: row
        for row in around.schedule.assignments
        if row.operation in chosen and not row.fixed and row.share == WHOLE_SHARE
    }
    jobs = tuple(sorted({problem.operations[number].job for number in rows}))
    operations: list[Operation] = []
    taken = {rows[number].machine for number in around.free if number in rows}
    for job in jobs:
        for operation in in_order(problem, job):
            row = rows.get(operation.number)
            if row is not None and operation.number in around.free:
                operations.append(_somewhere(operation, row.machine, taken, random))
            elif row is not None:
                operations.append(replace(operation, options={row.machine: operation.options[row.machine]}))
    machines = {machine for operation in operations for machine in operation.options}
    standing: dict[int, list[Assignment]] = defaultdict(list)
    attended: dict[int, list[tuple[int, int]]] = defaultdict(list)
    ends: dict[int, int] = {}
    kept: dict[int, list[int]] = defaultdict(list)
    for row in around.schedule.assignments:
        if row.operation in rows:
            if row.operation in around.kept:
                kept[row.machine].append(row.operation)
            continue
        ends[row.operation] = max(row.end, ends.get(row.operation, row.end))
        if row.machine in machines:
            standing[row.machine].append(row)
        if row.operator is not None:
            attended[row.operator].append((row.start, row.end))
    earliest = _earliest(problem, operations, ends)
    origins, families = _past(problem, operations, earliest, standing)
    reach = max((row.end for row in around.schedule.assignments), default=0)
    scope = Scope(
        problem,
        calendars,
        jobs,
        (),
        tuple(operations),
        {machine: tuple(row) for machine, row in standing.items()},
        ends,
        earliest,
        {o.number: _people(problem, calendars, o, rows[o.number], around, reach) for o in operations if o.skill},
        attended,
        {machine: tuple(row) for machine, row in kept.items()},
        origins,
        families,
    )
    return scope, Part(jobs, tuple(operations)), rows


def _somewhere(operation: Operation, now: int, taken: set[int], random: Random) -> Operation:
    """The operation with some of its machines: where it is now, those that others leave, and some by chance."""
    if len(operation.options) <= PLACES:
        return operation
    others = [machine for machine in operation.options if machine != now]
    others.sort(key=lambda m: operation.options[m] * random.uniform(0.6, 1.6) * (1 if m in taken else 3))
    return replace(operation, options={m: operation.options[m] for m in [now, *others[: PLACES - 1]]})


def _earliest(problem: Problem, operations: Sequence[Operation], ends: Mapping[int, int]) -> dict[int, int]:
    """The earliest start of each operation, after what stands and the shortest times of what comes before."""
    starts: dict[int, int] = {}
    shortest: dict[int, int] = {}
    for operation in operations:
        start = max(0, problem.jobs[operation.job].earliest, operation.start_after or 0)
        for before in operation.predecessors:
            end = starts[before] + shortest[before] if before in starts else ends.get(before, 0)
            start = max(start, end + operation.min_delay)
        starts[operation.number] = start
        shortest[operation.number] = min(operation.options.values())
    return starts


def _past(
    problem: Problem,
    operations: Sequence[Operation],
    earliest: Mapping[int, int],
    standing: dict[int, list[Assignment]],
) -> tuple[dict[int, int], dict[int, str | None]]:
    """Takes what stands before anything could start out of ``standing``: where each machine begins, and its family."""
    first: dict[int, int] = {}
    for operation in operations:
        for machine in operation.options:
            first[machine] = min(first.get(machine, earliest[operation.number]), earliest[operation.number])
    origins: dict[int, int] = {}
    families: dict[int, str | None] = {}
    for machine, row in standing.items():
        if problem.machines[machine].capacity > 1:
            continue
        past = [a for a in row if 0 < a.end <= first[machine]]
        if past:
            last = max(past, key=lambda a: (a.end, a.start))
            origins[machine], families[machine] = last.end, problem.operations[last.operation].family_id
            standing[machine] = [a for a in row if a.end > first[machine]]
    return origins, families


def _people(
    problem: Problem, calendars: Calendars, operation: Operation, row: Assignment, around: Neighbourhood, reach: int
) -> tuple[int, ...]:
    """Whom an operation may get: those who are there whenever its machines are open, and who attends it now."""
    if operation.number in around.kept and row.operator is not None:
        return (row.operator,)
    everyone = able(problem, operation)
    always = [
        who
        for who in everyone
        if all(
            (own := calendars.machine(machine)) is (both := calendars.both(machine, who))
            or own.between(0, reach) == both.between(0, reach)
            for machine in operation.options
        )
    ]
    if not always:
        return everyone
    return tuple(dict.fromkeys([*always, *([] if row.operator is None else [row.operator])]))


def _windows(scope: Scope, part: Part, rows: Mapping[int, Assignment], schedule: Schedule) -> Windows:
    """How late the operations may end: in time for what stands after them, and not long after the plan as it is."""
    problem = scope.problem
    limit = max(row.end for row in schedule.assignments)
    limit += int(ROOM * limit)
    span = max(row.end for row in rows.values()) - min(row.start for row in rows.values())
    slack = max(LEAST_SLACK, int(SLACK * span))
    begins: dict[int, int] = {}
    for assignment in schedule.assignments:
        begins[assignment.operation] = min(assignment.start, begins.get(assignment.operation, assignment.start))
    latest: dict[int, int] = {}
    shortest: dict[int, int] = {}
    for operation in reversed(part.operations):
        job = problem.jobs[operation.job]
        end = min(limit, rows[operation.number].end + slack)
        if operation.end_before is not None:
            end = min(end, operation.end_before)
        if job.due_hard and job.due is not None:
            end = min(end, job.due)
        for after in problem.successors[operation.number]:
            delay = problem.operations[after].min_delay
            if after in latest:
                end = min(end, latest[after] - shortest[after] - delay)
            elif after in begins:
                end = min(end, begins[after] - delay)
        latest[operation.number] = max(end, rows[operation.number].end)
        shortest[operation.number] = min(operation.options.values())
    machines = {machine for operation in part.operations for machine in operation.options}
    standing = [a.end for machine in machines for a in scope.standing.get(machine, ())]
    return Windows(latest, max([*latest.values(), *standing]), complete=False)
