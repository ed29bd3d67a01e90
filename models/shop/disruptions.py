"""What breaks a plan: a machine down, an operator away, a rush order, late material, a cancelled job.

A disruption is read against the problem whose plan is in force, and makes the problem that starts now: what is done
stays done, what it stops is stopped, and the plan in force goes on around it, shifted right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.shop.actual import Actual
from models.shop.calendar import Calendars
from models.shop.canonical import to_document
from models.shop.carry import Carried, carry
from models.shop.faults import Fault, InvalidProblem
from models.shop.merged import merged
from models.shop.objective import evaluate
from models.shop.parse import Bounds, parse
from models.shop.parts import only
from models.shop.problem import Level, Problem, Span
from models.shop.reading.bounds import DEFAULT_BOUNDS, MAX_DISRUPTIONS, MAX_TEXT
from models.shop.reading.jobs import ONLY_OPERATION
from models.shop.reading.row import Faults, Row
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.soonest import soonest
from models.shop.timeline import replay

MOVE_PRICE = 0.2
"""Hours (or counts) of the first objective level that a repair pays at most to leave an operation where it is."""

KINDS = ("machine_breakdown", "operator_absence", "rush_order", "material_late", "job_cancelled")
_FIELDS = {
    "machine_breakdown": frozenset({"type", "machine_id", "from", "to", "reason"}),
    "operator_absence": frozenset({"type", "operator_id", "from", "to", "reason"}),
    "rush_order": frozenset({"type", "job", "reason"}),
    "material_late": frozenset({"type", "job_id", "operation_id", "until", "reason"}),
    "job_cancelled": frozenset({"type", "job_id", "reason"}),
}


@dataclass(frozen=True, slots=True)
class Outage:
    """A machine down, or an operator away (``operator``), in seconds from the problem's second zero."""

    number: int
    span: Span
    operator: bool = False


@dataclass(frozen=True, slots=True)
class RushOrder:
    """A job that was not there, as a document of the form that ``jobs`` has; ``path`` names it in faults."""

    job: dict[str, Any]
    path: str


@dataclass(frozen=True, slots=True)
class MaterialLate:
    """What of ``operations`` has not begun starts no earlier than second ``until``."""

    operations: tuple[int, ...]
    until: int
    path: str


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """A job is no longer wanted; what of it runs is stopped."""

    job: int


Disruption = Outage | RushOrder | MaterialLate | JobCancelled


@dataclass(frozen=True, slots=True)
class Repaired:
    """The problem that starts now, and a plan of it: the one in force, shifted right around what happened.

    ``released`` are the (job id, operation id) of what was pinned and cannot stay where it was; ``merged`` tells in
    words which lots become one.
    """

    problem: Problem
    decisions: tuple[Decision, ...]
    released: tuple[tuple[str, str], ...] = ()
    merged: tuple[str, ...] = ()


def read_disruptions(problem: Problem, document: object, path: str = "disruptions") -> tuple[Disruption, ...]:
    """The disruptions in a list of objects (docs/api.md). Raises InvalidProblem with every fault."""
    faults = Faults()
    values = Row(faults, "", {path: document}).items(path, MAX_DISRUPTIONS)
    if not values and not faults.total:
        faults.add(path, "min_items", "must list at least one disruption")
    reader = _Reader(problem)
    found = [reader.read(_typed(faults, f"{path}[{number}]", value)) for number, value in enumerate(values)]
    faults.check()
    return tuple(one for one in found if one is not None)


def disrupted(
    problem: Problem,
    schedule: Schedule,
    disruptions: Sequence[Disruption],
    actuals: Iterable[Actual] = (),
    now: int = 0,
    frozen: int = 0,
    pins: Collection[tuple[int, int]] = (),
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Repaired:
    """The problem from second ``now`` on, and the plan in force shifted right around the disruptions.

    ``problem`` is relaxed, ``schedule`` the plan of it that is in force; ``actuals``, ``now`` and ``frozen`` are as in
    ``carry``. What is frozen, and the (operation, lot) in ``pins``, stays pinned where it still can. Work on a machine
    that is down stops; what may not be interrupted begins again. Raises InvalidProblem where a disruption does not fit
    what has happened, or a rush order breaks the form of a job.
    """
    told = [*actuals]
    outages = [one for one in disruptions if isinstance(one, Outage)]
    told = _stopped(problem, schedule, told, outages, max(0, now))
    carried = carry(problem, schedule, told, now, pins=())
    made, rows, mapped = _changed(carried, disruptions, max(0, now), bounds)
    hold = [(mapped[number], lot) for number, lot in pins if number in mapped]
    left = Schedule(tuple(row._replace(fixed=False) for row in rows))
    again = carry(made, left, (), 0, frozen, assume=False, pins=(), hold=hold)
    pinned = {(work.operation, work.lot) for work in again.problem.fixed}
    released = [again.problem.operations[number] for number, lot in hold if (number, lot) not in pinned]
    return Repaired(
        again.problem,
        _with_new(again, disruptions),
        tuple((again.problem.jobs[one.job].job_id, one.operation_id) for one in released),
        merged(again.problem, again.rows),
    )


def priced(objective: tuple[Level, ...], move_price: float) -> tuple[Level, ...]:
    """The objective in which every move costs ``move_price`` hours (or counts) of the first level."""
    others = {term: factor for term, factor in objective[0].items() if term != "changes"}
    price = round(move_price * 1000)
    if not others or not price:
        return (others or objective[0], *objective[1:])
    return ({**others, "changes": price}, *objective[1:])


def _stopped(
    problem: Problem, schedule: Schedule, told: Sequence[Actual], outages: Sequence[Outage], now: int
) -> list[Actual]:
    """What the plant tells, with what outages that have begun stopped, where it does not tell of that itself."""
    known = {(actual.operation, actual.lot): actual for actual in told}
    calendars = Calendars(problem)
    for outage in outages:
        if outage.span.start > now:
            continue
        for row in schedule.assignments:
            key = (row.operation, row.lot)
            hit = (row.operator if outage.operator else row.machine) == outage.number
            if not hit or row.start >= now or row.end <= outage.span.start or row.start >= outage.span.end:
                continue
            actual = known.get(key)
            if actual is None:
                known[key] = _gone_on(problem, calendars, row, _stood(problem, row, outage, now), now)
            elif actual.state == "running" and actual.stretches[-1][1] is None:
                first = actual.stretches[-1][0]
                known[key] = _stood(problem, row._replace(start=first), outage, now, actual)
    return [*known.values()]


def _stood(problem: Problem, row: Assignment, outage: Outage, now: int, actual: Actual | None = None) -> Actual:
    """Work that an outage stopped, or kept from beginning."""
    before = () if actual is None else actual.stretches[:-1]
    left = None if actual is None else actual.left
    begins, ends = outage.span.start, outage.span.end
    whole = problem.operations[row.operation].interruptible or row.fixed
    if row.start >= begins or not whole:
        return Actual(row.operation, "scrapped", row.machine, (), row.lot, row.operator)
    stretches: tuple[tuple[int, int | None], ...] = (*before, (row.start, begins))
    if ends < now:
        stretches = (*stretches, (ends, None))
    return Actual(row.operation, "running", row.machine, stretches, row.lot, row.operator, left)


def _gone_on(problem: Problem, calendars: Calendars, row: Assignment, stood: Actual, now: int) -> Actual:
    """Work that went on after an outage that is over: finished, where it had the time."""
    if len(stood.stretches) < 2:
        return stood
    needed = problem.operations[row.operation].skill is not None
    opened = calendars.both(row.machine, row.operator if needed else None)
    (start, stopped), (again, _) = stood.stretches[-2:]
    end = opened.finish(again, opened.between(start, row.end) - opened.between(start, stopped or again))
    if end is None or end > now:
        return stood
    return replace(stood, state="finished", stretches=((start, end),))


def _changed(
    carried: Carried, disruptions: Sequence[Disruption], now: int, bounds: Bounds
) -> tuple[Problem, tuple[Assignment, ...], dict[int, int]]:
    """The carried problem with what happened, the rows that are left of the plan, and where its operations are now."""
    made = carried.problem
    machines, operators, operations = list(made.machines), list(made.operators), list(made.operations)
    for one in disruptions:
        if isinstance(one, Outage):
            span = Span(one.span.start - now, one.span.end - now, one.span.reason)
            if one.operator:
                who = operators[one.number]
                operators[one.number] = replace(who, absent=(*who.absent, span))
            else:
                machine = machines[one.number]
                machines[one.number] = replace(machine, closed=(*machine.closed, span))
        elif isinstance(one, MaterialLate):
            waiting = [number for number in one.operations if number not in made.fixed_by_operation]
            if not waiting:
                raise InvalidProblem([Fault(one.path, "begun", "must name work that has not begun by then")])
            for number in waiting:
                after = max(one.until - now, operations[number].start_after or 0)
                operations[number] = replace(operations[number], start_after=after)
    made = replace(made, machines=tuple(machines), operators=tuple(operators), operations=tuple(operations))
    rows, places = carried.rows, {number: number for number in range(len(operations))}
    gone = {one.job for one in disruptions if isinstance(one, JobCancelled)}
    if gone:
        made = _left_in_its_family(made, gone)
        part = only(made, set(range(len(made.jobs))) - gone)
        made, places = part.problem, part.operations
        rows = tuple(row._replace(operation=places[row.operation]) for row in rows if row.operation in places)
    rush = [one for one in disruptions if isinstance(one, RushOrder)]
    return (_with_orders(made, rush, bounds) if rush else made), rows, places


def _left_in_its_family(problem: Problem, gone: Collection[int]) -> Problem:
    """Machines that run something of the jobs that go stay in the family they were set up for."""
    machines = list(problem.machines)
    for work in problem.fixed:
        operation = problem.operations[work.operation]
        if operation.job in gone and not work.completed and work.start < 0 and machines[work.machine].setup_matrix:
            machines[work.machine] = replace(machines[work.machine], initial_family=operation.family_id)
    return replace(problem, machines=tuple(machines))


def _with_orders(problem: Problem, orders: Sequence[RushOrder], bounds: Bounds) -> Problem:
    """The problem with new jobs behind its own. Raises InvalidProblem with faults that name the disruption."""
    document = to_document(problem)
    first = len(document["jobs"])
    document["jobs"] = [*document["jobs"], *(order.job for order in orders)]
    try:
        return parse(document, bounds)
    except InvalidProblem as error:
        paths = {f"jobs[{first + at}]": order.path for at, order in enumerate(orders)}
        raise InvalidProblem([_moved(fault, paths) for fault in error.faults], error.total) from None


def _moved(fault: Fault, paths: dict[str, str]) -> Fault:
    for path, place in paths.items():
        if fault.field == path or fault.field.startswith((f"{path}.", f"{path}[")):
            return replace(fault, field=place + fault.field[len(path) :])
    return fault


def _with_new(carried: Carried, disruptions: Sequence[Disruption]) -> tuple[Decision, ...]:
    """The plan's decisions; those of rush orders before or behind all others, whichever makes the better plan."""
    standing, count = carried.decisions, sum(isinstance(one, RushOrder) for one in disruptions)
    if not count:
        return standing
    problem, calendars = carried.problem, Calendars(carried.problem)
    total = len(problem.jobs)
    added = tuple(soonest(problem, range(total - count, total), calendars))
    orders = ((*standing, *added), (*added, *standing))
    return min(orders, key=lambda order: evaluate(problem, replay(problem, order, None, calendars), None, calendars))


class _Reader:
    """Reads disruptions against one problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.machines = {machine.machine_id: index for index, machine in enumerate(problem.machines)}
        self.operators = {who.operator_id: index for index, who in enumerate(problem.operators)}
        self.jobs = {job.job_id: job.index for job in problem.jobs}

    def read(self, row: Row | None) -> Disruption | None:
        if row is None:
            return None
        reason = row.text("reason", least=0, most=MAX_TEXT)
        kind = row.fields["type"]
        if kind == "rush_order":
            job = row.fields.get("job")
            if not isinstance(job, dict):
                row.fault("job", "type", "must be an object as in the jobs of a problem", job)
                return None
            return RushOrder(job, row.at("job"))
        if kind == "machine_breakdown":
            return self._outage(row, "machine_id", self.machines, reason)
        if kind == "operator_absence":
            return self._outage(row, "operator_id", self.operators, reason)
        job_index = self._known(row, "job_id", self.jobs)
        if kind == "job_cancelled":
            return None if job_index is None else JobCancelled(job_index)
        until = self._second(row, "until")
        if job_index is None or until is None:
            return None
        return self._late(row, job_index, until)

    def _late(self, row: Row, job: int, until: int) -> MaterialLate | None:
        numbers = tuple(self.problem.jobs[job].operations)
        if not row.has("operation_id"):
            return MaterialLate(numbers, until, row.at("job_id"))
        known = {self.problem.operations[number].operation_id or ONLY_OPERATION: number for number in numbers}
        number = self._known(row, "operation_id", known)
        return None if number is None else MaterialLate((number,), until, row.at("operation_id"))

    def _outage(self, row: Row, name: str, known: dict[str, int], reason: str | None) -> Outage | None:
        number, start, end = self._known(row, name, known), self._second(row, "from"), self._second(row, "to")
        if start is not None and end is not None and end <= start:
            row.fault("to", "order", "must be after `from`", row.fields["to"])
            return None
        if number is None or start is None or end is None:
            return None
        return Outage(number, Span(start, end, reason), operator=name == "operator_id")

    def _known(self, row: Row, name: str, known: dict[str, int]) -> int | None:
        value = row.identity(name)
        if value is not None and value not in known:
            row.fault(name, f"unknown_{name.removesuffix('_id')}", "names none of this plan's problem", value)
        return None if value is None else known.get(value)

    def _second(self, row: Row, name: str) -> int | None:
        instant = row.instant(name) if row.require(name) else None
        return None if instant is None else instant.floor - self.problem.epoch


def _typed(faults: Faults, path: str, value: object) -> Row | None:
    """A disruption's object with the fields of its type; None where it is none."""
    kind = value.get("type") if isinstance(value, dict) else None
    known = _FIELDS.get(kind) if isinstance(kind, str) else None
    row = Row.of(faults, path, value, known)
    if row is not None and known is None:
        row.fault("type", "unknown_type", f"must be one of {', '.join(KINDS)}", kind)
        return None
    return row
