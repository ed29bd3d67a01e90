"""What the API answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.base import Answer, Instant
from models.store.views import State

Coefficients = dict[str, float]
Share = Annotated[float, Field(ge=0, le=1)]


class Links(Answer):
    """Where to go on from here; absolute paths."""

    self: str
    result: str


class PageLinks(Answer):
    """Where this page and the next, older one are; `next` is null on the last."""

    self: str
    next: str | None


class Accepted(Answer):
    """A request that was stored, or asked to stop."""

    id: str
    state: State = Field(description="As it is now; of a submission that was sent again, as it was at first.")
    links: Links


class LevelProgress(Answer):
    """One objective level so far, in hours or counts."""

    objective: str | Coefficients = Field(description="A term, or terms with coefficients.")
    value: float | None = Field(
        description="The best so far. While solving: of the batches, each planned alone; their common plan may be "
        "higher. Null until every batch has told a plan."
    )
    lower_bound: float | None = Field(description="No plan has a lower value; null until that is proved.")


class Progress(Answer):
    """How far solving has come."""

    batches_done: int
    batches_total: int
    fraction: Share = Field(description="Share of the work done, by batches or by time, whichever is further.")
    levels: list[LevelProgress] = Field(description="The objective, most important level first.")


class RunOptions(Answer):
    """How the run is solved."""

    engine: str
    time_limit_seconds: float
    first_plan: bool = Field(description="Whether the first checked plan is enough.")


class Fault(Answer):
    """One thing that is wrong with a request."""

    field: str = Field(description="Path of the field, such as `jobs[3].operations[0].machines[1].machine_id`.")
    rule: str = Field(description="Short stable name of the rule, such as `required`.")
    message: str = Field(description="What the rule is.")
    value: str = Field(description="The offending value, shortened.")


class ProblemDetails(Answer):
    """An error (RFC 9457)."""

    type: str = Field(description="Stable name of the kind of error, `urn:nightshift:error:...`.")
    title: str
    status: int
    detail: str = Field(description="What was wrong and, where there is one, what to do.")
    instance: str | None = Field(None, description="Path of the request.")
    request_id: str | None = Field(None, description="As in X-Request-Id; names the request in the logs.")
    errors: list[Fault] | None = Field(None, description="At most 100.", max_length=100)
    total_errors: int | None = Field(None, description="How many errors there are in all.")
    state: State | None = Field(None, description="State of the run, where that is why.")
    error: dict[str, object] | None = Field(None, description="The stored error of a failed run.")
    limit: int | None = Field(None, description="The bound that was exceeded, in bytes.")
    needed: str | None = Field(None, description="The role that is needed.")
    current: str | None = Field(None, description="The schedule that took the place of the one that was changed.")


class RunSummary(Answer):
    """A schedule request as it stands in the record."""

    id: str
    state: State
    plant: str | None
    request_id: str | None
    jobs: int
    operations: int
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    cancel_requested: bool
    attempt: int = Field(description="1, and one more for each time a lost worker's run was taken up again.")
    options: RunOptions
    input_sha256: str | None = Field(
        description="Hash of the problem in canonical form, without request_id; null while that is being worked out."
    )
    error: dict[str, object] | None = Field(description="Problem details of a failed run.")
    links: Links


class RunOrigin(Answer):
    """What a schedule was made from."""

    parent_id: str = Field(description="The schedule whose plan was changed.")
    kind: Literal["disruption", "edit", "scenario"]
    group_id: str | None = Field(description="Of a scenario: its group.")
    detail: dict[str, object] = Field(description="What changed, when, and what is pinned since.")


class RunStatus(RunSummary):
    """A schedule request with its progress."""

    progress: Progress | None = Field(description="Null before solving has begun, and while Redis does not answer.")
    origin: RunOrigin | None = Field(description="Null where it was submitted as a problem of its own.")


class RunList(Answer):
    """A page of schedule requests, newest first."""

    schedules: list[RunSummary]
    links: PageLinks


class ScheduledJob(Answer):
    """One operation, or one lot of it, in the plan. Times are in the plant's time zone, with offset."""

    job_id: str
    operation_id: str
    lot: int
    share: int = Field(description="Millionths of the operation.")
    machine_id: str
    operator_id: str | None
    start_time: Instant
    end_time: Instant
    processing_time: float = Field(description="Hours of open time.")
    setup_start: Instant | None


class UnscheduledJob(Answer):
    """A job that is not in the plan, and why."""

    job_id: str
    reason: Literal["never_fits", "lcd_hard", "window", "fixed_conflict", "predecessor", "no_time"]
    detail: str


class FixedWork(Answer):
    """A piece of fixed work."""

    job_id: str
    operation_id: str
    lot: int


class FixedConflict(Answer):
    """Fixed work that breaks a rule, alone or with another piece; exempt from that rule only."""

    rule: str
    fixed: list[FixedWork] = Field(min_length=1, max_length=2)
    detail: str


class LevelQuality(Answer):
    """One objective level of the plan, in hours or counts."""

    objective: str | Coefficients
    value: float
    lower_bound: float | None
    absolute_gap: float | None
    gap: Share | None = Field(description="(value - lower_bound) / value; 0 is proved optimal.")
    proved_by: str | None


class Quality(Answer):
    """How good the plan is, and how it was made."""

    levels: list[LevelQuality]
    engine: str
    engines_tried: list[str]
    parameters: dict[str, object]
    policy: str | None
    seed: int
    input_sha256: str
    versions: dict[str, str]
    validated: Literal[True]


class Metrics(Answer):
    """Hours, counts, and rates from 0 to 1."""

    makespan: float
    weighted_tardiness: float
    total_tardiness: float
    max_tardiness: float
    tardy_jobs: float
    weighted_tardy_jobs: float
    total_flow_time: float
    setup_time: float
    changes: float
    completion_rate: float
    machine_utilisation: float
    on_time_rate: float | None = Field(description="Over jobs with a due date; null without any.")


class Result(Answer):
    """A checked plan."""

    schedule_id: str
    request_id: str | None = None
    schedule_start: Instant
    status: Literal["optimal", "feasible", "infeasible", "unknown", "cancelled", "failed"]
    scheduled_jobs: list[ScheduledJob]
    unscheduled_jobs: list[UnscheduledJob]
    fixed_conflicts: list[FixedConflict]
    metrics: Metrics
    quality: Quality
    warnings: list[str]
    fallback_used: bool
    timing: dict[str, float] = Field(description="Seconds.")


class Alive(Answer):
    """The process answers."""

    status: Literal["ok"]


class Check(Answer):
    """One thing that readiness depends on."""

    ok: bool
    detail: str


class Finding(Answer):
    """What a check of health found."""

    status: Literal["healthy", "warning", "critical"]
    message: str
    checked_at: Instant
    seconds: float = Field(description="How long the check took.")
    holds: bool = Field(description="Whether new solves are held while it is critical.")
    timeout_seconds: float


class Health(Answer):
    """How the platform is."""

    status: Literal["healthy", "warning", "critical"] = Field(description="The worst of all checks.")
    score: int = Field(ge=0, le=100, description="10 off for each warning, 40 for each critical check.")
    trend: Literal["improving", "stable", "declining"] | None = Field(
        description="Mean score of the last 5 minutes against the 5 before; null where Redis does not say."
    )
    solves_held: list[str] | None = Field(description="Checks for which new solves are held; null where unknown.")
    checks: dict[str, Finding]


class Readiness(Answer):
    """Whether requests can be served."""

    status: Literal["ready", "not ready"]
    checks: dict[str, Check]
