"""The form of a scheduling problem, the body of ``POST /v1/schedules``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from app.schemas.base import Absent, BodyForm, Id, Instant, Name, Text, nullable
from models.shop.reading.bounds import (
    MAX_BATCH,
    MAX_CAPACITY,
    MAX_EFFICIENCY,
    MAX_HOURS,
    MAX_LEVELS,
    MAX_LOTS,
    MAX_MACHINE_TYPE,
    MAX_QUANTITY,
    MAX_SEED,
    MAX_WEIGHT,
    MIN_EFFICIENCY,
    MIN_SECONDS,
)

Hours = Annotated[float, Field(ge=0, le=MAX_HOURS, description="Hours; become whole seconds, rounded half up.")]
WorkHours = Annotated[
    float, Field(ge=0, le=MAX_HOURS, description="Hours; become whole seconds, rounded half up, at least 1.")
]
MachineType = Annotated[int, Field(ge=-MAX_MACHINE_TYPE, le=MAX_MACHINE_TYPE)]
TimeOfDay = Annotated[
    str,
    Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?)$", examples=["06:00"]),
]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Term = Literal[
    "makespan",
    "weighted_tardiness",
    "total_tardiness",
    "max_tardiness",
    "tardy_jobs",
    "weighted_tardy_jobs",
    "total_flow_time",
    "setup_time",
    "changes",
]
Weight = Annotated[float, Field(ge=0, le=MAX_WEIGHT)]
Quantity = Annotated[float, Field(ge=0, le=MAX_QUANTITY)]
Coefficient = Annotated[float, Field(ge=0, le=MAX_WEIGHT, description="At most three decimals.")]
Level = Term | Annotated[dict[Term, Coefficient], Field(min_length=1)]


class SpanForm(BodyForm):
    """A stretch of time, `from` included, `to` not."""

    from_: Instant = Field(alias="from")
    to: Instant
    reason: Text | Absent = None


class ExtraForm(BodyForm):
    """A stretch of time that is open whatever the week says."""

    from_: Instant = Field(alias="from")
    to: Instant


class WindowForm(BodyForm):
    """A weekly window in the plant's local time. `to` at or before `from` means the next day; `24:00` ends a day."""

    days: list[Day] = Field(min_length=1)
    from_: TimeOfDay = Field(alias="from")
    to: TimeOfDay
    shift: Text | Absent = None


class CalendarForm(BodyForm):
    """Open time = ((weekly - breaks - holidays) + extra) - closed. Without `weekly`: open but for its closures."""

    weekly: list[WindowForm] | Absent = Field(None, description="Left out: always open. Empty: only `extra` is open.")
    breaks: list[WindowForm] | Absent = None
    holidays: list[Annotated[str, Field(json_schema_extra={"format": "date"})]] = Field(
        [], description="Local dates on which the week's windows do not open."
    )
    extra: list[ExtraForm] | Absent = None
    closed: list[SpanForm] | Absent = None


class MachineForm(BodyForm):
    """A machine. One with `capacity` above 1 has no `setup_matrix`."""

    machine_id: Id
    machine_type: MachineType | Absent = Field(None, description="Operations may name types instead of machines.")
    department: Text | Absent = None
    efficiency: float = Field(
        1.0,
        ge=MIN_EFFICIENCY,
        le=MAX_EFFICIENCY,
        description="Divides `processing_time` of operations that name machine types.",
    )
    calendar: Name | Absent = Field(None, description="A name in `calendars`. Left out: always open.")
    closed: list[SpanForm] = Field([], description="Closures of this machine alone, such as maintenance.")
    setup_matrix: Name | Absent = Field(None, description="A name in `setup_matrices`. Left out: no setups.")
    initial_family: Name | Absent = Field(None, description="The family it is set up for at second zero.")
    capacity: int = Field(1, ge=1, le=MAX_CAPACITY, description="Operations it runs at a time.")


class OperatorForm(BodyForm):
    """A person, or a crew where `capacity` is above 1."""

    operator_id: Id
    skills: dict[str, Annotated[int, Field(ge=1, le=3)]] = Field({}, description="Skill and level, 1 to 3.")
    calendar: Name | Absent = Field(None, description="A name in `calendars`. Left out: always there.")
    absent: list[SpanForm] | Absent = None
    capacity: int = Field(1, ge=1, le=MAX_CAPACITY, description="Operations attended at a time.")
    department: Text | Absent = None
    overtime_eligible: bool = False


class SetupChangeForm(BodyForm):
    """The setup time from one family to another."""

    from_family: Name
    to_family: Name
    setup_time: Hours


class SetupMatrixForm(BodyForm):
    """Setup times between families. A pair that is not listed takes `default`, but 0 from a family to itself."""

    default: Hours = 0
    changes: list[SetupChangeForm] | Absent = None


class OptionForm(BodyForm):
    """A machine that can run the operation, and how long it takes there; final, efficiency included."""

    machine_id: Id
    processing_time: WorkHours


Options = Annotated[list[OptionForm], Field(min_length=1)]


class SkillForm(BodyForm):
    """A skill and the least level that is needed."""

    skill: Name
    level: int = Field(1, ge=1, le=3)


class OperationFields(BodyForm):
    """What an operation says of itself; on a job, the defaults of its operations."""

    family_id: Name | Absent = Field(None, description="Family for setups. Left out: no setups.")
    machine_types: Annotated[list[MachineType], Field(min_length=1)] | Absent = Field(
        None, description="Every machine of these types can run it, at `processing_time` / efficiency."
    )
    skill: Name | SkillForm | Absent = Field(None, description="Needs one operator with this skill, from start to end.")
    interruptible: bool = Field(True, description="False: it must fit into one open interval.")
    max_lots: int = Field(1, ge=1, le=MAX_LOTS, description="It may be cut into up to this many lots.")
    min_lot: WorkHours = Field(1, description="Hours; the least time of a lot on its machine.")
    start_after: Instant | Absent = Field(None, description="It starts no earlier.")
    end_before: Instant | Absent = Field(None, description="It ends no later.")


class OperationForm(OperationFields):
    """One operation of a job. It names `machines`, or `machine_types` and `processing_time`."""

    operation_id: Id
    processing_time: WorkHours | Absent = Field(None, description="Hours at efficiency 1, with `machine_types`.")
    machines: Options | Absent = None
    predecessors: list[Id] | Absent = Field(
        None, description="Operations of the same job. Where no operation of a job has the field, they form a chain."
    )
    min_delay: Hours = Field(0, description="Hours between each predecessor's end and this operation's start.")


class JobForm(OperationFields):
    """A job: either one operation, directly, or several under `operations`."""

    job_id: Id
    priority: int = Field(3, ge=1, le=5, description="1 is the most urgent.")
    is_important: bool = False
    weight: Weight | Absent = Field(
        None, description="At most three decimals. Left out: 6 - priority, doubled if important."
    )
    release_date: Instant | Absent = Field(None, description="Nothing of the job starts before it.")
    lcd_date: Instant | Absent = Field(None, description="Latest completion date: the due date.")
    lcd_hard: bool = Field(False, description="A job that cannot make its due date is unscheduled instead of late.")
    quantity: Quantity | Absent = Field(None, description="For people; plays no part in planning.")
    processing_time: WorkHours | Absent = Field(None, description="Hours at efficiency 1, with `machine_types`.")
    machines: Options | Absent = None
    operations: Annotated[list[OperationForm], Field(min_length=1)] | Absent = None


class FixedForm(BodyForm):
    """Work that stands as given: completed, running or pinned. Everything else is planned around it."""

    job_id: Id
    operation_id: Id = Field("1", description='"1" for a one-operation job.')
    lot: int = Field(1, ge=1, le=MAX_LOTS)
    share: int = Field(1_000_000, ge=1, le=1_000_000, description="Millionths of the operation; required if it is cut.")
    machine_id: Id
    operator_id: Id | Absent = None
    start_time: Instant
    remaining_time: Hours | Absent = Field(None, description="Hours left from second zero, or from a later start.")
    completed: bool = False
    end_time: Instant | Absent = Field(None, description="Required if completed; at or before `schedule_start`.")


class ReferenceForm(BodyForm):
    """One row of the plan that `changes` are counted against, as in a result's `scheduled_jobs`."""

    job_id: Id
    operation_id: Id = "1"
    lot: int = Field(1, ge=1, le=MAX_LOTS)
    share: int | Absent = None
    machine_id: Id
    operator_id: Id | None = None
    start_time: Instant
    end_time: Instant | Absent = None
    processing_time: Hours | Absent = None
    setup_start: Instant | None = None


class OptionsForm(BodyForm):
    """How to solve."""

    engine: Literal["auto", "dispatch", "search", "cpsat", "ppo"] = "auto"
    time_limit_seconds: float = Field(10, ge=MIN_SECONDS, description="Seconds of solving.")
    gap_tolerance: float = Field(
        0, ge=0, le=1, description="Share of 1: a plan this close to its bound is good enough."
    )
    batch_size: int = Field(170, ge=1, le=MAX_BATCH, description="Jobs solved together.")
    seed: int = Field(0, ge=0, le=MAX_SEED)
    deterministic: bool = False
    relax: list[str] = Field(
        [],
        description="Rules to drop: `lcd_hard`, `skill`, `setup`, `end_before`, `release`, `calendar:NAME`.",
    )


EXAMPLE = {
    "request_id": "monday",
    "plant": "main",
    "schedule_start": "2026-01-05T06:00:00+01:00",
    "time_zone": "Europe/Berlin",
    "machines": [{"machine_id": "M1", "machine_type": 1}, {"machine_id": "M2", "machine_type": 1, "efficiency": 0.8}],
    "jobs": [
        {"job_id": "J1", "processing_time": 2.5, "machine_types": [1], "lcd_date": "2026-01-05T12:00:00+01:00"},
        {
            "job_id": "J2",
            "operations": [
                {"operation_id": "cut", "machines": [{"machine_id": "M1", "processing_time": 1}]},
                {"operation_id": "weld", "machines": [{"machine_id": "M2", "processing_time": 0.5}]},
            ],
        },
    ],
    "options": {"time_limit_seconds": 2},
}


def _with_example(schema: dict[str, Any]) -> None:
    nullable(schema)
    schema["examples"] = [EXAMPLE]


class ProblemForm(BodyForm):
    """A scheduling problem. Times are RFC 3339 with offset, durations hours; unknown fields are refused.

    A field that is null counts as left out, here and in every object below.
    """

    model_config = ConfigDict(json_schema_extra=_with_example)

    request_id: Name | Absent = Field(None, description="Yours; echoed in the result.")
    plant: Name | Absent = Field(None, description="Whose plan it is.")
    schedule_start: Instant = Field(description="Second zero of the plan.")
    time_zone: str = Field(
        "UTC", description="IANA name of the time zone of the calendars.", examples=["Europe/Berlin"]
    )
    machines: list[MachineForm] = Field(min_length=1)
    calendars: dict[str, CalendarForm] | Absent = None
    operators: list[OperatorForm] | Absent = None
    setup_matrices: dict[str, SetupMatrixForm] | Absent = None
    jobs: list[JobForm] = Field(min_length=1)
    fixed: list[FixedForm] | Absent = None
    reference: list[ReferenceForm] | Absent = None
    objective: Level | Annotated[list[Level], Field(max_length=MAX_LEVELS)] = Field(
        ["weighted_tardiness", "makespan"],
        description="A term, a weighted sum of terms, or a list of those, most important first. All are minimised.",
    )
    options: OptionsForm | Absent = None
