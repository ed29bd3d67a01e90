"""What-if scenarios over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SkipValidation

from app.schemas.base import MAX_NUMBER, Absent, Answer, BodyForm, Form, Id, Instant, Text, Why
from app.schemas.life import Hours, Seconds
from app.schemas.problem import Level, WindowForm
from app.schemas.queries import Moment
from models.shop.reading.bounds import MAX_LEVELS, MAX_SCENARIO_CHANGES, MAX_SCENARIOS, MAX_TEXT, MAX_WEIGHT
from models.store.origins import AS_IS
from models.store.views import State

MOST_MACHINES = 10


class OpenHoursForm(BodyForm):
    """More open time of a machine, an operator, or all owners of a calendar: one of the three."""

    type: Literal["open_hours"]
    machine_id: Id | Absent = None
    operator_id: Id | Absent = None
    calendar: Id | Absent = None
    from_: Instant = Field(alias="from")
    to: Instant


class ShiftForm(BodyForm):
    """One more weekly shift of a calendar."""

    type: Literal["shift"]
    calendar: Id
    weekly: list[WindowForm] = Field(min_length=1)


class MoreMachineForm(BodyForm):
    """One more machine: whatever may run on `like` may run on it, in the same time."""

    type: Literal["machine"]
    like: Id
    machine_id: Id


class RelaxForm(BodyForm):
    """A rule dropped, by its name in `options.relax`."""

    type: Literal["relax"]
    rule: Id


class ObjectiveForm(BodyForm):
    """Another objective."""

    type: Literal["objective"]
    objective: Level | Annotated[list[Level], Field(min_length=1, max_length=MAX_LEVELS)]


class WeightForm(BodyForm):
    """Another weight of one job."""

    type: Literal["weight"]
    job_id: Id
    weight: float = Field(ge=0, le=MAX_WEIGHT, description="At most three decimals.")


AnyChange = OpenHoursForm | ShiftForm | MoreMachineForm | RelaxForm | ObjectiveForm | WeightForm


class ScenarioForm(BodyForm):
    """Changes that are made together."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    changes: list[AnyChange] = Field(min_length=1, max_length=MAX_SCENARIO_CHANGES)


class MarginalForm(BodyForm):
    """What more open time on each of the tightest machines saves: a scenario each."""

    machines: int = Field(5, ge=1, le=MOST_MACHINES)
    hours: Hours = Field(1.0, gt=0)


class ScenariosForm(BodyForm):
    """What to try."""

    scenarios: Annotated[list[SkipValidation[ScenarioForm]], Field(max_length=MAX_SCENARIOS)] | Absent = None
    marginal: MarginalForm | Absent = None
    at: Moment | Absent = Field(
        None, description="What was planned before then is done or under way. Left out: the plan's own beginning."
    )
    time_limit_seconds: Seconds | Absent = Field(None, description="For each; as the plan's problem has it.")
    why: Why | Absent = None


class PromoteForm(BodyForm):
    """Which scenario to put in force."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    replaces: Annotated[int, Field(ge=0, le=MAX_NUMBER)] | Absent = Field(
        None, description="Number of the plan in force that it is to replace, 0 for none; else whatever is."
    )
    why: Why | Absent = None


class GroupPath(Form):
    """A group of scenarios."""

    group_id: str = Field(description="The id that the scenarios were answered with.")


class ScenarioRun(Answer):
    """A scenario and its run."""

    name: str
    id: str


class GroupLinks(Answer):
    """Where to compare them."""

    self: str


class ScenariosAccepted(Answer):
    """Scenarios that are being solved."""

    id: str = Field(description="Of the group.")
    scenarios: list[ScenarioRun] = Field(description=f"The first is called `{AS_IS}`: the plan without a change.")
    links: GroupLinks


class ScenarioStanding(Answer):
    """A scenario beside the plan as it is."""

    id: str
    name: str
    changes: list[dict[str, Any]]
    state: State
    terms: dict[str, float | None] | None = Field(
        description="Every objective term and rate; null before it has ended."
    )
    change: dict[str, float | None] | None = Field(description=f"Terms less those of `{AS_IS}`: negative is saved.")


class Scenarios(Answer):
    """Scenarios side by side."""

    id: str
    schedule_id: str
    scenarios: list[ScenarioStanding]


class Promoted(Answer):
    """The plan in force now."""

    plant: Text
    number: int
    id: str


FORMS = (ScenariosForm, PromoteForm)
ANSWERS = (ScenariosAccepted, Scenarios, Promoted)
