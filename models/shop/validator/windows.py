"""Rules of windows and due dates: release, start-after, end-before, hard-due."""

from __future__ import annotations

from models.shop.schedule import Assignment
from models.shop.validator.facts import Facts


def check_windows(facts: Facts) -> None:
    """Nothing starts before its job's release or its ``start_after``, nor ends after its ``end_before``."""
    for a in facts.doubtful:
        if facts.completed(a):
            continue
        operation = facts.operation(a)
        _check_release(facts, a)
        if operation.start_after is not None and a.start < operation.start_after:
            detail = f"{facts.name(a)} starts at {a.start} s, before its start_after at {operation.start_after} s."
            facts.ledger.report("start-after", detail, a)
        if operation.end_before is not None and a.end > operation.end_before:
            detail = f"{facts.name(a)} ends at {a.end} s, after its end_before at {operation.end_before} s."
            facts.ledger.report("end-before", detail, a)


def _check_release(facts: Facts, a: Assignment) -> None:
    """A release by second zero binds only what already ran: it may be listed as a conflict but need not be."""
    job = facts.job(a)
    release = job.earliest or min(0, job.release or 0)
    if a.start < release and (release > 0 or job.release is not None):
        detail = f"{facts.name(a)} starts at {a.start} s, before its job's release at {release} s."
        facts.ledger.report("release", detail, a, optional=release <= 0)


def check_hard_due_dates(facts: Facts) -> None:
    """No job with a hard due date is late, except by fixed work.

    Fixed work of a job that stays unscheduled may be listed as a conflict but need not be: the job is not late.
    """
    for a in facts.doubtful:
        job = facts.job(a)
        if not facts.completed(a) and job.due_hard and job.due is not None and a.end > job.due:
            detail = f"{facts.name(a)} ends at {a.end} s, after its job's hard due date at {job.due} s."
            facts.ledger.report("hard-due", detail, a, optional=job.index in facts.left_out)
