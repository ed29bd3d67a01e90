"""What may stand in the path and the query of a request."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.cursors import NoCursor, from_cursor
from app.schemas.base import Absent, Form, Id
from models.shop.reading.instants import Unreadable, read_instant
from models.store.listing import Position, RunFilter
from models.store.views import STATES, State
from models.tables.runs import NAME_LENGTH

MAX_CURSOR = 200
_FLAGS = {"true": True, "false": False}


def _read_flag(value: object) -> bool:
    if not isinstance(value, str) or value not in _FLAGS:
        raise PydanticCustomError("flag", "must be true or false")
    return _FLAGS[value]


def _read_moment(value: object) -> datetime:
    try:
        instant = read_instant(str(value))
    except Unreadable as error:
        raise PydanticCustomError("instant", "{reason}", {"reason": str(error)}) from None
    return instant.moment.replace(microsecond=int(instant.decimals[:6].ljust(6, "0")))


def _read_cursor(value: object) -> Position:
    try:
        return from_cursor(str(value)[: MAX_CURSOR + 1])
    except NoCursor:
        raise PydanticCustomError("cursor", "must come from `links.next` of the page before") from None


Flag = Annotated[bool, BeforeValidator(_read_flag)]
Moment = Annotated[
    datetime, PlainValidator(_read_moment), WithJsonSchema({"type": "string", "format": "date-time"}, mode="validation")
]
Cursor = Annotated[
    Position,
    PlainValidator(_read_cursor),
    WithJsonSchema({"type": "string", "maxLength": MAX_CURSOR}, mode="validation"),
]


class SchedulePath(Form):
    """The path of one schedule request."""

    run_id: str = Field(description="The id that the submission answered.")


class JobPath(SchedulePath):
    """The path of one job of a plan."""

    job_id: Id = Field(description="The job's id.")


class SubmitQuery(Form):
    """How to submit."""

    first_plan: Flag = Field(False, description="`true`: end with the first checked plan instead of improving it.")


class WhyQuery(Form):
    """What to explain."""

    job: Id | Absent = Field(None, description="One job, with its whole chain.")


class ListQuery(Form):
    """Which schedule requests to list."""

    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    state: list[State] = Field(
        [], description="Only those in this state; may be given several times.", max_length=len(STATES)
    )
    plant: str | Absent = Field(None, description="Only those of this plant.", max_length=NAME_LENGTH)
    request_id: str | Absent = Field(None, description="Only those with this `request_id`.", max_length=NAME_LENGTH)
    created_after: Moment | Absent = Field(None, description="Only those made at this moment or later.")
    created_before: Moment | Absent = Field(None, description="Only those made before this moment.")
    cursor: Cursor | Absent = Field(
        None, description="Where the page before ended. Follow `links.next` instead of making one."
    )

    def wanted(self) -> RunFilter:
        """The filter that is asked for."""
        return RunFilter(
            states=frozenset(self.state),
            plant=self.plant,
            request_id=self.request_id,
            created_after=self.created_after,
            created_before=self.created_before,
        )
