"""What the API answers to why."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.answers import Coefficients, UnscheduledJob
from app.schemas.base import Answer, Instant

Spent = dict[Literal["processing", "setup", "calendar", "closure", "operator_away", "delay", "no_fit", "idle"], float]
Origin = Literal["release", "start_after", "zero", "fixed"]


class ChainLink(Answer):
    """One operation (or lot) of a blocking chain; it covers the time from `since` to its end."""

    job_id: str
    operation_id: str
    lot: int
    family_id: str | None
    machine_id: str
    operator_id: str | None
    fixed: bool
    waits_for: Origin | Literal["predecessor", "machine", "order", "operator"] = Field(
        description="What held it last. Of the first link, what the chain begins with; else the link before, as a "
        "`predecessor`, on the `machine`, by the `order` there though it could go before, or with the `operator`."
    )
    since: Instant = Field(description="End of the link before, or begin of the chain.")
    start_time: Instant
    end_time: Instant
    could_start: Instant = Field(
        description="Earliest start on this machine with this operator if all else stayed; `start_time` where held."
    )
    waited: Spent = Field(description="Hours from `since` to the start, by what they went into.")
    ran: Spent = Field(description="Hours from the start to the end.")


class Behind(Answer):
    """Processing of another job in the chain."""

    job_id: str
    machine_id: str
    hours: float


class ExplainedJob(Answer):
    """A job of the plan and what the time until its completion went into. Durations are hours."""

    job_id: str
    due_date: Instant | None
    completion_time: Instant
    tardiness: float
    weighted_tardiness: float
    begin_time: Instant
    begins_with: Origin = Field(description="Release date, `start_after`, second zero, or fixed work.")
    hours: Spent = Field(description="They add up to the time from `begin_time` to `completion_time`.")
    own_processing: float = Field(description="Of the hours of processing those of the job itself.")
    behind: list[Behind] = Field(description="The others, most first.")
    links: list[ChainLink] | None = Field(description="The chain in order of time; null unless one job was asked for.")


class LevelValue(Answer):
    """The value of an objective level, in hours or counts; `unscheduled` is the weight of the jobs left out."""

    objective: str | Coefficients
    value: float


class RuleConflict(Answer):
    """Rules that keep jobs out even with no other rule beside them, as long as none of them is dropped."""

    job_ids: list[str]
    rules: list[str] = Field(description="Names as in `options.relax`, or `fixed work`; empty: none of these.")
    remedy: list[str] = Field(description="A smallest set without which the jobs have a place; empty: none was found.")
    alone: bool = Field(description="Each job even alone in the shop; else only together with the others.")
    proof: Literal["proved", "search"] = Field(description="`search`: no plan was found in the time there was.")
    smallest: bool = Field(description="No smaller set conflicts; else it cannot be made smaller by leaving one out.")


class Gain(Answer):
    """The best plan found without some rules; a longer search may find a better one."""

    rules: list[str]
    schedules: list[str] = Field(description="The left-out jobs that it schedules.")
    levels: list[LevelValue]


class LeftOut(Answer):
    """Why jobs are left out."""

    levels: list[LevelValue] = Field(description="Of the plan as it is.")
    conflicts: list[RuleConflict]
    relaxations: list[Gain]
    unasked: list[str] = Field(description="Jobs that there was no time for.")
    untried: list[list[str]] = Field(description="Rules that there was no time to drop.")
    seconds: float = Field(description="How long it was searched.")


class Explanation(Answer):
    """Why a plan is as it is."""

    asked: str | None = Field(description="The job that was asked for; null for the plan.")
    late_total: int = Field(description="Late jobs of the plan.")
    jobs: list[ExplainedJob] = Field(description="The costliest late jobs, at most 100; or the job asked for.")
    unscheduled_jobs: list[UnscheduledJob]
    conflicts: LeftOut | None = Field(
        description="Null where no job is left out, and while it is searched for; then there is a Retry-After."
    )


class LevelChange(Answer):
    """The value of an objective level in the plan as it is, and in the one that verifies a change."""

    objective: str | Coefficients
    before: float
    after: float | None


class RemedyChange(Answer):
    """A single change of the shop, or of the order alone."""

    kind: Literal["order", "open_hours", "release", "machine", "relax"]
    words: str
    scenario: dict[str, object] | None = Field(description="As a change of a scenario; null where it is none.")


class JobRemedy(Answer):
    """The smallest single change found with which the job is on time: in a whole checked plan that was solved for."""

    change: RemedyChange | None = Field(description="Null where none was found.")
    completion_time: Instant | None
    levels: list[LevelChange]
    moved: int = Field(description="Operations on another machine, or starting more than an hour away.")
    tried: list[str] = Field(description="Kinds of changes that were tried, in their order.")


class JobExplained(Answer):
    """Why one job is late, and what would help."""

    explanation: Explanation
    searched: bool = Field(description="Whether the search for a remedy has ended.")
    remedy: JobRemedy | None = Field(description="Null where the job is on time, and while it is searched for.")
