"""What if: scenarios of a plan, solved side by side from where it is, compared, and one of them promoted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from models.shop.carry import carry
from models.shop.faults import InvalidProblem
from models.shop.parts_of_json import part
from models.shop.problem import TERMS, Problem
from models.shop.reading.bounds import MAX_TEXT
from models.shop.reading.row import Faults, Row
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.shop.whatif import changed
from models.store import ids, origins, plants, runs
from models.store.origins import AS_IS, Origin
from models.store.views import RunView
from models.tables.session import reading
from tasks import deferred
from tasks.base import database
from tasks.deferred import COMMAND, Reserved
from tasks.give import Done, UnknownRun, Who
from tasks.planned import Child, Planned, bounds, check_budget, faulty, planned
from workers.explain.tightest import tightest

DIGITS = 6

TIGHTEST_TIMES = 4
"""Finding the tightest machines takes as long as making so many problems."""

_ROW = frozenset({"name", "changes"})


@dataclass(frozen=True, slots=True)
class Group:
    """A group of scenarios: its id, and the runs by name in their order."""

    group_id: str
    runs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Base:
    """What every scenario of a group is made from: the plan as it is, as decisions of a problem, and its pins."""

    problem: Problem
    decisions: tuple[Decision, ...]
    pins: tuple[Mapping[str, Any], ...]


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
        """Makes the problems, or leaves that to workers where the plan is large.

        Raises UnknownRun, NoPlan, and InvalidProblem where a change does not fit the plan.
        """
        check_budget(self.seconds)
        view = deferred.ended(self.schedule_id)
        group_id = ids.run_id()
        children: Sequence[Child | Reserved]
        if deferred.is_large(view, 1 + len(self.scenarios) + TIGHTEST_TIMES * bool(self.marginal)):
            children = self._reserved(view, group_id)
        else:
            base = self.base(planned(self.schedule_id))
            children = self.children(base, [*self._rows(), *_marginal(base, self)], group_id)

        def store(session: Session) -> Done[Group]:
            made = [child.add(session, key_id=who.key_id, actor=who.name) for child in children]
            names = [str(child.origin.detail["name"]) for child in children]
            detail = {"group": group_id, "scenarios": names}
            messages = tuple(("plan", run_id, 1) for run_id in made)
            return Done(Group(group_id, tuple(zip(names, made, strict=True))), self.schedule_id, detail, messages)

        return store

    def base(self, plan: Planned) -> Base:
        """The plan as it is at the moment that the scenarios begin with."""
        second = 0 if self.at is None else plan.second(self.at)
        pins = plan.pinned(second)
        carried = carry(plan.problem, plan.schedule, plan.actuals(second), second, pins=(), hold=pins)
        options = replace(carried.problem.options, deterministic=False)
        if self.seconds is not None:
            options = replace(options, seconds=self.seconds)
        kept = tuple(pin.document() for pin in plan.pins if plan.number(pin) in pins)
        return Base(replace(carried.problem, options=options, request_id=None), carried.decisions, kept)

    def children(self, base: Base, rows: Sequence[Mapping[str, Any]], group_id: str) -> list[Child]:
        """The runs of scenarios, of which the first is the plan as it is. Raises InvalidProblem."""
        problems = _problems(base.problem, rows)
        return [
            Child(
                problem,
                base.decisions,
                Origin(self.schedule_id, "scenario", {**row, "pins": list(base.pins)}, group_id),
            )
            for row, problem in zip(rows, problems, strict=True)
        ]

    def _rows(self) -> list[Mapping[str, Any]]:
        return [{"name": AS_IS, "changes": []}, *self.scenarios]

    def _reserved(self, view: RunView, group_id: str) -> list[Reserved]:
        """A run for each stated scenario; the marginal ones are added once that of the plan as it is was worked out."""
        _check_names(self._rows())
        changes = (
            (f"scenarios[{i}].changes[{k}]", change)
            for i, row in enumerate(self.scenarios)
            for k, change in enumerate(row["changes"] if isinstance(row["changes"], list) else ())
        )
        deferred.check_ids(view.id, changes)
        whole = {"at": None if self.at is None else self.at.isoformat(), "seconds": self.seconds}
        marginal = {"marginal": self.marginal, "hours": self.hours, "alone": not self.scenarios}
        found = []
        for number, row in enumerate(self._rows()):
            command = {**whole, "number": number, **(marginal if number == 0 else {})}
            origin = Origin(self.schedule_id, "scenario", dict(row), group_id)
            found.append(Reserved(view, origin, command, self.seconds))
        return found


def stored(origin: Origin, plan: Planned) -> list[Child]:
    """The run of a scenario of a large plan, and the marginal ones that come with the plan as it is.

    Raises InvalidProblem.
    """
    detail, command = origin.detail, origin.detail[COMMAND]
    at = None if command["at"] is None else datetime.fromisoformat(command["at"])
    row = {"name": detail["name"], "changes": detail["changes"]}
    asked = TryScenarios(
        origin.parent_id, (), command.get("marginal", 0), command.get("hours", 1.0), at, command["seconds"]
    )
    base, group_id = asked.base(plan), origin.group_id or ""
    if command["number"]:
        return asked.children(base, [{"name": AS_IS, "changes": []}, row], group_id)[1:]
    return asked.children(base, [row, *_marginal(base, asked, alone=command["alone"])], group_id)


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
    metrics: Mapping[str, float | None] | None = None if body is None else part(body, "metrics")
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
    _named(rows, faults)
    problems = [
        changed(base, row.get("changes"), faults, f"scenarios[{number - 1}].changes", bounds())
        for number, row in enumerate(rows)
        if isinstance(row, dict)
    ]
    if faults.total:
        raise InvalidProblem(faults.kept, faults.total)
    return problems


def _check_names(rows: Sequence[Mapping[str, Any]]) -> None:
    faults = Faults()
    _named(rows, faults)
    if faults.total:
        raise InvalidProblem(faults.kept, faults.total)


def _named(rows: Sequence[Mapping[str, Any]], faults: Faults) -> None:
    """Notes what is wrong with scenarios whatever the plan: names, and lists of changes."""
    names: set[str | None] = set()
    for number, value in enumerate(rows):
        row = Row.of(faults, f"scenarios[{number - 1}]", value, _ROW)
        if row is None:
            continue
        name = row.text("name", most=MAX_TEXT) if row.require("name") else None
        if name in names:
            row.fault("name", "duplicate", "must differ from the other scenarios' names", name)
        names.add(name)
        if number and not row.fields.get("changes"):
            row.fault("changes", "min_items", "must list at least one change")


def _marginal(base: Base, asked: TryScenarios, *, alone: bool | None = None) -> list[dict[str, Any]]:
    """A scenario for each of the tightest machines, with some more open time where that helps at once."""
    if not asked.marginal:
        return []
    problem = base.problem
    found = []
    for tight in tightest(problem, replay(problem, base.decisions), asked.marginal, asked.hours):
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
    if not found and (not asked.scenarios if alone is None else alone):
        message = "found no machine that late jobs wait for while it is closed: there is nothing to open"
        raise faulty("marginal.machines", "nothing_closed", message)
    return found


def _instant(problem: Problem, second: int) -> str:
    return datetime.fromtimestamp(problem.epoch + second, UTC).isoformat()
