"""What a job waited for: its blocking chain, from its completion back to a moment that was given.

Every operation of the chain starts when it does because of something that ends just before: a predecessor, the work
before it on its machine, work that kept its operator. That is the link before it, which is asked the same question,
until a release date, a ``start_after``, second zero or fixed work is reached. The links join up: each covers the time
from the end of the one before to its own end, and its seconds are divided into kinds (``spent``) that add up to it.

The rules are the timeline's: a machine of capacity 1 keeps a line, one of higher capacity and operators count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from models.shop.calendar import Calendars
from models.shop.fixed_work import line
from models.shop.problem import MAX_SECONDS, Problem
from models.shop.resources import Usage
from models.shop.schedule import Assignment, Schedule
from workers.explain.plan import Plan
from workers.explain.spent import Spent, added

ORIGINS = ("release", "start_after", "zero", "fixed")
"""How a chain may begin: at the job's release date, at ``start_after``, at second zero, or with fixed work."""

JOINTS = ("predecessor", "machine", "order", "operator")
"""What a link may have waited for, which the link before it is: a predecessor; the machine, which was busy; the order
on the machine, where it could have gone before that work; the operator, who was busy."""


@dataclass(frozen=True, slots=True)
class Link:
    """One operation (or lot) of a chain. Seconds from second zero.

    ``why`` is one of ORIGINS for the first link, else one of JOINTS. ``since``: the end of the link before, or where
    the chain begins. ``wait`` is what [since, start) is spent on, ``run`` what [start, end) is. ``could_start`` is the
    earliest start on the same machine with the same operator if all else stayed as it is; ``start`` where it is held.
    """

    work: Assignment
    why: str
    since: int
    wait: Spent
    run: Spent
    could_start: int

    @property
    def spent(self) -> Spent:
        """What [since, end) is spent on."""
        return added(self.wait, self.run)


@dataclass(frozen=True, slots=True)
class Chain:
    """Why a job is completed when it is: links in order of time, the last of them completes the job."""

    job: int
    links: tuple[Link, ...]

    @property
    def begin(self) -> int:
        """The moment that was given: where the first link begins to wait."""
        return self.links[0].since

    @property
    def completion(self) -> int:
        """The end of the job."""
        return self.links[-1].work.end

    @property
    def spent(self) -> Spent:
        """What [begin, completion) is spent on."""
        return added(*(link.spent for link in self.links))


def blocking_chain(problem: Problem, schedule: Schedule, job: int, calendars: Calendars | None = None) -> Chain:
    """The blocking chain of a scheduled job, late or not, in a valid schedule of a relaxed problem.

    Raises ValueError for a job that is left out.
    """
    return chain(Plan(problem, schedule, calendars), job)


def chain(plan: Plan, job: int) -> Chain:
    """As ``blocking_chain``, for a plan that is asked several times."""
    work = plan.last(job)
    if work is None:
        raise ValueError(f"job {plan.problem.jobs[job].job_id} is not in the plan")
    links: list[Link] = []
    before: Assignment | None = work
    while before is not None:
        link, before = _link(plan, before)
        links.append(link)
    return Chain(job, tuple(reversed(links)))


@dataclass(frozen=True, slots=True)
class _Hold:
    """Something that holds an operation until second ``until``; ``wait`` is what the time since ``since`` goes into."""

    until: int
    why: str
    since: int
    wait: Spent
    blocker: Assignment | None = None


def _link(plan: Plan, work: Assignment) -> tuple[Link, Assignment | None]:
    """The link of a piece of work, and the work that it waited for; None where the chain begins with it."""
    operator = _attended_by(plan, work)
    begin = max(0, work.start) if work.fixed else work.start
    run = plan.clock.spent("processing", work.machine, operator, begin, work.end) if work.end > begin else {}
    if work.fixed:
        return Link(work, "fixed", min(begin, work.end), {}, run, work.start), None
    own = [_given(plan, work), *_predecessors(plan, work)]
    # of equals the first counts: what is given cannot be planned otherwise
    hold = max((*own, *_machine(plan, work)), key=lambda one: one.until)
    hold, start = _resources(plan, work, hold)
    wait = added(hold.wait, {"idle": work.start - start} if start < work.start else {})
    could_start = min(work.start, _earliest(plan, work, max(one.until for one in own)))
    kept = hold.why == "machine" and hold.blocker is not None and could_start < hold.blocker.end
    why = "order" if kept and plan.problem.machines[work.machine].capacity == 1 else hold.why
    return Link(work, why, hold.since, wait, run, could_start), hold.blocker


def _attended_by(plan: Plan, work: Assignment) -> int | None:
    """The operator whose presence the work needs."""
    return None if plan.problem.operations[work.operation].skill is None else work.operator


def _given(plan: Plan, work: Assignment) -> _Hold:
    """Second zero, the release date or ``start_after``, whichever is last."""
    operation = plan.problem.operations[work.operation]
    release, after = plan.problem.jobs[operation.job].earliest, operation.start_after or 0
    until, why = max(((0, "zero"), (release, "release"), (after, "start_after")), key=lambda one: one[0])
    return _Hold(until, why, until, {})


def _predecessors(plan: Plan, work: Assignment) -> Iterable[_Hold]:
    """Every piece of every predecessor; a delay after what was completed before second zero began there."""
    operation = plan.problem.operations[work.operation]
    for number in operation.predecessors:
        for before in plan.of_operation.get(number, ()):
            until = before.end + operation.min_delay
            if until > 0:
                delay = {"delay": operation.min_delay} if operation.min_delay else {}
                yield _Hold(until, "predecessor", before.end, delay, before)


def _machine(plan: Plan, work: Assignment) -> Iterable[_Hold]:
    """On a machine of capacity 1: the work before it, with the setup after that."""
    problem, number = plan.problem, work.machine
    machine = problem.machines[number]
    if machine.capacity > 1:
        return
    earlier = [row for row in plan.on_machine[number] if row.end <= work.start and row is not work]
    before = max(earlier, key=lambda row: (row.end, row.start, row.operation, row.lot), default=None)
    family = None if before is None else problem.operations[before.operation].family_id
    if before is None or before.end <= 0:
        family = machine.initial_family if machine.initial_family is not None else family
        before = None
    since = 0 if before is None else before.end
    setup = problem.setup_seconds(number, family, problem.operations[work.operation].family_id)
    until = plan.calendars.machine(number).finish(since, setup) if setup else since
    assert until is not None, "the plan has the setup"
    if until > 0:
        wait = plan.clock.spent("setup", number, None, since, until) if until > since else {}
        yield _Hold(until, "zero" if before is None else "machine", since, wait, before)


def _resources(plan: Plan, work: Assignment, hold: _Hold) -> tuple[_Hold, int]:
    """What holds the work last once it is ready, and its earliest start with all else standing.

    As the timeline looks for a place: free in all that is counted, open at the start, fitting if it may not pause.
    """
    operation, seconds = plan.problem.operations[work.operation], plan.seconds(work)
    operator = _attended_by(plan, work)
    opened = plan.calendars.both(work.machine, operator)
    counted = _counted(plan, work, hold.until)

    def held(until: int, rows: Sequence[Assignment], why: str) -> _Hold:
        blocker = next(row for row in rows if row.end == until)
        return _Hold(until, why, until, {}, blocker)

    while True:
        for usage, rows, why in counted:
            free = usage.skip(hold.until, seconds)
            if free > hold.until:
                hold = held(free, rows, why)
        t = hold.until
        start = opened.next_open(t) if operation.interruptible else opened.fit(t, seconds)
        if start is None or start > work.start:
            raise ValueError(f"the plan breaks a rule where {_name(plan, work)} starts")
        end = opened.finish(start, seconds)
        assert end is not None, "it ends later, where the plan has it"
        for usage, rows, why in counted:
            again = usage.conflict(start, end)
            if again is not None:
                hold = held(again, rows, why)
                break
        else:
            closed = plan.clock.spent("no_fit", work.machine, operator, t, start) if start > t else {}
            return replace(hold, wait=added(hold.wait, closed)), start


def _counted(plan: Plan, work: Assignment, since: int) -> list[tuple[Usage, Sequence[Assignment], str]]:
    """What the work shares by counting: a machine of higher capacity, and its operator; with the others' work there."""
    shared = []
    machine = plan.problem.machines[work.machine]
    if machine.capacity > 1:
        shared.append((machine.capacity, plan.on_machine[work.machine], "machine"))
    if work.operator is not None:
        capacity = plan.problem.operators[work.operator].capacity
        shared.append((capacity, plan.with_operator[work.operator], "operator"))
    found: list[tuple[Usage, Sequence[Assignment], str]] = []
    for capacity, rows, why in shared:
        usage = Usage(capacity)
        others = [row for row in rows if row is not work and since < row.end and row.start < work.end]
        for row in others:
            usage.add(row.start, row.end)
        found.append((usage, others, why))
    return found


def _earliest(plan: Plan, work: Assignment, ready: int) -> int:
    """The earliest start anywhere on the machine, with the same operator and all other work standing as it does."""
    operation = plan.problem.operations[work.operation]
    others = [row for row in plan.on_machine[work.machine] if row is not work]
    usages = [usage for usage, _, why in _counted(plan, work, ready) if why == "operator"]
    spot = line(plan.problem, plan.calendars, work.machine, others).earliest(
        operation.family_id,
        ready,
        plan.seconds(work),
        MAX_SECONDS if operation.end_before is None else operation.end_before,
        plan.calendars.both(work.machine, _attended_by(plan, work)),
        interruptible=operation.interruptible,
        usages=usages,
    )
    return work.start if spot is None else spot[0]


def _name(plan: Plan, work: Assignment) -> str:
    operation = plan.problem.operations[work.operation]
    return f"{plan.problem.jobs[operation.job].job_id}/{operation.operation_id}"
