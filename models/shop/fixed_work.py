"""Fixed work: completed, running or pinned. It stands as given; here it gets its times and a place on its machine."""

from __future__ import annotations

from collections.abc import Iterable

from models.shop.calendar import Calendars
from models.shop.open_time import OpenTime
from models.shop.problem import WHOLE_SHARE, FixedWork, Problem
from models.shop.resources import Line, blocks
from models.shop.schedule import Assignment


def open_time_of(problem: Problem, calendars: Calendars, work: FixedWork) -> OpenTime:
    """When a piece of fixed work goes on: the machine's open time, with its operator's where its skill needs one."""
    needed = problem.operations[work.operation].skill is not None
    return calendars.both(work.machine, work.operator if needed else None)


def lot_seconds(whole: int, share: int) -> int:
    """A lot's share of an operation's seconds, rounded up."""
    return -(-share * whole // WHOLE_SHARE)


def standing(problem: Problem, calendars: Calendars) -> tuple[Assignment, ...]:
    """All fixed work with its times, ordered by (start, end, operation, lot), without setups.

    ``seconds`` is what is processed after second zero. Work whose machine and operator never open (long enough) again
    ends as if they were always open; that contradicts the calendar and is listed as such.
    """
    found = []
    for work in problem.fixed:
        opened = open_time_of(problem, calendars, work)
        end = _end(problem, work, opened)
        seconds = opened.between(max(0, work.start), end)
        found.append(
            Assignment(
                work.operation,
                work.machine,
                work.start,
                end,
                seconds,
                work.operator,
                lot=work.lot,
                share=work.share,
                fixed=True,
            )
        )
    return tuple(sorted(found, key=lambda a: (a.start, a.end, a.operation, a.lot)))


def time_left(problem: Problem, work: FixedWork) -> tuple[int, int]:
    """(second from which it counts, seconds of open time) of running or pinned work."""
    if work.remaining is not None:
        return max(0, work.start), work.remaining
    options = problem.operations[work.operation].options
    return work.start, lot_seconds(options.get(work.machine, min(options.values())), work.share)


def _end(problem: Problem, work: FixedWork, opened: OpenTime) -> int:
    if work.completed and work.end is not None:
        return work.end
    begin, seconds = time_left(problem, work)
    end = opened.finish(begin, seconds)
    return begin + seconds if end is None else end


def lines(problem: Problem, calendars: Calendars, fixed: Iterable[Assignment]) -> list[Line]:
    """The machines with all fixed work standing, in order of the problem's machines."""
    by_machine: dict[int, list[Assignment]] = {}
    for work in fixed:
        by_machine.setdefault(work.machine, []).append(work)
    return [line(problem, calendars, machine, by_machine.get(machine, ())) for machine in range(len(problem.machines))]


def line(problem: Problem, calendars: Calendars, number: int, work: Iterable[Assignment]) -> Line:
    """One machine with ``work`` standing on it, given by (start, end, operation, lot)."""
    machine = problem.machines[number]
    opened = calendars.machine(number)
    if machine.capacity > 1:
        shared = Line(opened, machine.capacity)
        for a in work:
            shared.append(a.start, a.end, None)
        return shared
    matrix = None if machine.setup_matrix is None else problem.setup_matrices[machine.setup_matrix]
    ahead = blocks((a.start, a.end, problem.operations[a.operation].family_id) for a in work if a.end > 0)
    family = machine.initial_family
    if family is None:
        past = max((a for a in work if a.end <= 0), key=lambda a: (a.end, a.start, a.operation, a.lot), default=None)
        family = None if past is None else problem.operations[past.operation].family_id
    made = Line(opened, 1, matrix, family, ahead)
    if ahead and ahead[0].start <= 0:
        made.end, made.family, made.gap = ahead[0].end, ahead[0].last_family, 1
    return made
