"""What the plant tells of its work is taken once, and only if it can be true beside what it told before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from sqlalchemy.orm import Session

from models.shop.executions import Event, by_work, contradiction
from models.shop.faults import Fault, InvalidProblem, shown
from models.store import executions, ids
from tasks.give import Done, Who
from tasks.matching import Unmatched, Work, unmatched

AHEAD = timedelta(minutes=5)
"""How far a plant's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many events were stored, and how many had been before.

    ``unmatched``: work that the plan in force does not have, and why; its events are kept all the same.
    """

    stored: int
    duplicates: int
    unmatched: Mapping[Work, Unmatched]


@dataclass(frozen=True, slots=True)
class RecordExecutions:
    """Store what happened in a plant. Safe to give again; late and out of order is fine."""

    plant: str
    events: tuple[Event, ...]
    action: ClassVar[str] = "executions.recorded"

    def prepared(self, who: Who) -> Callable[[Session], Done[Recorded]]:  # noqa: ARG002  as of every command
        """Raises InvalidProblem for what is wrong with events by themselves."""
        faults = [fault for number, event in enumerate(self.events) for fault in _alone(number, event)]
        if faults:
            raise InvalidProblem(faults)
        return self._stored

    def _stored(self, session: Session) -> Done[Recorded]:
        seen = executions.known(session, self.plant, {event.event_id for event in self.events})
        fresh: dict[str, int] = {}
        faults = []
        for number, event in enumerate(self.events):
            said = executions.fingerprint(event)
            if event.event_id not in seen:
                seen[event.event_id] = said
                fresh[event.event_id] = number
            elif seen[event.event_id] != said:
                message = "was the id of another event before; give each event its own"
                faults.append(Fault(f"events[{number}].event_id", "reused", message, shown(event.event_id)))
        new = [self.events[number] for number in fresh.values()]
        told = executions.of_operations(session, self.plant, {(event.job_id, event.operation_id) for event in new})
        for events in by_work([*told, *new]).values():
            both = contradiction(events)
            if both is not None:
                faults.append(_impossible(fresh, *both))
        if faults:
            raise InvalidProblem(faults)
        executions.add(session, self.plant, new)
        detail = {"plant": self.plant, "stored": len(new), "sent": len(self.events)}
        missing = unmatched(session, self.plant, {event.work for event in self.events})
        return Done(Recorded(len(new), len(self.events) - len(new), missing), ids.run_id(), detail)


def _alone(number: int, event: Event) -> Iterator[Fault]:
    """What is wrong with an event whatever else happened."""
    if event.at > datetime.now(UTC) + AHEAD:
        yield Fault(f"events[{number}].at", "future", "must have happened already", shown(event.at.isoformat()))
    if event.kind == "started" and event.machine_id is None:
        yield Fault(f"events[{number}].machine_id", "required", "is required where work starts")


def _impossible(fresh: Mapping[str, int], ended: Event, other: Event) -> Fault:
    """Work that ended before it started, or twice; told of the event that came now."""
    number = fresh[other.event_id] if other.event_id in fresh else fresh[ended.event_id]
    work = f"operation {other.operation_id} of job {other.job_id}"
    if other.kind == "started":
        message = f"cannot be: {work} ended at {_at(ended)}, before it started at {_at(other)}"
    else:
        message = f"cannot be: {work} ended twice, at {_at(ended)} and at {_at(other)}"
    return Fault(f"events[{number}].at", "order", message)


def _at(event: Event) -> str:
    return event.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
