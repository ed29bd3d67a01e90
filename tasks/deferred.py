"""Commands on large plans: reading one takes a second and much memory, so a worker does, and the web answers at once.

The run that a command makes is stored without its problem, with the command beside it. Its ``plan`` task works the
problem out first (``tasks.work_out``). So it is as safe as every other run: it ends in a plan or in a stored error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from models.shop.faults import Fault, InvalidProblem, shown
from models.store import mentions, origins, reserved, runs
from models.store.origins import Origin
from models.store.views import RunSummary, RunView
from models.tables.session import reading
from tasks.base import database
from tasks.give import NoPlan, UnknownRun

LARGE_OPERATIONS = 1_000
"""Plans of more operations are read by workers: a command on so many takes about half a second."""

COMMAND = "command"
"""Under this name a run's origin holds the command that is still to be worked out."""

MOST_LOOKED_UP = 50
"""So many ids are looked for in the problem before a command is accepted; the worker knows the others."""


def is_large(view: RunView, times: int = 1) -> bool:
    """Whether reading a run's plan, or making problems as large as its own so many ``times``, is for a worker."""
    return view.operations * times > LARGE_OPERATIONS


def ended(run_id: str) -> RunView:
    """An ended run that has a plan. Raises UnknownRun, and NoPlan where it goes on or has none."""
    with reading(database()) as session:
        view = runs.get(session, run_id)
        if view is None:
            raise UnknownRun(run_id)
        if not view.ended or not runs.has_result(session, run_id):
            raise NoPlan(view)
    return view


@dataclass(frozen=True, slots=True)
class Reserved:
    """A run that is to be made from the plan of ``view`` as ``command`` (JSON) says."""

    view: RunView
    origin: Origin
    command: Mapping[str, Any]
    seconds: float | None = None
    first_plan: bool = False

    def add(self, session: Session, *, key_id: str | None, actor: str) -> str:
        """Stores it; the answer is its id. Its message, (``plan``, id, 1), is for the caller."""
        view = self.view
        seconds = view.seconds if self.seconds is None else self.seconds
        summary = RunSummary(view.plant, None, view.jobs, view.operations, view.engine, seconds, self.first_plan)
        run_id = reserved.reserve(session, summary=summary, key_id=key_id, actor=actor)
        origin = replace(self.origin, detail={**self.origin.detail, COMMAND: dict(self.command)})
        origins.keep(session, run_id, origin, None)
        return run_id


def moment(at: datetime | None) -> str:
    """``at`` as it is stored, and now for None: not when a worker comes to it."""
    return (at or datetime.now(UTC)).isoformat()


_FIELDS = {
    "machine_id": ("unknown_machine", "machine"),
    "like": ("unknown_machine", "machine"),
    "operator_id": ("unknown_operator", "operator"),
    "job_id": ("unknown_job", "job"),
    "calendar": ("unknown_calendar", "calendar"),
}


def check_ids(run_id: str, rows: Iterable[tuple[str, object]]) -> None:
    """Raises InvalidProblem for ids in ``rows`` (path, object) that the problem of a run does not have at all."""
    named = []
    for path, row in rows:
        given = row if isinstance(row, dict) else {}
        made = {"machine_id"} if given.get("type") == "machine" else set()  # its own new name
        named += [
            (f"{path}.{name}", rule, kind, given[name])
            for name, (rule, kind) in _FIELDS.items()
            if isinstance(given.get(name), str) and name not in made
        ]
    named = named[:MOST_LOOKED_UP]
    if not named:
        return
    with reading(database()) as session:
        missing = mentions.unmentioned(session, run_id, {text for _, _, _, text in named})
    faults = [
        Fault(path, rule, f"names no {kind} of this plan's problem", shown(text))
        for path, rule, kind, text in named
        if text in missing
    ]
    if faults:
        raise InvalidProblem(faults)
