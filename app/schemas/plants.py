"""Plants over HTTP: snapshots, plans in force, when to replan, and replans."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SkipValidation

from app.schemas.answers import Metrics
from app.schemas.base import MAX_NUMBER, Absent, Answer, BodyForm, Form, Instant, PlantName, Why
from models.replanning.options import MAX_FROZEN_HOURS, MAX_MOVES
from models.shop.reading.bounds import MAX_WEIGHT, MIN_SECONDS
from models.tables.replans import CRON_LENGTH


class PlantPath(Form):
    """The path of a plant."""

    plant: PlantName = Field(description="The plant's name.")


class HistoryQuery(Form):
    """Which plans to list."""

    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    before: int | Absent = Field(None, ge=1, le=MAX_NUMBER, description="Only those with a smaller number.")


class SnapshotsQuery(Form):
    """Which snapshots to list."""

    limit: int = Field(10, ge=1, le=100, description="How many at most.")


class PlanInForce(Answer):
    """A plan that is or was in force."""

    number: int = Field(description="Counts the plans of a plant from 1.")
    schedule_id: str
    accepted_at: Instant
    accepted_by: str = Field(description="Id of the API key, `cli`, or `system`.")
    rule: str | None = Field(description="The rule that put it in force; null where a person did.")
    why: str | None
    links: PlanLinks


class PlanLinks(Answer):
    """Where the plan is."""

    schedule: str
    result: str


class RefusedRow(Answer):
    """A row of a plant's data that was not taken."""

    table: str
    key: str
    reason: str


class Snapshot(Answer):
    """What a plant's data were at one moment; see docs/ingest.md."""

    id: str
    state: Literal["good", "stopped"] = Field(description="A stopped one exceeded limits and is not planned from.")
    taken_at: Instant
    jobs: int
    hours: float = Field(description="Hours of work, each operation on its fastest machine.")
    generated: bool = Field(description="Whether the data were made up.")
    rows: dict[str, int] = Field(description="Rows read of each table.")
    refused_total: int
    refused: list[RefusedRow] = Field(description="The first 1,000.")
    stopped: list[str] = Field(description="Which limits it exceeded.")


class Plant(Answer):
    """A plant as it stands."""

    plant: str
    plan_in_force: PlanInForce | None
    snapshot: Snapshot | None = Field(description="The one that a replan without ingestion would plan from.")


class PlantList(Answer):
    """Plants that have a snapshot or a plan in force."""

    plants: list[Plant]


class PlanHistory(Answer):
    """Plans that were put in force, newest first."""

    plans: list[PlanInForce]


class SnapshotList(Answer):
    """Snapshots, newest first."""

    snapshots: list[Snapshot]


class IngestAccepted(Answer):
    """A load that was asked for."""

    plant: str
    links: IngestLinks


class IngestLinks(Answer):
    """Where its snapshot will be."""

    snapshots: str


class AcceptForm(BodyForm):
    """The plan to put in force."""

    schedule_id: str = Field(min_length=1, max_length=100)
    why: Why | Absent = None


class ReplanOptionsForm(BodyForm):
    """How to replan."""

    seconds: float = Field(60.0, ge=MIN_SECONDS, description="Solving budget, of all runs together.")
    frozen_hours: float = Field(
        0.0, ge=0, le=MAX_FROZEN_HOURS, description="Planned work that starts within them stays where it is."
    )
    max_moves: int | Absent = Field(
        None,
        ge=0,
        le=MAX_MOVES,
        description="Churn budget: operations that may be moved. Up to three runs share `seconds` to keep it.",
    )
    move_price: float = Field(
        0.001, ge=0, le=MAX_WEIGHT, description="Hours (or counts) of the first objective level that a move costs."
    )
    accept: Literal["rule", "person"] = Field(
        "rule", description="`rule`: put in force what is no worse than going on; `person`: leave it to people."
    )
    ingest: bool = Field(True, description="Take a snapshot first; else the last one is planned from.")
    objective: Any = Field(None, description="As in a problem. Null: that of the plan in force.")


class TimetableForm(BodyForm):
    """When a plant is replanned."""

    plant: PlantName
    name: PlantName
    cron: Annotated[str, Field(min_length=1, max_length=CRON_LENGTH)] = Field(
        description="Minute, hour, day of the month, month, day of the week."
    )
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] = Field(description="IANA time zone.")
    missed: Literal["once", "skip"] = Field(
        "once", description="Due times that nobody was there for: the last is caught up, or none."
    )
    ready_by: str | Absent = Field(
        None, description="Local time, HH:MM, after the due time at which a plan has to be there."
    )
    enabled: bool = True
    options: SkipValidation[ReplanOptionsForm] | Absent = None
    why: Why | Absent = None


class ReplanForm(BodyForm):
    """A replan that is asked for now."""

    plant: PlantName
    options: SkipValidation[ReplanOptionsForm] | Absent = None
    why: Why | Absent = None


class TimetablePath(Form):
    """The path of a replan schedule."""

    schedule_id: str = Field(description="The id that making it answered.")


class ReplanPath(Form):
    """The path of a replan."""

    replan_id: str = Field(description="The id that asking for it answered.")


class TimetablesQuery(Form):
    """Which replan schedules to list."""

    plant: PlantName | Absent = Field(None, description="Only those of this plant.")


class ReplansQuery(Form):
    """Which replans to list."""

    plant: PlantName | Absent = Field(None, description="Only those of this plant.")
    schedule_id: str | Absent = Field(None, description="Only those of this replan schedule.", max_length=100)
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class Timetable(Answer):
    """A replan schedule."""

    id: str
    plant: str
    name: str
    cron: str
    time_zone: str
    missed: Literal["once", "skip"]
    ready_by: str | None
    enabled: bool
    options: dict[str, Any]
    version: int = Field(description="Raised by every change.")
    next_due_at: Instant | None = Field(description="Null while it is switched off.")
    links: TimetableLinks


class TimetableLinks(Answer):
    """Where to go on."""

    self: str
    replans: str


class TimetableList(Answer):
    """Replan schedules, by plant and name."""

    replan_schedules: list[Timetable]


class Told(Answer):
    """A plan as it is compared."""

    left_out: int = Field(description="Jobs left out.")
    metrics: Metrics


class ReplanTry(Answer):
    """One run of a replan."""

    run_id: str
    move_price: float
    moves: int
    seconds: float = Field(0.0, description="How long it took.")


class Spent(Answer):
    """A replan's time for solving, in seconds."""

    given: float
    spent: float = Field(description="Of all its runs together.")


class Comparison(Answer):
    """What came of a replan."""

    run_id: str = Field(description="The chosen run.")
    reasons: list[str] = Field(description="Why its plan was not put in force; empty where it was.")
    moves: int = Field(description="Operations that it moves.")
    before: Told | None = Field(description="What comes of going on with the plan in force; null without one.")
    after: Told
    seconds: Spent | None = Field(None, description="Null for replans of earlier versions.")
    tries: list[ReplanTry]


class Replan(Answer):
    """A replan as it stands."""

    id: str
    plant: str
    schedule_id: str | None = Field(description="Its replan schedule; null where it was asked for by hand.")
    state: Literal["due", "solving", "accepted", "held", "failed", "skipped"]
    due_at: Instant
    ready_by_at: Instant | None
    late: bool = Field(description="It was not ready by then.")
    finished_at: Instant | None
    asked_by: str
    attempt: int
    options: dict[str, Any]
    snapshot_id: str | None
    runs: list[str] = Field(description="Its schedule requests.")
    warnings: list[str] = Field(description="What of the plan in force can no longer be.")
    comparison: Comparison | None
    error: dict[str, Any] | None
    links: ReplanLinks


class ReplanLinks(Answer):
    """Where to go on."""

    self: str


class ReplanList(Answer):
    """Replans, those due last first."""

    replans: list[Replan]


BODIES = (AcceptForm, TimetableForm, ReplanForm)
ANSWERS = (
    Plant,
    PlantList,
    PlanInForce,
    PlanHistory,
    SnapshotList,
    IngestAccepted,
    Timetable,
    TimetableList,
    Replan,
    ReplanList,
)
