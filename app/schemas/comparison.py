"""What the API answers where plans stand side by side."""

from __future__ import annotations

from pydantic import Field

from app.schemas.base import Answer, Form, Instant
from models.shop.difference import MOST_ROWS

HOURS_IN_YEAR = 8784


class DiffPath(Form):
    """Two schedule requests."""

    run_id: str = Field(description="The id of the plan that counts as before.")
    other_id: str = Field(description="The id of the plan that counts as after.")


class DiffQuery(Form):
    """How to compare."""

    tolerance: float = Field(
        1.0,
        ge=0,
        le=HOURS_IN_YEAR,
        allow_inf_nan=False,
        description="Hours by which a start may be apart without being moved.",
    )
    most: int = Field(MOST_ROWS, ge=0, le=100_000, description="Moved, added and dropped rows to list of each.")


class PlanHead(Answer):
    """One of the plans."""

    schedule_id: str | None = Field(description="Null for a plan that is not stored, as in an edit's preview.")
    schedule_start: Instant
    status: str
    last_end: Instant | None = Field(description="When its last operation ends; null for an empty plan.")


class DiffCounts(Answer):
    """Operations (lots counted each)."""

    unchanged: int
    adjusted: int = Field(description="Another operator, or another start within the tolerance.")
    moved: int = Field(description="On another machine, or starting further away than the tolerance.")
    on_another_machine: int = Field(description="Of those moved.")
    added: int
    dropped: int


class Term(Answer):
    """One term or rate of both plans, in hours, counts or shares."""

    term: str
    a: float | None
    b: float | None
    change: float | None = Field(description="b - a; null where it is counted from starts that differ.")


class Place(Answer):
    """Where and when something is planned."""

    machine_id: str
    operator_id: str | None
    start_time: Instant
    end_time: Instant


class MovedWork(Answer):
    """An operation (or lot) that is planned elsewhere or at another time."""

    job_id: str
    operation_id: str
    lot: int
    from_: Place = Field(alias="from")
    to: Place
    hours: float = Field(description="How much later it starts; negative: earlier.")
    machine_changed: bool


class PlannedWork(Place):
    """An operation (or lot) that only one of the plans has."""

    job_id: str
    operation_id: str
    lot: int


class Difference(Answer):
    """Plan b beside plan a."""

    a: PlanHead
    b: PlanHead
    counts: DiffCounts
    terms: list[Term] = Field(
        description="Every objective term and rate. What counts from second zero, as makespan does, says more where "
        "both plans start at the same time; `last_end` always does."
    )
    moved: list[MovedWork] = Field(description="Those on other machines first, then the furthest.")
    added: list[PlannedWork]
    dropped: list[PlannedWork]
    left_out: list[str] = Field(description="Jobs of plan a that b leaves out.")
    taken_in: list[str] = Field(description="Jobs of plan b that a leaves out.")
