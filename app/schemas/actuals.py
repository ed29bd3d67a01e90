"""What plants told of their work, over HTTP: event by event, and beside the plan in force."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.base import Answer, Form, Instant

MAX_ROW = 2**63 - 1


class EventsQuery(Form):
    """Which events to list."""

    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    before: int | None = Field(None, ge=1, le=MAX_ROW, description="Only those with a smaller number.")


class ToldEvent(Answer):
    """One thing that a plant told."""

    number: int = Field(description="Grows in the order in which events came.")
    received_at: Instant
    event_id: str
    job_id: str
    operation_id: str
    lot: int
    event: Literal["started", "paused", "finished", "scrapped"]
    at: Instant
    machine_id: str | None
    operator_id: str | None
    remaining_time: float | None
    reason: str | None
    state: Literal["applied", "superseded", "unmatched"] = Field(
        description="`superseded`: the work was scrapped later. `unmatched`: the plan in force has no such work."
    )
    detail: str | None = Field(description="What is unmatched about it.")


class EventsLinks(Answer):
    """Where to go on."""

    self: str
    next: str | None = Field(description="The next, older page; null on the last.")


class EventList(Answer):
    """What a plant told, newest first."""

    executions: list[ToldEvent]
    links: EventsLinks


class WorkCounts(Answer):
    """Operations (lots count each) of the plan in force."""

    planned: int
    finished: int
    running: int
    paused: int
    scrapped: int
    untold: int = Field(description="Of which nothing was told.")
    due: int = Field(description="Planned to have ended by now.")
    due_and_not_finished: int


class Lateness(Answer):
    """Hours behind the plan; negative is ahead."""

    operations: int
    mean: float
    median: float
    worst: float


class HoursLate(Answer):
    """How late work began and ended beside the plan."""

    start: Lateness | None
    end: Lateness | None


class Durations(Answer):
    """How long finished work took in open time, beside the time planned for it on that machine."""

    operations: int
    planned_hours: float
    actual_hours: float
    ratio: float = Field(description="Actual over planned hours.")
    median_ratio: float = Field(description="The middle one of the operations' own ratios.")


class MachineDurations(Durations):
    """Of a machine."""

    machine_id: str


class FamilyDurations(Durations):
    """Of a family."""

    family_id: str


class AllDurations(Answer):
    """Of all, of each machine and of each family; those with the most operations first."""

    all: Durations | None
    machines: list[MachineDurations]
    families: list[FamilyDurations]


class Actuals(Answer):
    """The plan in force beside what the plant told."""

    plant: str
    number: int
    schedule_id: str
    at: Instant
    operations: WorkCounts
    hours_late: HoursLate
    durations: AllDurations


ANSWERS = (EventList, Actuals)
