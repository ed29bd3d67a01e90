"""From the decisions of all batches to one plan: merged, replayed once, and never worse than dispatching the whole.

Batches are solved as if the others were not there, so their times mean nothing together; only their decisions count.
Merging them into one list and replaying it on the whole problem can never double-book, whatever ran in parallel or
twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.shop.calendar import Calendars
from models.shop.objective import Metrics, measure
from models.shop.objective import levels as levels_of
from models.shop.problem import Problem
from models.shop.schedule import Decision, Schedule
from models.shop.timeline import replay
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Levels, Limits, Report, Watch
from workers.split import Batch, urgency

DISPATCH_SHARE = 0.5
"""At most this part of the time goes into dispatching the whole problem."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of the whole problem.

    ``source`` says what made it: ``start``, ``batch`` or ``urgency`` for the order in which the batches' decisions were
    merged, ``dispatch`` where the rules did better on the whole. ``replaced`` are the batches whose jobs dispatch
    planned because they had no report.
    """

    schedule: Schedule
    metrics: Metrics
    levels: Levels
    source: str
    replaced: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A decision with what the merge orders look at: its batch, its place there, its start there, its job's urgency."""

    decision: Decision
    batch: int
    place: int
    start: int
    urgency: tuple[bool, int, int, int]


def aggregate(
    problem: Problem,
    batches: Sequence[Batch],
    reports: Mapping[int, Report],
    limits: Limits,
    calendars: Calendars | None = None,
    watch: Watch | None = None,
    known: Schedule | None = None,
) -> Plan:
    """One plan of all jobs from the batches' ``reports`` (by batch number), at least as good as the dispatch plan.

    Jobs of batches without a report take the dispatch plan's decisions, or those of ``known``: a plan of all jobs that
    stands in for the dispatch plan where there is one already. ``limits`` bounds the rules tried on the whole problem
    and the merge orders; one of each is always made. Where no two batches share a machine or operator, every merge
    order keeps each batch's plan as it is. Once ``watch`` is cancelled the rest is done in a hurry.
    """
    calendars = calendars or Calendars(problem)
    if known is None:
        share = Limits.within(limits.seconds_left * DISPATCH_SHARE, seed=limits.seed)
        known = dispatch_plans(problem, range(len(problem.jobs)), share, calendars, watch).schedule
    missing = tuple(batch.number for batch in batches if batch.number not in reports)
    best, metrics, source = known, measure(problem, known, None, calendars), "dispatch"
    levels = levels_of(problem, metrics)
    if len(missing) < len(batches):
        merged = _entries(problem, batches, reports, known.decisions(), calendars)
        apart = all(batch.independent for batch in batches)
        for at, (name, key) in enumerate(_orders()):
            if at and (apart or limits.seconds_left <= 0 or (watch is not None and watch.cancelled())):
                break
            decisions = [entry.decision for entry in sorted(merged, key=key)]
            schedule = replay(problem, decisions, None, calendars)
            measured = measure(problem, schedule, None, calendars)
            value = levels_of(problem, measured)
            if value < levels or (value == levels and source == "dispatch"):
                best, metrics, levels, source = schedule, measured, value, name
    return Plan(best, metrics, levels, source, missing)


def _orders() -> Iterator[tuple[str, Callable[[_Entry], tuple[object, ...]]]]:
    """Merge orders. Within a batch each keeps what must come first: precedence and the batch's own order on a
    machine."""
    yield "start", lambda entry: (entry.start, entry.batch, entry.place)
    yield "urgency", lambda entry: (entry.urgency[0], entry.start, entry.urgency, entry.place)
    yield "batch", lambda entry: (entry.batch, entry.place)


def _entries(
    problem: Problem,
    batches: Sequence[Batch],
    reports: Mapping[int, Report],
    spare: Sequence[Decision],
    calendars: Calendars,
) -> list[_Entry]:
    """Every batch's decisions with the times of its own replay; ``spare`` stands in where there is no report."""
    entries: list[_Entry] = []
    for batch in batches:
        members = set(batch.jobs)
        report = reports.get(batch.number)
        decisions = [
            d for d in (spare if report is None else report.decisions) if problem.operations[d.operation].job in members
        ]
        schedule = replay(problem, decisions, batch.jobs, calendars)
        starts = {(row.operation, row.lot): row.start for row in schedule.assignments if not row.fixed}
        last = max(starts.values(), default=0)
        for place, decision in enumerate(decisions):
            start = starts.get((decision.operation, decision.lot), last)
            job = problem.jobs[problem.operations[decision.operation].job]
            entries.append(_Entry(decision, batch.number, place, start, urgency(job)))
    return entries
