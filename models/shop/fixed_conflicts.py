"""Where fixed work contradicts a rule, alone or as a pair. The result lists it; only that is exempt from the rule.

Completed work is history: of the rules only eligibility is checked for it, though what is planned or pinned behind it
keeps its precedence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from models.shop.calendar import Calendars
from models.shop.fixed_work import open_time_of, time_left
from models.shop.problem import FixedWork, Problem
from models.shop.schedule import Assignment, FixedConflict

MAX_PAIRS = 100_000
"""More pairs are not listed: work that is pinned onto one another in such numbers is no plan."""


def fixed_conflicts(
    problem: Problem, calendars: Calendars, assignments: Sequence[Assignment], unset: Iterable[FixedConflict] = ()
) -> tuple[FixedConflict, ...]:
    """All conflicts of fixed work in a finished plan, in a fixed order; ``unset`` are those of setups."""
    if not problem.fixed:
        return ()
    given = {(work.operation, work.lot): work for work in problem.fixed}
    fixed = [(a, given[a.operation, a.lot]) for a in assignments if a.fixed]
    found = [conflict for a, work in fixed for conflict in _alone(problem, calendars, a, work)]
    current = [a for a, work in fixed if not work.completed]
    found += _overlaps(problem, current)
    found += unset
    found += _precedence(problem, current, assignments)
    return tuple(sorted(set(found), key=lambda c: (c.fixed, c.rule)))


def _alone(problem: Problem, calendars: Calendars, a: Assignment, work: FixedWork) -> Iterator[FixedConflict]:
    """What one piece of fixed work contradicts by itself."""
    operation, job = problem.operations[a.operation], problem.jobs[problem.operations[a.operation].job]
    if a.machine not in operation.options:
        yield _single("eligibility", a, f"It may not run on machine {problem.machines[a.machine].machine_id}.")
    if work.completed:
        return
    if a.start < job.earliest and job.earliest > 0:
        yield _single("release", a, f"It starts {job.earliest - a.start} s before its job's release.")
    if operation.start_after is not None and a.start < operation.start_after:
        yield _single("start-after", a, f"It starts {operation.start_after - a.start} s before its start_after.")
    if operation.end_before is not None and a.end > operation.end_before:
        yield _single("end-before", a, f"It ends {a.end - operation.end_before} s after its end_before.")
    if job.due_hard and job.due is not None and a.end > job.due:
        yield _single("hard-due", a, f"It ends {a.end - job.due} s after its job's hard due date.")
    if operation.skill is not None:
        level = 0 if a.operator is None else problem.operators[a.operator].skills.get(operation.skill, 0)
        if level < operation.skill_level:
            has = "has no operator" if a.operator is None else f"has an operator of level {level}"
            yield _single("operator", a, f"It needs {operation.skill} at level {operation.skill_level}, but {has}.")
    yield from _in_closed_time(problem, calendars, a, work)


def _in_closed_time(problem: Problem, calendars: Calendars, a: Assignment, work: FixedWork) -> Iterator[FixedConflict]:
    """What contradicts the calendars. What running work waited through before second zero is history."""
    interruptible = problem.operations[a.operation].interruptible
    opened = open_time_of(problem, calendars, work)
    pieces = opened.intervals(a.start, a.end)
    begins = pieces[0][0] if pieces else a.end
    if opened.finish(*time_left(problem, work)) is None:
        yield _single("calendar", a, "Its machine and its operator are never open for long enough again.")
    elif begins > max(0, a.start) and (a.start >= 0 or not interruptible):
        yield _single("calendar", a, "It starts while its machine or its operator is closed.")
    if not interruptible and len(pieces) > 1 and pieces[-1][0] > 0:
        yield _single("not-interruptible", a, "It may not be interrupted, but closed time lies within it.")


def _overlaps(problem: Problem, current: Sequence[Assignment]) -> Iterator[FixedConflict]:
    """Pairs of fixed work of which more go on at once than a machine or an operator takes."""
    on_machines: dict[int, list[Assignment]] = {}
    with_operators: dict[int, list[Assignment]] = {}
    for a in current:
        on_machines.setdefault(a.machine, []).append(a)
        if a.operator is not None:
            with_operators.setdefault(a.operator, []).append(a)
    for number, row in on_machines.items():
        machine = problem.machines[number]
        yield from _crowded(row, machine.capacity, "overlap", f"machine {machine.machine_id}")
    for number, row in with_operators.items():
        operator = problem.operators[number]
        yield from _crowded(row, operator.capacity, "operator-capacity", f"operator {operator.operator_id}")


def _crowded(row: Sequence[Assignment], capacity: int, rule: str, who: str) -> Iterator[FixedConflict]:
    running: list[Assignment] = []
    told: set[tuple[Assignment, Assignment]] = set()
    for a in row:
        running = [other for other in running if other.end > a.start]
        running.append(a)
        if len(running) <= capacity:
            continue
        for pair in combinations(running, 2):
            if pair in told:
                continue
            if len(told) == MAX_PAIRS:
                return
            told.add(pair)
            yield pair_conflict(
                rule, *pair, f"Both are on {who} at second {a.start}, which takes {capacity} at a time."
            )


def _precedence(
    problem: Problem, current: Sequence[Assignment], assignments: Sequence[Assignment]
) -> Iterator[FixedConflict]:
    """Fixed work that starts before a predecessor, fixed or planned, has ended and the delay has passed."""
    wanted = {p for a in current for p in problem.operations[a.operation].predecessors}
    pieces: dict[int, list[Assignment]] = {}
    for a in assignments:
        if a.operation in wanted:
            pieces.setdefault(a.operation, []).append(a)
    for a in current:
        operation = problem.operations[a.operation]
        for number in operation.predecessors:
            for before in pieces.get(number, ()):
                early = before.end + operation.min_delay - a.start
                if early > 0:
                    yield pair_conflict(
                        "precedence", before, a, f"The second starts {early} s too early after the first."
                    )


def _single(rule: str, a: Assignment, detail: str) -> FixedConflict:
    return FixedConflict(rule, ((a.operation, a.lot),), detail)


def pair_conflict(rule: str, first: Assignment, second: Assignment, detail: str) -> FixedConflict:
    """A conflict of two pieces of work."""
    return FixedConflict(rule, ((first.operation, first.lot), (second.operation, second.lot)), detail)
