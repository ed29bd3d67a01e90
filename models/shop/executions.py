"""What the plant tells of its work, event by event, and how it stands after all of them.

Events come late and out of order, so what they mean follows from when things happened, never from when it was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from models.shop.actual import Actual
from models.shop.problem import Problem
from models.shop.schedule import Assignment, Schedule

Kind = Literal["started", "paused", "finished", "scrapped"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""``started``: begun, or gone on with after a pause. ``scrapped``: spoiled, and to be done again from the beginning."""

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an operation (or lot) ``at`` a moment (aware).

    ``event_id`` is its sender's: the same event may be told again. ``left_hours``: open hours of work left then.
    """

    event_id: str
    job_id: str
    operation_id: str
    kind: Kind
    at: datetime
    lot: int = 1
    machine_id: str | None = None
    operator_id: str | None = None
    left_hours: float | None = None
    reason: str | None = None

    @property
    def work(self) -> tuple[str, str, int]:
        """What it happened to: job, operation, lot."""
        return self.job_id, self.operation_id, self.lot


@dataclass(frozen=True, slots=True)
class Standing:
    """How a piece of work stands: its state, and the stretches of time it was worked on (None: not known, or not yet).

    ``left``: (moment, hours left then), where the plant said so. ``machine_id`` and ``operator_id`` are the last named.
    """

    state: Literal["running", "paused", "finished", "scrapped"]
    stretches: tuple[tuple[datetime | None, datetime | None], ...]
    machine_id: str | None
    operator_id: str | None
    left: tuple[datetime, float] | None


def in_order(events: Iterable[Event]) -> list[Event]:
    """The events of one piece of work by when they happened; at one moment what ends comes before what begins."""
    return sorted(events, key=lambda event: (event.at, event.kind == "started", event.event_id))


def contradiction(events: Iterable[Event]) -> tuple[Event, Event] | None:
    """Two events of one piece of work that cannot both be: it ended before it started, or ended twice.

    A start after the end is fine once the work was scrapped in between.
    """
    finished: Event | None = None
    for event in in_order(events):
        if event.kind == "scrapped":
            finished = None
        elif finished is not None and event.kind in ("started", "finished"):
            return finished, event
        elif event.kind == "finished":
            finished = event
    return None


def standing(events: Iterable[Event]) -> Standing | None:
    """How one piece of work stands after ``events``; None where they only tell of a pause of what never started."""
    state: Literal["running", "paused", "finished", "scrapped"] | None = None
    stretches: list[tuple[datetime | None, datetime | None]] = []
    machine_id = operator_id = None
    left: tuple[datetime, float] | None = None
    for event in in_order(events):
        machine_id, operator_id = event.machine_id or machine_id, event.operator_id or operator_id
        left = left if event.left_hours is None else (event.at, event.left_hours)
        if state == "running" and stretches:
            stretches[-1] = (stretches[-1][0], event.at)
        if event.kind == "started":
            state = "running"
            stretches.append((event.at, None))
        elif event.kind == "paused":
            state = "paused" if stretches else state
        elif event.kind == "finished":
            state = "finished"
            stretches = [*stretches[:-1], (stretches[-1][0] if stretches else None, event.at)]
        else:
            state, stretches, left = "scrapped", [], None
    return None if state is None else Standing(state, tuple(stretches), machine_id, operator_id, left)


def superseded(events: Iterable[Event]) -> set[str]:
    """Ids of those events of one piece of work that no longer count: what was done before it was scrapped."""
    ordered = in_order(events)
    last = max((number for number, event in enumerate(ordered) if event.kind == "scrapped"), default=0)
    return {event.event_id for event in ordered[:last]}


def by_work(events: Iterable[Event]) -> Mapping[tuple[str, str, int], list[Event]]:
    """The events of each piece of work."""
    found: dict[tuple[str, str, int], list[Event]] = {}
    for event in events:
        found.setdefault(event.work, []).append(event)
    return found


def actuals(problem: Problem, schedule: Schedule, events: Iterable[Event], now: int) -> Sequence[Actual]:
    """What the events until second ``now`` tell of the operations of ``problem``, for ``carry``.

    What is of unknown jobs or operations is left out. Where no machine was named, or one that is not there, it is the
    planned one; where no start was told, it is as long before the end as the work takes.
    """
    numbers = {(problem.jobs[one.job].job_id, one.operation_id): one.number for one in problem.operations}
    planned = {(row.operation, row.lot): row for row in schedule.assignments}
    machines = {machine.machine_id: index for index, machine in enumerate(problem.machines)}
    operators = {operator.operator_id: index for index, operator in enumerate(problem.operators)}
    found = []
    until = [event for event in events if event.at.timestamp() - problem.epoch <= now]
    for (job_id, operation_id, lot), told in by_work(until).items():
        number, state = numbers.get((job_id, operation_id)), standing(told)
        if number is None or state is None:
            continue
        row = planned.get((number, lot))
        machine = machines.get(state.machine_id or "")
        if machine is None:
            machine = _fastest(problem, number) if row is None else row.machine
        operator = operators.get(state.operator_id or "")
        if operator is None and row is not None:
            operator = row.operator
        stretches = _seconds(problem, number, machine, state, row)
        left = None if state.left is None else (_second(problem, state.left[0]), max(1, round(state.left[1] * HOUR)))
        found.append(Actual(number, state.state, machine, stretches, lot, operator, left))
    return found


def _seconds(
    problem: Problem, number: int, machine: int, state: Standing, row: Assignment | None
) -> tuple[tuple[int, int | None], ...]:
    made: list[tuple[int, int | None]] = []
    for first, last in state.stretches:
        end = None if last is None else _second(problem, last)
        if first is not None:
            made.append((_second(problem, first), end))
        elif end is not None:
            options = problem.operations[number].options
            whole = row.end - row.start if row is not None else options.get(machine, min(options.values()))
            made.append((end - whole, end))
    return tuple(made)


def _second(problem: Problem, moment: datetime) -> int:
    return round(moment.timestamp()) - problem.epoch


def _fastest(problem: Problem, number: int) -> int:
    options = problem.operations[number].options
    return min(options, key=options.__getitem__)
