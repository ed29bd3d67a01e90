"""The portfolio of dispatch rules: which are tried, in which order, and how the best plan is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from models.shop.alone import topological
from models.shop.calendar import Calendars
from models.shop.objective import evaluate
from models.shop.problem import Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import Timeline, replay
from workers.dispatch.event import EventDispatch, HeapQueues, ScanQueues
from workers.dispatch.patience import Clock, OutOfTime, hurried
from workers.dispatch.probes import Probes
from workers.dispatch.rules import BOOST, LOOK_AHEAD, ROUTED_LOOK_AHEAD, Rule
from workers.dispatch.serial import SerialDispatch
from workers.dispatch.work import Floats, Work
from workers.engine import Levels, Limits, Unwatched, Watch

LEADING = 3
"""How many rules are tried in every way before the others are."""

PROMOTIONS = 6
"""How many times jobs left out are promoted before dispatch accepts that they stay out."""

ENDLESS = Clock(math.inf)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to make a plan: ``way`` is ``event``, ``ect`` or ``active``; ``cut`` cuts operations into lots."""

    rule: Rule
    way: str
    cut: bool = False

    @property
    def name(self) -> str:
        """Rule, way and look-ahead as they are shown, such as ``atc/event/k=2``."""
        parts = [
            self.rule.name,
            self.way,
            *([f"k={self.rule.k:g}"] if self.rule.k else []),
            *(["lots"] if self.cut else []),
        ]
        return "/".join(parts)


@dataclass(frozen=True, slots=True)
class Plan:
    """The best plan of a portfolio, with its schedule, its levels, how it was made and how many plans were made."""

    decisions: tuple[Decision, ...]
    schedule: Schedule
    levels: Levels
    attempt: Attempt
    tried: int


class Dispatcher:
    """Makes plans for some jobs of a problem; work and calendars are shared between the attempts."""

    def __init__(self, problem: Problem, jobs: Collection[int], calendars: Calendars | None = None) -> None:
        self.problem, self.jobs = problem, jobs
        self.calendars = calendars or Calendars(problem)
        self._work: dict[bool, Work] = {}

    def work(self, cut: bool) -> Work:
        """The jobs' pieces, cut into lots or not."""
        if cut not in self._work:
            self._work[cut] = Work(self.problem, self.jobs, cut=cut)
        return self._work[cut]

    def make(
        self, attempt: Attempt, promoted: Collection[int] = (), clock: Clock = ENDLESS, *, complete: bool = False
    ) -> tuple[Decision, ...]:
        """The decisions of one attempt; pieces of ``promoted`` jobs go before all others.

        Where the ``clock`` runs out they are completed in a hurry; raises OutOfTime instead unless ``complete``.
        """
        work = self.work(attempt.cut)
        boost: Floats | None = None
        if promoted:
            boost = np.array([BOOST if piece.job in promoted else 0.0 for piece in work.pieces])
        scorer = attempt.rule.scorer(work, boost)
        probes = Probes(work, Timeline(self.problem, self.calendars), self.calendars, clock)
        run: EventDispatch | SerialDispatch
        if attempt.way == "event":
            queues = (ScanQueues if attempt.rule.moving else HeapQueues)(work, scorer)
            run = EventDispatch(work, queues, probes, self.calendars)
        else:
            run = SerialDispatch(work, scorer, probes)
        try:
            return _completed(work, _decided(run, attempt.way, routed=work.routed))
        except OutOfTime:
            if not complete:
                raise
        return (*run.decisions, *hurried(work, run.decisions, probes.timeline))

    def plan(
        self, attempt: Attempt, promoted: Collection[int] = (), clock: Clock = ENDLESS, *, complete: bool = False
    ) -> Plan:
        """One attempt (as ``make`` has it), replayed and measured."""
        decisions = self.make(attempt, promoted, clock, complete=complete)
        schedule = replay(self.problem, decisions, self.jobs, self.calendars)
        return Plan(decisions, schedule, evaluate(self.problem, schedule, self.jobs, self.calendars), attempt, 1)


def _decided(run: EventDispatch | SerialDispatch, way: str, *, routed: bool) -> list[Decision]:
    if isinstance(run, EventDispatch):
        return run.run()
    if way == "active":
        return run.active()
    return run.earliest_start() if routed else run.in_order()


def _completed(work: Work, decisions: list[Decision]) -> tuple[Decision, ...]:
    """The decisions, and after them those that broke off, on fastest machines: replay places them or says why not."""
    if len(decisions) < len(work.pieces):
        decided = {(decision.operation, decision.lot) for decision in decisions}
        for operation in topological(work.problem, work.by_operation):
            for piece in (work.pieces[number] for number in work.by_operation.get(operation, ())):
                if (operation, piece.lot) not in decided and piece.options:
                    fastest = min(piece.options, key=piece.options.__getitem__)
                    decisions.append(Decision(operation, fastest, None, piece.lot, piece.share))
    return tuple(decisions)


def attempts(problem: Problem, work: Work) -> Iterator[Attempt]:
    """Every attempt for a problem, most promising first for its first objective level."""
    level = problem.objective[0] if problem.objective else {"makespan": 1000}
    dated = work.dated and any("tard" in term for term in level)
    atc = [Rule("atc", k) for k in (ROUTED_LOOK_AHEAD if work.routed else LOOK_AHEAD)]
    edd = [Rule("edd")] if work.dated else []
    setups = [Rule("sst")] if work.mean_setup else []
    routed = [Rule("mwkr"), Rule("mor")] if work.routed else []
    loads = [Rule("lpt"), Rule("lfj")]
    if dated:
        rules = [*atc[:3], *edd, *atc[3:], Rule("spt"), *routed, *setups, *loads]
    elif "total_flow_time" in level:
        rules = [Rule("spt"), *atc, *routed, *setups, *loads, *edd]
    elif work.routed:
        rules = [*atc[:3], *routed, *atc[3:], *setups, Rule("spt"), *loads, *edd]
    else:
        rules = [*loads, *setups, *atc, Rule("spt"), *edd]
    if work.routed:
        # where operators are shared, `event` is the quickest way to a plan and `active` the one to the best plan
        ways: tuple[str, ...] = ("event", "active", "ect") if problem.operators else ("ect", "event", "active")
    else:
        ways = ("event", "ect") if dated else ("ect", "event")
    cuttable = any(operation.max_lots > 1 for operation in problem.operations)
    for cut in (True, False) if cuttable else (False,):
        for rank in range(2):
            # the leading rules in every way come before the others
            for way in ways:
                chosen = [*atc, *routed] if way == "active" else rules
                yield from (Attempt(rule, way, cut) for rule in (chosen[LEADING:] if rank else chosen[:LEADING]))


def dispatch_plans(
    problem: Problem,
    jobs: Collection[int],
    limits: Limits,
    calendars: Calendars | None = None,
    watch: Watch | None = None,
) -> Plan:
    """The best plan of the portfolio by the deadline; always at least one, whatever the deadline.

    The first may take ``limits.patience`` longer, unless ``watch`` stops it; then it is completed in a hurry. Others
    that the deadline overtakes are given up.

    Where the best plan leaves jobs out, those jobs are promoted before all others and planned again in the same way, a
    few times over (D. Joslin and D. Clements, "Squeaky wheel optimization", JAIR 10, 1999). Deterministic but for the
    deadline.
    """
    watch = watch or Unwatched()
    dispatcher = Dispatcher(problem, jobs, calendars)
    best: Plan | None = None
    tried = 0
    longest = 0.0

    first = Clock(limits.deadline + limits.patience, watch.cancelled)
    further = Clock(limits.deadline, watch.cancelled)

    def ended() -> bool:
        return best is not None and (watch.cancelled() or limits.seconds_left <= longest)

    for attempt in attempts(problem, dispatcher.work(False)):
        if ended():
            break
        begun = time.monotonic()
        try:
            plan = dispatcher.plan(attempt, (), first if best is None else further, complete=best is None)
        except OutOfTime:
            break
        tried += 1
        longest = max(longest, time.monotonic() - begun)
        if best is None or plan.levels < best.levels:
            best = plan
            watch.incumbent(plan.levels)
    assert best is not None, "there is always an attempt"
    promoted: set[int] = set()
    current = best
    for _ in range(PROMOTIONS):
        left_out = {entry.job for entry in current.schedule.unscheduled if entry.reason != "never_fits"} - promoted
        if not left_out or ended():
            break
        promoted |= left_out
        try:
            current = dispatcher.plan(best.attempt, promoted, further)
        except OutOfTime:
            break
        tried += 1
        if current.levels < best.levels:
            best = current
            watch.incumbent(current.levels)
    return Plan(best.decisions, best.schedule, best.levels, best.attempt, tried)
