"""Disruptions of a plan as they are stated (docs/api.md), read against the problem whose plan is in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.shop.problem import Problem, Span
from models.shop.reading.bounds import MAX_DISRUPTIONS, MAX_TEXT
from models.shop.reading.jobs import ONLY_OPERATION
from models.shop.reading.row import Faults, Row

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
