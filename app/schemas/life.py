"""The life of a plan over HTTP: what the plant tells, what breaks, and what is answered.

What ``SkipValidation`` marks is read by the shop's own checks; its form here is for the document.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SkipValidation

from app.schemas.answers import Accepted, Links, Metrics
from app.schemas.base import Absent, Answer, BodyForm, Id, Instant, Plain, PlantName, Text, Why
from app.schemas.problem import JobForm
from app.schemas.queries import Moment
from models.shop.reading.bounds import MAX_DISRUPTIONS, MAX_HOURS, MAX_LOTS, MIN_SECONDS
from models.store.views import State
from models.tables.life import EVENT_ID_LENGTH

MOST_EVENTS = 10_000

Seconds = Annotated[float, Field(ge=MIN_SECONDS, allow_inf_nan=False, description="Solving budget.")]
Hours = Annotated[float, Field(ge=0, le=MAX_HOURS, allow_inf_nan=False)]


class MachineBreakdownForm(BodyForm):
    """A machine that is down. What runs on it stops; what may not be interrupted begins again."""

    type: Literal["machine_breakdown"]
    machine_id: Id
    from_: Instant = Field(alias="from")
    to: Instant
    reason: Text | Absent = None


class OperatorAbsenceForm(BodyForm):
    """An operator who is away."""

    type: Literal["operator_absence"]
    operator_id: Id
    from_: Instant = Field(alias="from")
    to: Instant
    reason: Text | Absent = None


class RushOrderForm(BodyForm):
    """A job that was not there."""

    type: Literal["rush_order"]
    job: SkipValidation[JobForm] = Field(description="As in the jobs of a problem.")
    reason: Text | Absent = None


class MaterialLateForm(BodyForm):
    """What of a job, or of one operation, has not begun can start no earlier."""

    type: Literal["material_late"]
    job_id: Id
    operation_id: Id | Absent = None
    until: Instant
    reason: Text | Absent = None


class JobCancelledForm(BodyForm):
    """A job that is no longer wanted."""

    type: Literal["job_cancelled"]
    job_id: Id
    reason: Text | Absent = None


DISRUPTIONS = (MachineBreakdownForm, OperatorAbsenceForm, RushOrderForm, MaterialLateForm, JobCancelledForm)
AnyDisruption = MachineBreakdownForm | OperatorAbsenceForm | RushOrderForm | MaterialLateForm | JobCancelledForm


class DisruptionForm(BodyForm):
    """What broke, and how to repair the plan."""

    schedule_id: Id = Field(description="The schedule whose plan is in force.")
    disruptions: list[SkipValidation[AnyDisruption]] = Field(min_length=1, max_length=MAX_DISRUPTIONS)
    at: Moment | Absent = Field(
        None,
        description="When: what was planned before then is done or under way unless the plant said otherwise. Now.",
    )
    frozen_horizon: Hours = Field(0, description="Hours from then in which work stays where it is if it still can.")
    move_price: Hours = Field(
        0.2,
        description="Hours (or counts) of the first objective level that leaving an operation where it is may cost.",
    )
    time_limit_seconds: Seconds | Absent = None
    why: Why | Absent = None


class WorkName(Answer):
    """An operation."""

    job_id: str
    operation_id: str


class RepairLinks(Links):
    """Where to go on."""

    diff: str


class RepairAccepted(Answer):
    """A repair that was accepted. Its plan shifted right is there first; a search then makes it better."""

    id: str
    state: State
    shifted: Metrics | None = Field(
        description="Terms of the plan shifted right. Null for a large plan: a worker shifts it, and `origin` tells."
    )
    released: list[WorkName] | None = Field(
        description="Pinned work that cannot stay where it was. Null for a large plan, as `shifted`."
    )
    warnings: list[str] | None = Field(description="What else of the plan cannot be kept. Null for a large plan.")
    links: RepairLinks


class ExecutionForm(BodyForm):
    """One thing that happened to an operation, or to one lot of it."""

    event_id: Annotated[Plain, Field(min_length=1, max_length=EVENT_ID_LENGTH)] = Field(
        description="Yours; sending it again is harmless."
    )
    job_id: Id
    operation_id: Id = "1"
    lot: int = Field(1, ge=1, le=MAX_LOTS)
    event: Literal["started", "paused", "finished", "scrapped"] = Field(
        description="`started` also goes on after a pause; `scrapped` work is done again from the beginning."
    )
    at: Moment = Field(description="When it happened; at most five minutes from now.")
    machine_id: Id | Absent = Field(None, description="Required when it started.")
    operator_id: Id | Absent = None
    remaining_time: Hours | Absent = Field(None, description="Hours of work left then, where they are known.")
    reason: Text | Absent = None


class ExecutionsForm(BodyForm):
    """What happened in a plant, in any order. All of it is stored, or nothing."""

    plant: PlantName
    events: list[ExecutionForm] = Field(min_length=1, max_length=MOST_EVENTS)


class ExecutionsStored(Answer):
    """What was done with events."""

    stored: int
    duplicates: int = Field(description="Events that were stored before.")
    unmatched: int = Field(description="Events of work that the plan in force does not have; they are kept.")
    warnings: list[str] = Field(description="What is unmatched about the first 20 of them.")


BODIES = (*DISRUPTIONS, DisruptionForm, ExecutionsForm)
ANSWERS = (RepairAccepted, ExecutionsStored, Accepted)
