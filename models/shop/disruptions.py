"""What breaks a plan: a machine down, an operator away, a rush order, late material, a cancelled job.

A disruption is read against the problem whose plan is in force, and makes the problem that starts now: what is done
stays done, what it stops is stopped, and the plan in force goes on around it, shifted right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

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
from models.shop.reading.bounds import DEFAULT_BOUNDS
from models.shop.reading.disruptions import Disruption, JobCancelled, MaterialLate, Outage, RushOrder
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.soonest import soonest
from models.shop.timeline import replay

MOVE_PRICE = 0.2
"""Hours (or counts) of the first objective level that a repair pays at most to leave an operation where it is."""


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
