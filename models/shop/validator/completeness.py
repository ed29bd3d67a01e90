"""Rules of completeness: missing, duplicate, unscheduled."""

from __future__ import annotations

from collections import Counter

from models.shop.problem import WHOLE_SHARE, Job
from models.shop.schedule import REASONS, Unscheduled
from models.shop.validator.alone import Alone
from models.shop.validator.facts import Facts


def check_completeness(facts: Facts) -> None:
    """Every operation of every scheduled job is there exactly once; of other jobs only fixed work is."""
    for operation in facts.problem.operations:
        row = facts.by_operation.get(operation.number, ())
        if len(row) == 1 and operation.job not in facts.left_out:
            continue
        if not row and operation.job not in facts.left_out:
            facts.ledger.report("missing", f"{facts.ledger.name(operation.number)} is not in the schedule.")
        for lot, count in Counter(a.lot for a in row).items():
            if count > 1:
                name = facts.ledger.name(operation.number, lot)
                facts.ledger.report("duplicate", f"{name} is in the schedule {count} times.")
        if len(row) > 1 and any(a.share == WHOLE_SHARE for a in row):
            name = facts.ledger.name(operation.number)
            facts.ledger.report("duplicate", f"{name} is in the schedule whole and again.")
        if operation.job in facts.left_out:
            for a in row:
                if facts.work(a) is None:
                    detail = f"{facts.name(a)} is in the schedule, but its job is told to be unscheduled."
                    facts.ledger.report("unscheduled", detail)


def check_unscheduled(facts: Facts) -> None:
    """Each job left out is named once, with a reason that can be true."""
    counts = Counter(entry.job for entry in facts.schedule.unscheduled)
    alone = Alone(facts.problem)
    for number, count in counts.items():
        if not 0 <= number < len(facts.problem.jobs):
            facts.ledger.report("unscheduled", f"Job number {number} is told to be unscheduled but does not exist.")
        elif count > 1:
            job_id = facts.problem.jobs[number].job_id
            facts.ledger.report("unscheduled", f"Job {job_id} is told to be unscheduled {count} times.")
    for entry in facts.schedule.unscheduled:
        if 0 <= entry.job < len(facts.problem.jobs):
            _check_reason(facts, facts.problem.jobs[entry.job], entry, alone)


def _check_reason(facts: Facts, job: Job, entry: Unscheduled, alone: Alone) -> None:
    if entry.reason not in REASONS:
        facts.ledger.report("unscheduled", f"Job {job.job_id} is unscheduled for an unknown reason, {entry.reason}.")
    elif entry.reason == "lcd_hard" and (not job.due_hard or job.due is None):
        detail = f"Job {job.job_id} is unscheduled for its hard due date but has none."
        facts.ledger.report("unscheduled", detail)
    elif entry.reason == "never_fits" and all(alone.fits(number) for number in job.operations):
        detail = f"Job {job.job_id} is unscheduled as never fitting, but each of its operations fits by itself."
        facts.ledger.report("unscheduled", detail)
