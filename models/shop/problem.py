"""The scheduling problem as typed values.

Times are whole seconds from second zero (``Problem.start``, the request's ``schedule_start``); durations are whole
seconds. Machines, operators, jobs and operations refer to one another by their index in the problem's tuples, so that
engines work on plain integers; ids appear only where people read or write them. Values are checked by ``parse`` before
they are built and never change afterwards; mappings are to be treated as read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

WHOLE_SHARE = 1_000_000
"""The share of an operation that is not cut into lots, in millionths."""

MAX_SECONDS = 100 * 366 * 86_400
"""No plan reaches further than about 100 years from second zero; what would is unscheduled."""

MAX_TERMS = ("makespan", "max_tardiness")
SUM_TERMS = (
    "weighted_tardiness",
    "total_tardiness",
    "tardy_jobs",
    "weighted_tardy_jobs",
    "total_flow_time",
    "setup_time",
    "changes",
)
TERMS = MAX_TERMS[:1] + SUM_TERMS[:2] + MAX_TERMS[1:] + SUM_TERMS[2:]
"""Objective terms, all minimised. MAX_TERMS take a maximum over jobs, SUM_TERMS add up over jobs or operations."""

COUNT_TERMS = ("tardy_jobs", "weighted_tardy_jobs", "changes")
"""Terms that count; the others are times, in hours at the border and seconds inside."""

WEIGHTED_TERMS = ("weighted_tardiness", "weighted_tardy_jobs")
"""Terms that carry job weights: inside they are thousandths (of weighted seconds, of weighted jobs)."""

RELAXABLE = ("lcd_hard", "skill", "setup", "end_before", "release")
"""Rules that ``options.relax`` may name, beside ``calendar:NAME``."""

Level = Mapping[str, int]
"""One objective level: term -> coefficient in thousandths."""

DEFAULT_OBJECTIVE: tuple[Level, ...] = ({"weighted_tardiness": 1000}, {"makespan": 1000})


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time [start, end) in seconds from second zero; may lie before it."""

    start: int
    end: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly window of local time. ``days``: 0 is Monday. ``start``, ``end``: seconds of the day, at most 86,400.

    Where ``end`` is at or before ``start`` the window ends on the next day.
    """

    days: frozenset[int]
    start: int
    end: int
    shift: str | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Open time = ((weekly - breaks - holidays) + extra) - closed. ``weekly`` None means always open."""

    name: str
    weekly: tuple[Window, ...] | None = None
    breaks: tuple[Window, ...] = ()
    holidays: tuple[date, ...] = ()
    extra: tuple[Span, ...] = ()
    closed: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class SetupMatrix:
    """Setup time in seconds from one family to the next on a machine."""

    name: str
    default: int
    changes: Mapping[tuple[str, str], int]

    def seconds(self, before: str | None, after: str | None) -> int:
        """Setup time between two families: 0 without a family, and 0 within one family unless listed."""
        if before is None or after is None:
            return 0
        listed = self.changes.get((before, after))
        if listed is not None:
            return listed
        return 0 if before == after else self.default


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine; runs ``capacity`` operations at a time. ``setup_matrix`` is None where ``capacity`` > 1."""

    machine_id: str
    machine_type: int | None = None
    department: str | None = None
    efficiency: float = 1.0
    calendar: str | None = None
    closed: tuple[Span, ...] = ()
    setup_matrix: str | None = None
    initial_family: str | None = None
    capacity: int = 1


@dataclass(frozen=True, slots=True)
class Operator:
    """A person, or a crew where ``capacity`` > 1: attends up to ``capacity`` operations at a time. Levels: 1 to 3."""

    operator_id: str
    skills: Mapping[str, int] = field(default_factory=dict)
    calendar: str | None = None
    absent: tuple[Span, ...] = ()
    capacity: int = 1
    department: str | None = None
    overtime_eligible: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a job.

    ``number`` is its index in ``Problem.operations``, ``job`` the index of its job, ``predecessors`` are numbers of
    operations of the same job. ``options`` maps machine index to the whole operation's seconds there, final (efficiency
    included), at least 1. ``skill`` None needs no operator. ``start_after``, ``end_before``: seconds from second zero.
    """

    number: int
    job: int
    operation_id: str
    options: Mapping[int, int]
    family_id: str | None = None
    predecessors: tuple[int, ...] = ()
    min_delay: int = 0
    skill: str | None = None
    skill_level: int = 1
    interruptible: bool = True
    start_after: int | None = None
    end_before: int | None = None
    max_lots: int = 1
    min_lot: int = 3600


@dataclass(frozen=True, slots=True)
class Job:
    """A job: the operations numbered ``first`` to ``first + count - 1``.

    ``weight`` is in thousandths. ``release`` is the stated release date (may be negative, None where none is given;
    flow time counts from it); ``earliest`` is the release as a rule: never negative, 0 where relaxed. ``due`` is the
    LCD date.
    """

    index: int
    job_id: str
    first: int
    count: int
    priority: int = 3
    is_important: bool = False
    weight: int = 3000
    release: int | None = None
    earliest: int = 0
    due: int | None = None
    due_hard: bool = False
    family_id: str | None = None
    quantity: float | None = None

    @property
    def operations(self) -> range:
        """Numbers of the job's operations."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True, slots=True)
class FixedWork:
    """Work that stands as given: completed (``end`` is set, at or before second zero), running, or pinned.

    ``remaining`` is what is left in seconds, counted from second zero or from ``start`` where that is later; None takes
    the operation's time on the machine from ``start`` on. ``start`` may be negative.
    """

    operation: int
    machine: int
    start: int
    lot: int = 1
    share: int = WHOLE_SHARE
    operator: int | None = None
    remaining: int | None = None
    completed: bool = False
    end: int | None = None


@dataclass(frozen=True, slots=True)
class ReferenceWork:
    """Where the plan that ``changes`` are counted against had an operation.

    ``machine`` is -1 where that machine is no longer in the problem, so that the operation counts as moved.
    """

    operation: int
    machine: int
    start: int
    lot: int = 1


@dataclass(frozen=True, slots=True)
class Options:
    """How a request wants to be solved. ``seconds`` is the solving budget, ``gap_tolerance`` a share of 1."""

    engine: str = "auto"
    seconds: float = 10.0
    gap_tolerance: float = 0.0
    batch_size: int = 170
    seed: int = 0
    deterministic: bool = False
    relax: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A whole scheduling problem; see PROBLEM form in docs/problem.md. ``start`` is second zero, with offset."""

    start: datetime
    machines: tuple[Machine, ...]
    jobs: tuple[Job, ...]
    operations: tuple[Operation, ...]
    time_zone: str = "UTC"
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    operators: tuple[Operator, ...] = ()
    setup_matrices: Mapping[str, SetupMatrix] = field(default_factory=dict)
    fixed: tuple[FixedWork, ...] = ()
    reference: tuple[ReferenceWork, ...] = ()
    objective: tuple[Level, ...] = DEFAULT_OBJECTIVE
    options: Options = Options()
    request_id: str | None = None
    plant: str | None = None
    warnings: tuple[str, ...] = ()

    @cached_property
    def epoch(self) -> int:
        """Second zero as a Unix time."""
        return round(self.start.timestamp())

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of the calendars."""
        return ZoneInfo(self.time_zone)

    @cached_property
    def fixed_by_operation(self) -> Mapping[int, tuple[FixedWork, ...]]:
        """Fixed work of each operation that has any."""
        found: dict[int, tuple[FixedWork, ...]] = {}
        for work in self.fixed:
            found[work.operation] = (*found.get(work.operation, ()), work)
        return found

    @cached_property
    def successors(self) -> tuple[tuple[int, ...], ...]:
        """Direct successors of each operation, by number."""
        after: list[list[int]] = [[] for _ in self.operations]
        for operation in self.operations:
            for before in operation.predecessors:
                after[before].append(operation.number)
        return tuple(tuple(row) for row in after)

    @cached_property
    def operators_by_skill(self) -> Mapping[tuple[str, int], tuple[int, ...]]:
        """For each (skill, level) that an operation needs: the operators that may attend it."""
        needs = {(o.skill, o.skill_level) for o in self.operations if o.skill is not None}
        return {
            (skill, level): tuple(i for i, who in enumerate(self.operators) if who.skills.get(skill, 0) >= level)
            for skill, level in needs
        }

    def setup_seconds(self, machine: int, before: str | None, after: str | None) -> int:
        """Setup time on a machine from family ``before`` to family ``after``; 0 without a matrix."""
        matrix = self.machines[machine].setup_matrix
        return 0 if matrix is None else self.setup_matrices[matrix].seconds(before, after)

    def whole(self, work: FixedWork) -> bool:
        """Whether this piece of fixed work is its whole operation, not one lot of several."""
        return work.share == WHOLE_SHARE
