"""What people ask of plants: put a plan in force, say when to replan, replan now. Each is given through ``give``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.replanning.due import NoCron, next_due
from models.replanning.options import from_document
from models.settings import settings
from models.shop.faults import Fault, InvalidProblem, shown
from models.store import plants, replan_schedules, replans
from models.store.plants import PlanInForce
from models.store.replan_schedules import ScheduleView, Timetable
from tasks.give import Done, Who

CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class UnknownSchedule(LookupError):
    """There is no replan schedule of that id."""


class NameTaken(Exception):
    """A plant has a replan schedule of that name already."""


class Changed(Exception):
    """What was to be changed is no longer what it was."""


@dataclass(frozen=True, slots=True)
class AcceptPlan:
    """Put the plan of a schedule in force in ``plant``, in the place of number ``expected`` (None: whichever is)."""

    plant: str
    schedule_id: str
    expected: int | None = None
    action: ClassVar[str] = "plan.accepted"

    def prepared(self, who: Who) -> Callable[[Session], Done[PlanInForce]]:
        """Raises LookupError, ``plants.NotAcceptable`` and ``plants.Overtaken`` when it is done."""

        def accept(session: Session) -> Done[PlanInForce]:
            found = plants.accept(
                session, self.schedule_id, plant=self.plant, actor=who.name, why=who.why, expected=self.expected
            )
            return Done(found, self.schedule_id, {"plant": found.plant, "number": found.number})

        return accept


@dataclass(frozen=True, slots=True)
class AddReplanSchedule:
    """Replan a plant at every due time from now on."""

    table: Timetable
    action: ClassVar[str] = "replan_schedule.added"

    def prepared(self, who: Who) -> Callable[[Session], Done[ScheduleView]]:  # noqa: ARG002  as of every command
        """Raises InvalidProblem; NameTaken when it is done."""
        table = checked(self.table)

        def add(session: Session) -> Done[ScheduleView]:
            if any(view.name == table.name for view in replan_schedules.listed(session, table.plant)):
                raise NameTaken(f"plant {table.plant!r} has a replan schedule {table.name!r} already")
            view = replan_schedules.add(session, table)
            return Done(view, view.id, _told(table))

        return add


@dataclass(frozen=True, slots=True)
class ChangeReplanSchedule:
    """Replace what a replan schedule says, where it still is at ``version`` (None: whichever it is at)."""

    schedule_id: str
    table: Timetable
    version: int | None = None
    action: ClassVar[str] = "replan_schedule.changed"

    def prepared(self, who: Who) -> Callable[[Session], Done[ScheduleView]]:  # noqa: ARG002  as of every command
        """Raises InvalidProblem; UnknownSchedule, NameTaken and Changed when it is done."""
        table = checked(self.table)

        def change(session: Session) -> Done[ScheduleView]:
            now = replan_schedules.get(session, self.schedule_id)
            if now is None:
                raise UnknownSchedule(self.schedule_id)
            others = replan_schedules.listed(session, table.plant)
            if any(view.name == table.name and view.id != now.id for view in others):
                raise NameTaken(f"plant {table.plant!r} has a replan schedule {table.name!r} already")
            view = None
            if self.version in (None, now.version):
                view = replan_schedules.change(session, now.id, now.version, table)
            if view is None:
                raise Changed(f"the replan schedule was changed meanwhile; it is at version {now.version}")
            return Done(view, view.id, _told(table))

        return change


@dataclass(frozen=True, slots=True)
class RemoveReplanSchedule:
    """Delete a replan schedule with what is told of its replans; the plans that they made stay."""

    schedule_id: str
    action: ClassVar[str] = "replan_schedule.removed"

    def prepared(self, who: Who) -> Callable[[Session], Done[None]]:  # noqa: ARG002  as of every command
        """Raises UnknownSchedule when it is done."""

        def remove(session: Session) -> Done[None]:
            if not replan_schedules.remove(session, self.schedule_id):
                raise UnknownSchedule(self.schedule_id)
            return Done(None, self.schedule_id)

        return remove


@dataclass(frozen=True, slots=True)
class ReplanNow:
    """Replan a plant now, whatever its schedules say; the answer is the replan's id."""

    plant: str
    options: Mapping[str, Any]
    action: ClassVar[str] = "replan.asked"

    def prepared(self, who: Who) -> Callable[[Session], Done[str]]:
        """Raises InvalidProblem."""
        options = from_document(self.options, settings().max_seconds).document()

        def ask(session: Session) -> Done[str]:
            replan_id = replans.ask(session, self.plant, options, who.name)
            return Done(replan_id, replan_id, {"plant": self.plant}, (("replan", replan_id),))

        return ask


def checked(table: Timetable) -> Timetable:
    """A timetable whose parts mean something, with all of its options. Raises InvalidProblem with every fault."""
    faults = []
    options: Mapping[str, Any] = {}
    zone = ZoneInfo("UTC")
    try:
        zone = ZoneInfo(table.time_zone)
    except (KeyError, ValueError, OSError):
        message = "must be an IANA time zone like Europe/Berlin"
        faults.append(Fault("time_zone", "unknown_time_zone", message, shown(table.time_zone)))
    try:
        next_due(table.cron, zone, datetime.now(UTC))
    except NoCron as error:
        faults.append(Fault("cron", "cron", str(error), shown(table.cron)))
    if table.ready_by is not None and not CLOCK.fullmatch(table.ready_by):
        faults.append(Fault("ready_by", "clock", "must be a local time like 05:30", shown(table.ready_by)))
    try:
        options = from_document(table.options, settings().max_seconds).document()
    except InvalidProblem as error:
        faults += error.faults
    if faults:
        raise InvalidProblem(faults)
    return replace(table, options=options)


def _told(table: Timetable) -> dict[str, Any]:
    return {"plant": table.plant, "name": table.name, "cron": table.cron, "time_zone": table.time_zone}
