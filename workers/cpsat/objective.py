"""Objective levels as expressions over a part's variables, one function per term.

A level becomes one exact integer sum in the unit of ``models.shop.objective.levels`` (coefficient in thousandths x
thousandths of seconds; a count counts as 3600 s), divided by the greatest common divisor of its factors to keep the
solver's integers small.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil, floor, gcd

from models.shop.problem import MAX_TERMS, Level, ReferenceWork
from workers.cpsat.clock import Clock
from workers.cpsat.hinted import Expression, Variable
from workers.cpsat.variables import Stay, Variables

COUNT_SECONDS = 3600
"""A count weighs as much as this many seconds."""

CHANGE_SECONDS = 3600
"""An operation that starts at most this far from the reference plan has not changed."""

ROUNDING = 1e-4
"""The solver states bounds on integers as floats; what is this close to an integer is one."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A level of a part: its value is ``factor`` x ``expression`` + ``constant``, in level units."""

    expression: Expression
    factor: int
    constant: int

    def least(self, bound: float) -> int:
        """The level value that a solver's lower bound on the expression proves."""
        return self.factor * ceil(bound - ROUNDING) + self.constant

    def at_least(self, value: int) -> int:
        """The least value of the expression with which the level is ``value`` or more."""
        return -((self.constant - value) // self.factor)

    def at_most(self, value: int) -> int:
        """The greatest value of the expression with which the level does not exceed ``value``."""
        return (value - self.constant) // self.factor


@dataclass(slots=True)
class Sum:
    """Factors times expressions, and a constant, in thousandths of a term's seconds."""

    rows: list[tuple[int, Expression]] = field(default_factory=list)
    constant: int = 0


def goal(variables: Variables, clock: Clock, level: Level) -> Goal:
    """A level of the part as one expression."""
    completions = Completions(variables, clock)
    rows: list[tuple[int, Expression]] = []
    constant = 0
    for term, coefficient in level.items():
        found = TERM_EXPRESSIONS[term](completions)
        rows += [(coefficient * factor, expression) for factor, expression in found.rows if coefficient * factor]
        constant += coefficient * found.constant
    factor = gcd(*(own for own, _ in rows)) or 1
    return Goal(sum((own // factor) * expression for own, expression in rows), factor, constant)


def separable(level: Level) -> bool:
    """Whether parts that share no machine can be planned apart: sums alone, or a single maximum."""
    used = [term for term, coefficient in level.items() if coefficient]
    return len(used) <= 1 or not any(term in MAX_TERMS for term in used)


class Completions:
    """When the jobs of a part are done: what their last operations and their fixed work say."""

    def __init__(self, variables: Variables, clock: Clock) -> None:
        self.variables, self.clock = variables, clock
        problem = variables.scope.problem
        self.jobs = [problem.jobs[job] for job in variables.part.jobs]
        dues = [job.due for job in self.jobs if job.due is not None]
        self.due_unit = gcd(variables.unit, *dues) or 1
        self.standing: dict[int, int] = {}
        self.planned: dict[int, int] = {}
        for job in self.jobs:
            fixed = [variables.scope.ends[number] for number in job.operations if number in variables.scope.ends]
            if fixed:
                self.standing[job.index] = max(fixed)
            ends = [variables.plan[number].end for number in job.operations if number in variables.plan]
            self.planned[job.index] = max([*ends, *fixed], default=0)

    def lasts(self, job: int) -> list[Stay]:
        """The stays of the job's free operations that no other operation follows."""
        problem, stays = self.variables.scope.problem, self.variables.stays
        numbers = problem.jobs[job].operations
        return [stay for n in numbers if n in stays and not problem.successors[n] for stay in stays[n]]

    def latest(self, job: int) -> int:
        """The latest completion of a job, in units."""
        ends = [self.variables.windows.latest.get(stay.operation.number, 0) for stay in self.lasts(job)]
        return max([*ends, self.standing.get(job, 0), 0]) // self.variables.unit

    def enforce(self, stay: Stay, constraint: Expression, *literals: Variable) -> None:
        """Adds a constraint that holds where the stay is used (and all ``literals`` are true)."""
        conditions = [*literals, *([] if stay.used is None else [stay.used])]
        added = self.variables.model.cp.add(constraint)
        if conditions:
            added.only_enforce_if(conditions)

    def tardiness(self, job: int) -> Variable | None:
        """Seconds late in units of ``due_unit``; None for a job that cannot be late."""
        variables, due = self.variables, self.variables.scope.problem.jobs[job].due
        late = -1 if due is None else self.latest(job) * variables.unit - due
        if due is None or late <= 0:
            return None
        standing = max(0, self.standing.get(job, due) - due)
        planned = max(0, self.planned[job] - due)
        tardy = variables.model.integer(standing // self.due_unit, late // self.due_unit, planned // self.due_unit)
        self.at_least(tardy, job, due)
        return tardy

    def at_least(self, tardy: Variable, job: int, due: int) -> None:
        """``tardy``, in units of ``due_unit``, is at least how late the job is."""
        step = self.variables.unit // self.due_unit
        for stay in self.lasts(job):
            end = self.clock.end(stay, stay.axis.coordinate(due // self.variables.unit))
            self.enforce(stay, tardy >= step * end - due // self.due_unit)


def makespan(completions: Completions) -> Sum:
    """The last end of any operation of the part."""
    variables, jobs = completions.variables, completions.jobs
    least = max([0, *completions.standing.values()])
    if not variables.stays:
        return Sum(constant=1000 * least)
    unit = variables.unit
    high = max(ceil(least / unit), *(completions.latest(job.index) for job in jobs))
    planned = max([least, *completions.planned.values()])
    value = variables.model.integer(ceil(least / unit), high, ceil(planned / unit))
    for job in jobs:
        for stay in completions.lasts(job.index):
            completions.enforce(stay, value >= completions.clock.end(stay))
    machine_loads(variables, value)
    return Sum([(1000 * unit, value)])


def machine_loads(variables: Variables, makespan: Variable) -> None:
    """A machine's work takes at least its length: implied, but the linear relaxation sees it only so."""
    for machine, options in variables.on.items():
        capacity = variables.scope.problem.machines[machine].capacity
        variables.model.cp.add(sum(option.seconds * option.used for option in options) <= capacity * makespan)


def total_tardiness(completions: Completions) -> Sum:
    """Seconds late, over all jobs."""
    return _tardiness(completions, dict.fromkeys((job.index for job in completions.jobs), 1000))


def weighted_tardiness(completions: Completions) -> Sum:
    """Weighted seconds late, over all jobs."""
    return _tardiness(completions, {job.index: job.weight for job in completions.jobs})


def _tardiness(completions: Completions, factors: Mapping[int, int]) -> Sum:
    found = Sum()
    for job, factor in factors.items():
        if not factor:
            continue
        late = completions.tardiness(job)
        if late is not None:
            found.rows.append((factor * completions.due_unit, late))
    return found


def max_tardiness(completions: Completions) -> Sum:
    """Seconds that the latest job is late."""
    jobs = [job for job in completions.jobs if job.due is not None]
    late = {j.index: completions.latest(j.index) * completions.variables.unit - (j.due or 0) for j in jobs}
    standing = [max(0, completions.standing[j.index] - (j.due or 0)) for j in jobs if j.index in completions.standing]
    planned = [max(0, completions.planned[j.index] - (j.due or 0)) for j in jobs]
    unit = completions.due_unit
    low, high = (max(row, default=0) // unit for row in (standing, [*late.values(), *standing]))
    if high <= 0:
        return Sum()
    value = completions.variables.model.integer(low, high, max(planned, default=0) // unit)
    for job in jobs:
        if late[job.index] > 0:
            completions.at_least(value, job.index, job.due or 0)
    return Sum([(1000 * unit, value)])


def tardy_jobs(completions: Completions) -> Sum:
    """Jobs done after their due date."""
    return _tardy(completions, dict.fromkeys((job.index for job in completions.jobs), 1000))


def weighted_tardy_jobs(completions: Completions) -> Sum:
    """Weight of the jobs done after their due date."""
    return _tardy(completions, {job.index: job.weight for job in completions.jobs})


def _tardy(completions: Completions, factors: Mapping[int, int]) -> Sum:
    variables, found = completions.variables, Sum()
    for job in completions.jobs:
        factor = COUNT_SECONDS * factors[job.index]
        if job.due is None or not factor:
            continue
        if completions.standing.get(job.index, job.due) > job.due:
            found.constant += factor
            continue
        if completions.latest(job.index) * variables.unit <= job.due:
            continue
        late = variables.model.boolean(completions.planned[job.index] > job.due)
        for stay in completions.lasts(job.index):
            completions.enforce(stay, stay.end <= stay.axis.coordinate(job.due // variables.unit), ~late)
        found.rows.append((factor, late))
    return found


def total_flow_time(completions: Completions) -> Sum:
    """Seconds from each job's release date (second zero where none is given) to its completion."""
    variables, found = completions.variables, Sum()
    for job in completions.jobs:
        found.constant -= 1000 * (job.release or 0)
        lasts = completions.lasts(job.index)
        if not lasts:
            found.constant += 1000 * completions.standing.get(job.index, 0)
            continue
        least = ceil(completions.standing.get(job.index, 0) / variables.unit)
        high, planned = completions.latest(job.index), completions.planned[job.index] // variables.unit
        done = variables.model.integer(max(0, least), max(0, least, high), planned)
        for stay in lasts:
            completions.enforce(stay, done >= completions.clock.end(stay))
        found.rows.append((1000 * variables.unit, done))
    return found


def setup_time(completions: Completions) -> Sum:
    """Seconds of setup before operations and fixed work."""
    return Sum([(1000 * seconds, literal) for seconds, literal in completions.variables.changeovers])


def changes(completions: Completions) -> Sum:
    """Operations on another machine than in the reference plan, or starting more than an hour away from it."""
    variables, found = completions.variables, Sum()
    unit, weight = variables.unit, 1000 * COUNT_SECONDS
    reference: dict[int, list[ReferenceWork]] = defaultdict(list)
    for row in variables.scope.problem.reference:
        reference[row.operation].append(row)
    for operation in variables.part.operations:
        rows = reference[operation.number]
        if not rows:
            continue
        work = rows[0]
        same = [o for stay in variables.stays[operation.number] for o in stay.options if o.machine == work.machine]
        if not same or [row.lot for row in rows] != [1]:
            found.constant += weight
            continue
        option, axis = same[0], variables.axes[work.machine]
        planned = variables.plan.get(operation.number)
        kept = planned is not None and planned.machine == work.machine
        changed = variables.model.boolean(
            planned is None or not kept or abs(planned.start - work.start) > CHANGE_SECONDS
        )
        last = floor((work.start + CHANGE_SECONDS) / unit)
        high = axis.coordinate(last)
        high -= axis.start(high) > last
        cp = variables.model.cp
        cp.add_implication(~changed, option.used)
        cp.add(option.start >= axis.coordinate(ceil((work.start - CHANGE_SECONDS) / unit))).only_enforce_if(~changed)
        cp.add(option.start <= high).only_enforce_if(~changed)
        found.rows.append((weight, changed))
    return found


TERM_EXPRESSIONS: Mapping[str, Callable[[Completions], Sum]] = {
    "makespan": makespan,
    "weighted_tardiness": weighted_tardiness,
    "total_tardiness": total_tardiness,
    "max_tardiness": max_tardiness,
    "tardy_jobs": tardy_jobs,
    "weighted_tardy_jobs": weighted_tardy_jobs,
    "total_flow_time": total_flow_time,
    "setup_time": setup_time,
    "changes": changes,
}
