"""Edits of a plan over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SkipValidation

from app.schemas.answers import FixedConflict
from app.schemas.base import Absent, Answer, BodyForm, Id, Instant, Why
from app.schemas.comparison import Difference
from app.schemas.explanation import LevelValue
from app.schemas.queries import Moment
from models.shop.reading.bounds import MAX_EDITS, MAX_LOTS


class WorkForm(BodyForm):
    """An operation, or one lot of it."""

    job_id: Id
    operation_id: Id | Absent = None
    lot: Annotated[int, Field(ge=1, le=MAX_LOTS)] | Absent = None


class MoveForm(WorkForm):
    """Where to move it. What has a `start_time`, or `pin`, stays where it lands, `until` a moment or for good."""

    machine_id: Id | Absent = None
    operator_id: Id | Absent = None
    start_time: Instant | Absent = Field(None, description="It lands at the earliest place from then on.")
    pin: bool | Absent = None
    until: Instant | Absent = None


class PinForm(WorkForm):
    """Work to pin where it is."""

    until: Instant | Absent = None


class EditForm(BodyForm):
    """What to change by hand."""

    moves: Annotated[list[SkipValidation[MoveForm]], Field(max_length=MAX_EDITS)] | Absent = None
    pins: Annotated[list[SkipValidation[PinForm]], Field(max_length=MAX_EDITS)] | Absent = None
    unpins: Annotated[list[SkipValidation[WorkForm]], Field(max_length=MAX_EDITS)] | Absent = None
    at: Moment | Absent = Field(
        None, description="What was planned before then is done or under way. Left out: the plan's own beginning."
    )
    why: Why | Absent = None

    def edit(self) -> dict[str, Any]:
        """The rows for the shop's own checks."""
        return {name: value for name in ("moves", "pins", "unpins") if (value := getattr(self, name)) is not None}


class LaterJob(Answer):
    """A job that the edit makes later behind its due date; hours, negative where it is ahead."""

    job_id: str
    before: float
    after: float


class PricedPin(Answer):
    """Work that people pinned, and what each objective level would gain at once without the pin."""

    job_id: str
    operation_id: str
    lot: int
    until: Instant | None
    by: str | None = Field(description="Who pinned it: an API key's id.")
    price: list[LevelValue]


class EditPreview(Answer):
    """What an edit does."""

    difference: Difference = Field(description="The plan with the edit (b) beside the one without (a).")
    later: list[LaterJob] = Field(description="Jobs that get later, those by most first.")
    conflicts: list[FixedConflict] = Field(description="Rules that fixed work breaks.")
    pins: list[PricedPin] = Field(description="All that people pinned by now, at most 50.")
