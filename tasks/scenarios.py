"""What if: scenarios of a plan, solved side by side from where it is, compared, and one of them promoted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from models.shop.carry import carry
from models.shop.faults import InvalidProblem
from models.shop.problem import TERMS, Problem
from models.shop.reading.bounds import MAX_TEXT
from models.shop.reading.row import Faults, Row
from models.shop.timeline import replay
from models.shop.whatif import changed
from models.store import ids, origins, plants, runs
from models.store.origins import AS_IS, Origin
from models.store.views import RunView
from models.tables.session import reading
from tasks.base import database
from tasks.give import Done, UnknownRun, Who
from tasks.planned import Child, add, bounds, check_budget, faulty, planned
from workers.explain.tightest import tightest

DIGITS = 6
_ROW = frozenset({"name", "changes"})


@dataclass(frozen=True, slots=True)
class Group:
    """A group of scenarios: its id, and the runs by name in their order."""

    group_id: str
    runs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TryScenarios:
    """Solve scenarios (documents) of a plan side by side, from where it is at a moment (None: its own beginning).

    ``marginal`` adds one for each of so many of the tightest machines, with ``hours`` more of open time where that
    helps the plan most. ``seconds`` is the budget of each; None as the problem's.
    """

    schedule_id: str
    scenarios: tuple[Mapping[str, Any], ...] = ()
    marginal: int = 0
    hours: float = 1.0
    at: datetime | None = None
    seconds: float | None = None
    action: ClassVar[str] = "scenarios.tried"

    def prepared(self, who: Who) -> Callable[[Session], Done[Group]]:
        """Makes the problems. Raises UnknownRun, NoPlan, and InvalidProblem where a change does not fit the plan."""
        check_budget(self.seconds)
        plan = planned(self.schedule_id)
        second = 0 if self.at is None else plan.second(self.at)
        pins = plan.pinned(second)
        carried = carry(plan.problem, plan.schedule, plan.actuals(second), second, pins=(), hold=pins)
        options = replace(carried.problem.options, deterministic=False)
        if self.seconds is not None:
            options = replace(options, seconds=self.seconds)
        base = replace(carried.problem, options=options, request_id=None)
        rows = [{"name": AS_IS, "changes": []}, *self.scenarios, *_marginal(base, carried.decisions, self)]
        problems = _problems(base, rows)
        group_id = ids.run_id()
        kept = [pin.document() for pin in plan.pins if plan.number(pin) in pins]
        children = [
            Child(problem, carried.decisions, Origin(self.schedule_id, "scenario", {**row, "pins": kept}, group_id))
            for row, problem in zip(rows, problems, strict=True)
        ]

        def store(session: Session) -> Done[Group]:
            made = [add(session, child, key_id=who.key_id, actor=who.name) for child in children]
            named = tuple((str(row["name"]), run_id) for row, run_id in zip(rows, made, strict=True))
            detail = {"group": group_id, "scenarios": [name for name, _ in named]}
            messages = tuple(("plan", run_id, 1) for run_id in made)
            return Done(Group(group_id, named), self.schedule_id, detail, messages)

        return store


@dataclass(frozen=True, slots=True)
class Promote:
    """Put the plan of one scenario in force in its plant. ``expected`` is the number of the plan that it replaces."""

    group_id: str
    name: str
    expected: int | None = None
    action: ClassVar[str] = "scenario.promoted"

    def prepared(self, who: Who) -> Callable[[Session], Done[plants.PlanInForce]]:
        """Raises UnknownRun for an unknown group or name; applied, what ``models.store.plants.accept`` raises."""
        with reading(database()) as session:
            found = origins.group(session, self.group_id)
        run_id = next((run_id for run_id, origin in found if origin.detail["name"] == self.name), None)
        if run_id is None:
            raise UnknownRun(f"{self.group_id} {self.name}")

        def store(session: Session) -> Done[plants.PlanInForce]:
            accepted = plants.accept(session, run_id, actor=who.name, why=who.why, expected=self.expected)
            return Done(accepted, run_id, {"group": self.group_id, "name": self.name})

        return store


def side_by_side(group_id: str) -> dict[str, Any] | None:
    """How the scenarios of a group stand, each with its terms and what they are beside the one as it is.

    None for an unknown group. A scenario that has not ended with a plan has no terms.
    """
    with reading(database()) as session:
        found = [(run_id, origin, runs.get(session, run_id)) for run_id, origin in origins.group(session, group_id)]
    if not found:
        return None
    told = [_standing(run_id, origin, view) for run_id, origin, view in found if view is not None]
    base = told[0]["terms"]
    for row in told:
        row["change"] = None if base is None or row["terms"] is None else _beside(row["terms"], base)
    return {"id": group_id, "schedule_id": found[0][1].parent_id, "scenarios": told}


def _standing(run_id: str, origin: Origin, view: RunView) -> dict[str, Any]:
    terms = _terms(run_id) if view.ended else None
    return {
        "id": run_id,
        "name": origin.detail["name"],
        "changes": origin.detail["changes"],
        "state": view.state,
        "terms": terms,
    }


@lru_cache(maxsize=512)
def _terms(run_id: str) -> Mapping[str, float | None] | None:
    """The metrics of an ended run, which never change; None where it has no plan."""
    with reading(database()) as session:
        body = runs.result(session, run_id)
    metrics: Mapping[str, float | None] | None = None if body is None else json.loads(body)["metrics"]
    return metrics


def _beside(terms: Mapping[str, float | None], base: Mapping[str, float | None]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for term in TERMS:
        ours, theirs = terms.get(term), base.get(term)
        found[term] = None if ours is None or theirs is None else round(ours - theirs, DIGITS)
    return found


def _problems(base: Problem, rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """The problem of each scenario. Raises InvalidProblem; ``scenarios[0]`` is the first stated one."""
    faults = Faults()
    problems: list[Problem] = []
    names: set[str | None] = set()
    for number, value in enumerate(rows):
        path = f"scenarios[{number - 1}]"
        row = Row.of(faults, path, value, _ROW)
        if row is None:
            continue
        name = row.text("name", most=MAX_TEXT) if row.require("name") else None
        if name in names:
            row.fault("name", "duplicate", "must differ from the other scenarios' names", name)
        names.add(name)
        if number and not row.fields.get("changes"):
            row.fault("changes", "min_items", "must list at least one change")
        problems.append(changed(base, row.fields.get("changes"), faults, f"{path}.changes", bounds()))
    if faults.total:
        raise InvalidProblem(faults.kept, faults.total)
    return problems


def _marginal(problem: Problem, decisions: Any, asked: TryScenarios) -> list[dict[str, Any]]:
    """A scenario for each of the tightest machines, with some more open time where that helps at once."""
    if not asked.marginal:
        return []
    found = []
    for tight in tightest(problem, replay(problem, decisions), asked.marginal, asked.hours):
        if tight.span is None:
            continue
        machine_id = problem.machines[tight.machine].machine_id
        change = {
            "type": "open_hours",
            "machine_id": machine_id,
            "from": _instant(problem, tight.span.start),
            "to": _instant(problem, tight.span.end),
        }
        found.append({"name": f"{asked.hours:g} h more on {machine_id}", "changes": [change]})
    if not found and not asked.scenarios:
        message = "found no machine that late jobs wait for while it is closed: there is nothing to open"
        raise faulty("marginal.machines", "nothing_closed", message)
    return found


def _instant(problem: Problem, second: int) -> str:
    return datetime.fromtimestamp(problem.epoch + second, UTC).isoformat()
