"""Objective levels one after another, and within a level one part of the batch after another.

A level is minimised until it is proved or its share of the time is used; then it is kept at its best while the next one
is minimised. Parts of a batch that share no machine are planned apart wherever the objective allows it, which is exact:
sums add up, and of a maximum only the worst part matters.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from models.shop.problem import MAX_TERMS, Level
from models.shop.schedule import Decision
from monitoring.logs import get
from workers.cpsat.constraints import add_rules
from workers.cpsat.hinted import Variable
from workers.cpsat.horizon import Windows, windows
from workers.cpsat.objective import goal, separable
from workers.cpsat.plan import Plan, decisions_of, replayed
from workers.cpsat.scope import Part, Scope, parts
from workers.cpsat.search import Task, search
from workers.cpsat.unsupported import too_large, unplanned
from workers.cpsat.variables import Variables
from workers.engine import Levels, Limits, Watch

log = get(__name__)

LEVEL_SHARE = 0.8
"""A level with others after it takes at most this part of the time that is left."""

WRAP_UP_SECONDS = 0.1
"""Kept back of the time for the last replay."""

LEAST_SHARE = 0.2
"""A search gets at least this many seconds, where they are left: less is spent on presolving alone."""

LEAST_SECONDS = 0.05
"""With less time than this left, no search is started."""


@dataclass
class State:
    """A part with its best plan so far, and what is proved of each level for the part alone.

    At the level being minimised, ``tried`` says that this pass has searched the part, ``exhausted`` that nothing better
    is left to find (which proves a bound only where the windows are complete). ``reason`` says why the part is left as
    it is; ``build_seconds`` is how long its last model took to build.
    """

    part: Part
    plan: Plan | None
    bounds: list[int | None]
    tried: bool = False
    exhausted: bool = False
    reason: str | None = None
    build_seconds: float = 0.0

    @property
    def size(self) -> int:
        """How much there is to decide."""
        return 1 + sum(len(operation.options) for operation in self.part.operations)

    def value(self, level: int) -> int | None:
        """The plan's value at a level; None without a plan."""
        return None if self.plan is None else self.plan.levels[level + 1]

    def windows(self, scope: Scope, known: Sequence[int | None]) -> Windows | None:
        """How late the operations may end; ``known`` is what the first levels may come to."""
        end = None if self.plan is None else max((a.end for a in self.plan.placed.values()), default=0)
        return windows(scope, self.part, list(zip(scope.problem.objective, known, strict=False)), end)

    def settled(self, level: int) -> bool:
        """Whether the plan's value at a level is proved to be the least."""
        return self.plan is not None and self.bounds[level] == self.value(level)


@dataclass
class Solve:
    """The search for a plan of a batch. After ``run``, ``decisions`` and ``bounds`` tell how it ended.

    ``floors`` are lower bounds of the batch that are known before, aligned with ``Levels``. ``bounds_first``: see
    ``Task``.
    """

    scope: Scope
    limits: Limits
    watch: Watch
    start: Sequence[Decision] = ()
    states: list[State] = field(default_factory=list)
    told: Levels | None = None
    floors: Sequence[int | None] = ()
    bounds_first: bool = False

    def __post_init__(self) -> None:
        levels = self.scope.problem.objective
        found = parts(self.scope)
        if not all(separable(level) for level in levels):
            found = (Part(self.scope.jobs, self.scope.operations),)
        whole = _uncut(self.start)
        for part in found:
            mine = {operation.number for operation in part.operations}
            plan = replayed(self.scope, part, [d for d in whole if d.operation in mine])
            state = State(part, plan if plan.complete else None, [None] * len(levels))
            for k, level in enumerate(levels):
                state.bounds[k] = self._trivial(state, level, k)
            if part.operations:
                limits = state.windows(self.scope, [state.value(0)])
                state.reason = too_large(self.scope, part, None if limits is None else limits.reach)
                if state.plan is None:
                    state.reason = state.reason or unplanned(self.scope, part)
            self.states.append(state)
        self.deadline = self.limits.deadline - min(WRAP_UP_SECONDS, 0.1 * self.limits.seconds_left)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The best plan's decisions, part after part (parts share no machine, so their order does not matter)."""
        return tuple(d for state in self.states if state.plan is not None for d in state.plan.decisions)

    @property
    def complete(self) -> bool:
        """Whether every part has a plan."""
        return all(state.plan is not None for state in self.states)

    @property
    def bounds(self) -> tuple[int | None, ...]:
        """Lower bounds aligned with ``Levels``; a later level's counts only where the earlier ones are proved."""
        problem = self.scope.problem
        cut = {problem.operations[n].max_lots > 1 for job in self.scope.left_out for n in problem.jobs[job].operations}
        left_out = 0 if True in cut else sum(problem.jobs[job].weight for job in self.scope.left_out)
        found: list[int | None] = [left_out]
        proved = True
        for k in range(len(problem.objective)):
            found.append(self._bound(k) if proved else None)
            proved = proved and self._settled(k)
        return tuple(found)

    @property
    def handed_over(self) -> str | None:
        """Why nothing can be done for the batch: a part that is not modelled has no plan, or no part is modelled."""
        reasons = [state.reason for state in self.states if state.reason]
        modelled = any(state.part.operations and not state.reason for state in self.states)
        stuck = any(state.reason and state.plan is None for state in self.states)
        return reasons[0] if reasons and (stuck or not modelled) else None

    def run(self) -> None:
        """Minimises level after level until all are proved, the deadline, or the watcher cancels."""
        objective = self.scope.problem.objective
        for k in range(len(objective)):
            left = self.deadline - time.monotonic()
            last = k == len(objective) - 1
            self._level(k, time.monotonic() + (left if last else LEVEL_SHARE * left))
            self.watch.bound(self.bounds)

    def _level(self, k: int, deadline: float) -> None:
        """One level: in passes over the parts whose share of it is not proved yet, each with its share of the time."""
        for state in self.states:
            state.tried = state.exhausted = False
        while not self.watch.cancelled():
            waiting = [state for state in self.states if self._matters(state, k)]
            left = deadline - time.monotonic()
            waiting = [state for state in waiting if left > LEAST_SECONDS + 2 * state.build_seconds]
            if not waiting:
                return
            fresh = [state for state in waiting if not state.tried]
            if not fresh:
                for state in waiting:
                    state.tried = False
                fresh = waiting
            state = fresh[0]
            state.tried = True
            share = left * state.size / sum(other.size for other in fresh)
            self._search(state, k, time.monotonic() + min(left, max(share, LEAST_SHARE + 2 * state.build_seconds)))

    def _matters(self, state: State, k: int) -> bool:
        """Whether a better plan of this part would make the level better, or a better bound prove it."""
        if state.reason:
            return False
        if state.plan is None:
            return not state.exhausted
        if state.settled(k) or state.exhausted or not state.part.operations:
            return False
        if not _maximum(self.scope.problem.objective[k]):
            return True
        value, known = state.value(k), self._bound(k)
        return value is not None and (known is None or value > known)

    def _search(self, state: State, k: int, deadline: float) -> None:
        """One search for one part at one level, the earlier levels kept."""
        scope, objective = self.scope, self.scope.problem.objective
        caps = [self._cap(state, j) for j in range(k)]
        limits = state.windows(scope, [*caps, state.value(k)])
        if limits is None:
            return
        begun = time.monotonic()
        variables = Variables(scope, state.part, limits, {} if state.plan is None else state.plan.placed)
        clock = add_rules(variables)
        for level, cap in zip(objective[:k], caps, strict=True):
            if cap is not None:
                earlier = goal(variables, clock, level)
                variables.model.cp.add(earlier.expression <= earlier.at_most(cap))
        aim = goal(variables, clock, objective[k])
        variables.model.cp.minimize(aim.expression)
        least = self._floor(k) if len(self.states) == 1 else state.bounds[k]
        if least is not None and not _may_be_cut(state.part):
            variables.model.cp.add(aim.expression >= aim.at_least(least))
        state.build_seconds = time.monotonic() - begun
        enough = self._bound(k) if _maximum(objective[k]) else None

        def keep(value: Callable[[Variable], int]) -> None:
            self._keep(state, decisions_of(variables, value))

        found = search(
            variables.model,
            Task(
                deadline,
                self.limits.threads,
                self.limits.seed,
                self.limits.gap_tolerance,
                stop=self.watch.cancelled,
                found=keep,
                enough=None if enough is None else aim.at_most(enough),
                bounds_first=self.bounds_first,
                routed=state.part.routed,
            ),
        )
        state.exhausted = found.proved
        if found.value is not None:
            keep(found.value)
        elif found.proved and limits.complete:
            log.error("cpsat_contradiction", level=k, operations=len(state.part.operations))
        if found.bound is not None and limits.complete and not _may_be_cut(state.part):
            self._prove(state, k, aim.least(found.bound))

    def _keep(self, state: State, decisions: Sequence[Decision]) -> None:
        """Takes over a plan if it is the best of its part, and tells the watcher if that makes the batch better."""
        plan = replayed(self.scope, state.part, decisions)
        if not plan.complete or (state.plan is not None and plan.levels >= state.plan.levels):
            return
        state.plan = plan
        levels = self._levels()
        if levels is not None and (self.told is None or levels < self.told):
            self.told = levels
            self.watch.incumbent(levels)

    def _prove(self, state: State, k: int, bound: int) -> None:
        """Takes over a bound; one above the plan's value would be a contradiction, and then nothing is proved."""
        value, known = state.value(k), state.bounds[k]
        if value is not None and bound > value:
            log.error("cpsat_bound_above_value", level=k, bound=bound, value=value)
            return
        state.bounds[k] = bound if known is None else max(known, bound)

    def _cap(self, state: State, k: int) -> int | None:
        """What a part may spend of an earlier level: a maximum of the batch's, a sum of its own."""
        if _maximum(self.scope.problem.objective[k]):
            values = [other.value(k) for other in self.states]
            return None if None in values else max(value for value in values if value is not None)
        return state.value(k)

    def _levels(self) -> Levels | None:
        """The batch's value; None while a part has no plan."""
        plans = [state.plan for state in self.states if state.plan is not None]
        if len(plans) < len(self.states):
            return None
        left_out = sum(self.scope.problem.jobs[job].weight for job in self.scope.left_out)
        found = [left_out + sum(plan.levels[0] for plan in plans)]
        for k, level in enumerate(self.scope.problem.objective):
            values = [plan.levels[k + 1] for plan in plans]
            found.append(max(values, default=0) if _maximum(level) else sum(values))
        return tuple(found)

    def _bound(self, k: int) -> int | None:
        """What is proved of a level for the batch: of a maximum the greatest, of a sum all parts together."""
        bounds = [state.bounds[k] for state in self.states]
        known = [bound for bound in bounds if bound is not None]
        proved = [] if self._floor(k) is None else [self._floor(k)]
        if _maximum(self.scope.problem.objective[k]):
            proved += known
        elif len(known) == len(bounds):
            proved.append(sum(known))
        return max((bound for bound in proved if bound is not None), default=None)

    def _floor(self, k: int) -> int | None:
        """What was known before of a level's lower bound."""
        return self.floors[k + 1] if len(self.floors) > k + 1 else None

    def _settled(self, k: int) -> bool:
        """Whether the batch's value at a level is proved to be the least."""
        levels = self._levels()
        return levels is not None and levels[k + 1] == self._bound(k)

    def _trivial(self, state: State, level: Level, k: int) -> int | None:
        """What needs no proof: nothing is below 0 but flow times, and a part without free operations is what it is."""
        if not state.part.operations:
            return state.value(k)
        return None if level.get("total_flow_time") else 0


def _maximum(level: Level) -> bool:
    return any(coefficient and term in MAX_TERMS for term, coefficient in level.items())


def _may_be_cut(part: Part) -> bool:
    """Whether a plan with lots could be better than any plan of the model, which cuts nothing."""
    return any(operation.max_lots > 1 for operation in part.operations)


def _uncut(decisions: Sequence[Decision]) -> list[Decision]:
    """Each operation once and whole, where its first lot stands."""
    seen: dict[int, Decision] = {}
    for decision in decisions:
        seen.setdefault(decision.operation, Decision(decision.operation, decision.machine, decision.operator))
    return list(seen.values())
