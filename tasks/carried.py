"""The problem that a plant has to be planned for now: its snapshot, with the plan in force carried on into it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

from models.replanning.decide import Outcome, without_price
from models.replanning.options import ReplanOptions
from models.shop.calendar import Calendars
from models.shop.carry import Actual, Carried, carry
from models.shop.completed import completed
from models.shop.executions import actuals
from models.shop.merged import merged
from models.shop.objective import HOUR, as_document, measure
from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.reading.instants import read_instant
from models.shop.reading.quantities import to_seconds
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.shifted import onto
from models.shop.timeline import replay
from models.store import plants, snapshots
from models.store.plants import PlanInForce
from models.store.snapshots import Contents, SnapshotView
from models.tables.session import reading
from tasks.base import database
from tasks.planned import Pin, Planned, bounds, planned


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plant's problem of now, with no price for moves, and the plan in force as decisions on it.

    ``before`` is what comes of going on with the plan in force; it, ``decisions`` and ``base`` are None where there is
    none. ``pins`` are those of the plan in force that still hold; ``warnings`` tell what of it can no longer be.
    """

    problem: Problem
    decisions: tuple[Decision, ...] | None = None
    base: PlanInForce | None = None
    before: Outcome | None = None
    pins: tuple[Pin, ...] = ()
    warnings: tuple[str, ...] = ()


def prepared(plant: str, snapshot: SnapshotView, now: datetime, options: ReplanOptions) -> Prepared:
    """What a replan of ``plant`` at ``now`` has to solve.

    Work that the snapshot or executions tell of is done or under way as they say. Of other work it is assumed that it
    went as planned, unless the snapshot tells of all work. What the plan in force does not have yet, or cannot have any
    more, is decided behind, before or between what it has.

    Raises InvalidProblem where the snapshot no longer is a problem at ``now``, NoPlan for a plan in force without plan.
    """
    with reading(database()) as session:
        held = snapshots.contents(session, snapshot.id)
        base = plants.in_force(session, plant)
    was = None if base is None else planned(base.run_id)
    problem = _problem(plant, held, now, options, was)
    told = _told(problem, held.progress)
    if was is None:
        carried = carry(problem, Schedule(()), told)
        return Prepared(replace(carried.problem, reference=()))
    schedule = onto(problem, was.problem, was.schedule)
    reported = [one for one in actuals(problem, schedule, was.events, 0) if _key(one) not in {_key(t) for t in told}]
    pins = tuple(pin for pin in was.pins if pin.holds(now))
    assume = not snapshot.tells_progress
    begun = {one.operation for one in (*told, *reported)}
    if assume:
        begun |= {row.operation for row in schedule.assignments if row.start < 0}
    carried = _numbered(
        carry(
            problem,
            schedule,
            [*told, *reported],
            assume=assume,
            pins=_pinned(problem, pins),
            hold=_held(schedule, begun, round(options.frozen_hours * HOUR)),
        )
    )
    calendars = Calendars(carried.problem)
    decisions = completed(carried.problem, carried.decisions, calendars)
    shifted = replay(carried.problem, decisions, None, calendars)
    before = Outcome(len(shifted.unscheduled), as_document(measure(carried.problem, shifted, None, calendars)))
    warnings = (*_gone(problem, was), *merged(carried.problem, carried.rows))
    return Prepared(carried.problem, decisions, base, before, pins, warnings)


def _problem(plant: str, held: Contents, now: datetime, options: ReplanOptions, was: Planned | None) -> Problem:
    document: dict[str, Any] = held.document | {
        "plant": plant,
        "schedule_start": now.isoformat(),
        "options": {"time_limit_seconds": options.seconds},
    }
    if options.objective is not None:
        document["objective"] = options.objective
    problem = parse(document, bounds())
    objective = problem.objective if options.objective is not None or was is None else was.problem.objective
    return replace(problem, objective=without_price(objective) or problem.objective)


def _told(problem: Problem, progress: Sequence[Mapping[str, Any]]) -> list[Actual]:
    """The snapshot's progress as it stands for ``carry``, in seconds from the problem's second zero."""
    numbers = {(problem.jobs[one.job].job_id, one.operation_id): one.number for one in problem.operations}
    machines = {machine.machine_id: index for index, machine in enumerate(problem.machines)}
    operators = {who.operator_id: index for index, who in enumerate(problem.operators)}

    def second(text: str) -> int:
        return read_instant(text).floor - problem.epoch

    found = []
    for row in progress:
        done, remaining = row.get("completed", False), row.get("remaining_time")
        found.append(
            Actual(
                numbers[row["job_id"], row["operation_id"]],
                "finished" if done else "running",
                machines[row["machine_id"]],
                ((second(row["start_time"]), second(row["end_time"]) if done else None),),
                row.get("lot", 1),
                operators.get(row.get("operator_id", "")),
                None if remaining is None else (0, max(1, to_seconds(remaining))),
            )
        )
    return found


def _key(actual: Actual) -> tuple[int, int]:
    return actual.operation, actual.lot


def _pinned(problem: Problem, pins: Collection[Pin]) -> Collection[tuple[int, int]]:
    """Where people's pins are in a problem; those of work that is gone are left out."""
    numbers = {(problem.jobs[one.job].job_id, one.operation_id): one.number for one in problem.operations}
    places = ((numbers.get((pin.job_id, pin.operation_id)), pin.lot) for pin in pins)
    return {(number, lot) for number, lot in places if number is not None}


def _held(schedule: Schedule, begun: Collection[int], frozen: int) -> Collection[tuple[int, int]]:
    """What stays where it was planned: what starts within ``frozen`` seconds, and the lots of what has ``begun``.

    An operation is held with all of its lots or with none: what is left of one that is fixed in part becomes a single
    lot, however many it was to be. Nothing is held on a machine that should have begun something by now: it would stand
    in the way of that.
    """
    behind = {row.machine for row in schedule.assignments if row.start < 0 and row.operation not in begun}
    lots: dict[int, list[Assignment]] = defaultdict(list)
    for row in schedule.assignments:
        lots[row.operation].append(row)
    return {
        (operation, row.lot)
        for operation, own in lots.items()
        if (len(own) > 1 and operation in begun) or all(r.start < frozen and r.machine not in behind for r in own)
        for row in own
        if row.start >= 0
    }


def _numbered(carried: Carried) -> Carried:
    """The lots that are free, and their reference, numbered from 1 beside those that are fixed."""
    problem = carried.problem
    taken: dict[int, set[int]] = {
        operation: {work.lot for work in works} for operation, works in problem.fixed_by_operation.items()
    }
    lots: dict[tuple[int, int], int] = {}
    for operation, lot in sorted((row.operation, row.lot) for row in carried.rows):
        own = taken.setdefault(operation, set())
        lots[operation, lot] = next(number for number in count(1) if number not in own)
        own.add(lots[operation, lot])
    rows = tuple(row._replace(lot=lots[row.operation, row.lot]) for row in carried.rows)
    reference = tuple(replace(work, lot=lots.get((work.operation, work.lot), work.lot)) for work in problem.reference)
    return Carried(replace(problem, reference=reference), rows)


def _gone(problem: Problem, was: Planned) -> tuple[str, ...]:
    """Machines and operators that the plan in force uses and the snapshot no longer has."""
    used = {was.problem.machines[row.machine].machine_id for row in was.schedule.assignments}
    attending = {
        was.problem.operators[row.operator].operator_id for row in was.schedule.assignments if row.operator is not None
    }
    missing = (
        ("Machine", used - {machine.machine_id for machine in problem.machines}),
        ("Operator", attending - {who.operator_id for who in problem.operators}),
    )
    return tuple(
        f"{kind} {name}, which the plan in force uses, is no longer in the plant's data; its work was planned anew."
        for kind, names in missing
        for name in sorted(names)
    )
