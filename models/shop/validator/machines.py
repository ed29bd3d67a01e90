"""Rules of time, machines and calendars: eligibility, time, calendar, not-interruptible, duration, overlap."""

from __future__ import annotations

from models.shop.problem import MAX_SECONDS
from models.shop.schedule import Assignment
from models.shop.validator.alone import Alone
from models.shop.validator.capacity import check_capacity
from models.shop.validator.facts import Facts
from models.shop.validator.intervals import length


def check_eligibility(facts: Facts) -> None:
    """Every operation runs on a machine that it may run on; completed work too."""
    for a in facts.doubtful:
        if a.machine not in facts.operation(a).options:
            detail = f"{facts.name(a)} is on {facts.machine_name(a)}, where it may not run."
            facts.ledger.report("eligibility", detail, a)


def check_times(facts: Facts) -> None:
    """Nothing but fixed work starts before second zero, everything ends after its start and within reach."""
    for a in facts.doubtful:
        if a.start < 0 and facts.work(a) is None:
            facts.ledger.report("time", f"{facts.name(a)} starts at {a.start} s, before second zero.")
        if a.end <= a.start and not facts.completed(a):
            facts.ledger.report("time", f"{facts.name(a)} ends at {a.end} s, not after its start at {a.start} s.")
        if a.end > MAX_SECONDS:
            facts.ledger.report("time", f"{facts.name(a)} ends at {a.end} s, beyond the last second {MAX_SECONDS}.")


def check_calendars(facts: Facts) -> None:
    """Work starts and ends in open time, makes up its time there, and stays in one open interval if it must.

    What running work waited through before second zero is history: it may be listed as a conflict but need not be.
    Fixed work that open time never lets finish is a conflict of the calendar and counts every second instead.
    """
    alone = Alone(facts.problem)
    for a in facts.doubtful:
        if a.end > a.start and not facts.completed(a):
            stuck = _is_stuck(facts, a, alone)
            _check_progress(facts, a, stuck)
            _check_duration(facts, a, stuck)


def _is_stuck(facts: Facts, a: Assignment, alone: Alone) -> bool:
    """Whether this is fixed work that would never end in open time."""
    seconds = facts.seconds(a)
    if facts.work(a) is None or seconds is None:
        return False
    left = seconds - length(facts.open_within(a, facts.counted_from(a), a.end))
    return left > 0 and alone.never_finishes(a.machine, facts.attended_by(a), a.end, left)


def _check_progress(facts: Facts, a: Assignment, stuck: bool) -> None:
    intervals = facts.open_within(a, a.start, a.end)
    where = facts.machine_name(a)
    if not intervals or intervals[0][0] != a.start:
        detail = f"{facts.name(a)} starts at {a.start} s, when {where} or its operator is closed."
        facts.ledger.report("calendar", detail, a, optional=a.start < 0 and not stuck)
    if stuck:
        detail = f"{facts.name(a)} never ends in open time of {where} and its operator."
        facts.ledger.report("calendar", detail, a)
    elif intervals and intervals[-1][1] != a.end:
        detail = f"{facts.name(a)} ends at {a.end} s, after closed time of {where} or its operator."
        facts.ledger.report("calendar", detail)
    if len(intervals) > 1 and not facts.operation(a).interruptible:
        detail = f"{facts.name(a)} may not be interrupted but waits through closed time before {a.end} s."
        facts.ledger.report("not-interruptible", detail, a, optional=intervals[-1][0] <= 0)


def _check_duration(facts: Facts, a: Assignment, stuck: bool) -> None:
    seconds = facts.seconds(a)
    begin = facts.counted_from(a)
    counted = a.end - begin if stuck else length(facts.open_within(a, begin, a.end))
    if seconds is not None and counted != seconds:
        detail = f"{facts.name(a)} has {counted} s of open time from {begin} s to {a.end} s but takes {seconds} s."
        facts.ledger.report("duration", detail)
    stated = facts.processing(a)
    if a.seconds != stated:
        detail = f"{facts.name(a)} states {a.seconds} s of processing but has {stated} s from second zero on."
        facts.ledger.report("duration", detail)


def check_overlaps(facts: Facts) -> None:
    """A machine runs at most ``capacity`` operations at a time."""
    for machine, row in zip(facts.problem.machines, facts.on_machines(), strict=True):
        check_capacity(facts, row, machine.capacity, "overlap", f"Machine {machine.machine_id} runs")
