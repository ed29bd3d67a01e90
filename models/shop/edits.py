"""Edits of a plan by hand: work moved to another machine or time, and pinned; what follows moves along."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from models.shop.actual import Actual
from models.shop.alone import topological
from models.shop.calendar import Calendars
from models.shop.carry import Carried, carry
from models.shop.faults import Fault, InvalidProblem
from models.shop.objective import evaluate
from models.shop.problem import FixedWork, Problem
from models.shop.reading.bounds import MAX_EDITS, MAX_LOTS
from models.shop.reading.jobs import ONLY_OPERATION
from models.shop.reading.row import Faults, Row
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.timeline import replay

MOST_PRICED = 50
"""Pins whose price is looked at."""

Key = tuple[int, int]
"""Operation and lot."""

_WORK = frozenset({"job_id", "operation_id", "lot"})
_MOVE = _WORK | {"machine_id", "operator_id", "start_time", "pin", "until"}
_PIN = _WORK | {"until"}


@dataclass(frozen=True, slots=True)
class Move:
    """Work that goes to a machine (None: its own) and starts no earlier than a second (None: as early as it can).

    With a start, or with ``pin``, it stays where it lands whatever is planned later, until the moment ``until``.
    """

    work: Key
    machine: int | None = None
    operator: int | None = None
    start: int | None = None
    pin: bool = False
    until: str | None = None
    path: str = ""

    @property
    def stays(self) -> bool:
        """Whether it is pinned where it lands."""
        return self.pin or self.start is not None


@dataclass(frozen=True, slots=True)
class Edit:
    """Moves, work to be pinned where it is, until when (RFC 3339, None: for good), and work to be released."""

    moves: tuple[Move, ...] = ()
    pins: tuple[tuple[Key, str | None], ...] = ()
    unpins: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Edited:
    """An edited plan beside the same without the edit. ``pinned`` is what people pinned in it by now."""

    problem: Problem
    decisions: tuple[Decision, ...]
    before: Schedule
    after: Schedule
    pinned: tuple[Key, ...]


def read_edit(problem: Problem, document: dict[str, object]) -> Edit:
    """The edit in an object with ``moves``, ``pins`` and ``unpins`` (docs/api.md). Raises InvalidProblem."""
    faults = Faults()
    root = Row(faults, "", document)
    reader = _Reader(problem)
    moves = [reader.move(row) for row in root.rows("moves", _MOVE, MAX_EDITS)]
    pins = [(reader.work(row), _until(row)) for row in root.rows("pins", _PIN, MAX_EDITS)]
    unpins = [reader.work(row) for row in root.rows("unpins", _WORK, MAX_EDITS)]
    if not faults.total and not (moves or pins or unpins):
        faults.add("moves", "min_items", "must list something to move, or `pins` to pin, or `unpins` to release")
    faults.check()
    return Edit(
        tuple(move for move in moves if move is not None),
        tuple((work, until) for work, until in pins if work is not None),
        tuple(work for work in unpins if work is not None),
    )


def edited(
    problem: Problem,
    schedule: Schedule,
    edit: Edit,
    actuals: Iterable[Actual] = (),
    now: int = 0,
    pins: Collection[Key] = (),
) -> Edited:
    """The plan with its edit, from second ``now`` on (see ``carry``); ``pins`` is what people have pinned in it.

    What is moved lands at the earliest place from its start on; everything behind it follows in its order. Raises
    InvalidProblem where work that has begun is to be moved, or a machine may not run it.
    """
    held = [key for key in pins if key not in edit.unpins]
    carried = carry(problem, schedule, actuals, now, pins=(), hold=held)
    shift = max(0, now)
    moved = {move.work: move for move in edit.moves}
    wanted = {key for key, _ in edit.pins}
    _check(carried, edit)
    calendars = Calendars(carried.problem)
    before = replay(carried.problem, carried.decisions, None, calendars)
    landed = _landed(carried, before, moved, shift, calendars)
    rows = {(row.operation, row.lot): row for row in landed.assignments}
    stay = {work for work, move in moved.items() if move.stays} | wanted
    fixed = [work for work in carried.problem.fixed if (work.operation, work.lot) not in stay | moved.keys()]
    fixed += [_pinned(rows[key]) for key in sorted(stay) if key in rows]
    made = replace(carried.problem, fixed=tuple(fixed))
    decisions = tuple(d for d in landed.decisions() if (d.operation, d.lot) not in stay)
    standing = {(work.operation, work.lot) for work in fixed}
    return Edited(
        made,
        decisions,
        before,
        replay(made, decisions),
        tuple(sorted((stay | set(held)) & standing)),
    )


def prices(found: Edited) -> Sequence[tuple[Key, tuple[int, ...]]]:
    """What each of the first MOST_PRICED pins costs: by how much each level would be lower at once without it.

    The order of the plan stays as it is; a search may gain more.
    """
    calendars = Calendars(found.problem)
    value = evaluate(found.problem, found.after, None, calendars)
    rows = {(row.operation, row.lot): row for row in found.after.assignments}
    told = []
    for key in found.pinned[:MOST_PRICED]:
        free = replace(found.problem, fixed=tuple(w for w in found.problem.fixed if (w.operation, w.lot) != key))
        order = _in_order([*(row for row in found.after.assignments if not row.fixed), rows[key]])
        without = evaluate(free, replay(free, order, None, calendars), None, calendars)
        told.append((key, tuple(now - then for now, then in zip(value, without, strict=True))))
    return told


def _landed(carried: Carried, before: Schedule, moved: dict[Key, Move], shift: int, calendars: Calendars) -> Schedule:
    """The plan with the moves made, and nothing pinned that was not before."""
    rows = []
    operations = list(carried.problem.operations)
    fixed = tuple(work for work in carried.problem.fixed if (work.operation, work.lot) not in moved)
    for row in before.assignments:
        move = moved.get((row.operation, row.lot))
        if move is None:
            if not row.fixed:
                rows.append((row.start, 1, row))
            continue
        start = row.start if move.start is None else max(0, move.start - shift)
        if move.start is not None:
            operation = operations[row.operation]
            operations[row.operation] = replace(operation, start_after=max(start, operation.start_after or 0))
        machine = row.machine if move.machine is None else move.machine
        operator = move.operator if move.operator is not None else row.operator if machine == row.machine else None
        rows.append((start, 0, row._replace(machine=machine, operator=operator, fixed=False)))
    made = replace(carried.problem, operations=tuple(operations), fixed=fixed)
    decisions = [Decision(r.operation, r.machine, r.operator, r.lot, r.share) for r in _behind(made, rows)]
    return replay(made, decisions, None, calendars)


def _behind(problem: Problem, rows: Sequence[tuple[int, int, Assignment]]) -> list[Assignment]:
    """Rows by (start, 0 for what was moved), but each behind its predecessors."""
    starts: dict[int, int] = {}
    depths: dict[int, int] = {}
    for start, _, row in rows:
        starts[row.operation] = max(start, starts.get(row.operation, start))
    for number in topological(problem):
        before = [one for one in problem.operations[number].predecessors if one in starts]
        depths[number] = max((depths[one] + 1 for one in before), default=0)
        if number in starts:
            starts[number] = max([starts[number], *(starts[one] for one in before)])
    ordered = sorted(
        rows,
        key=lambda e: (max(e[0], starts[e[2].operation]), depths[e[2].operation], e[1], e[2].end, e[2][0], e[2].lot),
    )
    return [row for _, _, row in ordered]


def _check(carried: Carried, edit: Edit) -> None:
    """Raises InvalidProblem for work that cannot be moved or pinned any more, or not there."""
    faults = []
    begun = {
        (w.operation, w.lot) for w in carried.problem.fixed if w.completed or w.start < 0 or w.remaining is not None
    }
    known = {(row.operation, row.lot) for row in carried.rows} | {(w.operation, w.lot) for w in carried.problem.fixed}
    for move in edit.moves:
        if move.work in begun:
            faults.append(Fault(move.path, "begun", "must be work that has not begun"))
        elif move.work not in known:
            faults.append(Fault(move.path, "unplanned", "must be work of the plan; its job is left out"))
        options = carried.problem.operations[move.work[0]].options
        if move.machine is not None and move.machine not in options:
            machine_id = carried.problem.machines[move.machine].machine_id
            message = "must be a machine that may run it"
            faults.append(Fault(f"{move.path}.machine_id", "not_eligible", message, repr(machine_id)))
    for number, (work, _) in enumerate(edit.pins):
        if work in begun or work not in known:
            faults.append(Fault(f"pins[{number}]", "begun", "must be work of the plan that has not begun"))
    if faults:
        raise InvalidProblem(faults)


def _pinned(row: Assignment) -> FixedWork:
    return FixedWork(row.operation, row.machine, row.start, row.lot, row.share, row.operator)


def _in_order(rows: Iterable[Assignment]) -> list[Decision]:
    ordered = sorted(rows, key=lambda row: (row.start, row.end, row.operation, row.lot))
    return [Decision(row.operation, row.machine, row.operator, row.lot, row.share) for row in ordered]


def _until(row: Row) -> str | None:
    instant = row.instant("until")
    return None if instant is None else instant.moment.isoformat()


class _Reader:
    """Reads the rows of an edit against one problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.machines = {machine.machine_id: index for index, machine in enumerate(problem.machines)}
        self.operators = {who.operator_id: index for index, who in enumerate(problem.operators)}
        self.numbers = {(problem.jobs[one.job].job_id, one.operation_id): one.number for one in problem.operations}
        self.jobs = {job.job_id for job in problem.jobs}

    def move(self, row: Row) -> Move | None:
        work, machine, operator = self.work(row), self._index(row, "machine_id"), self._index(row, "operator_id")
        instant, pin, until = row.instant("start_time"), row.flag("pin", False), _until(row)
        if machine is None and operator is None and instant is None and not pin:
            row.fault("machine_id", "required", "is required where neither `start_time` nor `operator_id` is given")
        if work is None:
            return None
        if operator is not None:
            self._check_skill(row, work[0], operator)
        start = None if instant is None else instant.ceiling - self.problem.epoch
        return Move(work, machine, operator, start, pin, until, row.path)

    def work(self, row: Row) -> Key | None:
        job_id = row.identity("job_id")
        operation_id = row.text("operation_id") if row.has("operation_id") else ONLY_OPERATION
        lot = row.integer("lot", 1, MAX_LOTS) or 1
        if job_id is None or operation_id is None:
            return None
        if job_id not in self.jobs:
            row.fault("job_id", "unknown_job", "names no job of this plan's problem", job_id)
            return None
        number = self.numbers.get((job_id, operation_id))
        if number is None:
            row.fault("operation_id", "unknown_operation", f"names no operation of job {job_id!r}", operation_id)
            return None
        return number, lot

    def _index(self, row: Row, name: str) -> int | None:
        known = self.machines if name == "machine_id" else self.operators
        value = row.text(name)
        if value is not None and value not in known:
            row.fault(name, f"unknown_{name.removesuffix('_id')}", "names none of this plan's problem", value)
        return None if value is None else known.get(value)

    def _check_skill(self, row: Row, number: int, operator: int) -> None:
        operation = self.problem.operations[number]
        level = self.problem.operators[operator].skills.get(operation.skill or "", 0)
        if operation.skill is None or level < operation.skill_level:
            row.fault(
                "operator_id", "skill", "must be somebody who has the skill that it needs", row.fields["operator_id"]
            )
