"""The rule of fixed work: it stands exactly as given."""

from __future__ import annotations

from models.shop.problem import FixedWork
from models.shop.schedule import Assignment
from models.shop.validator.facts import Facts


def check_fixed(facts: Facts) -> None:
    """Each piece of fixed work is in the schedule as given and marked so; nothing else is marked.

    The end of running and pinned work follows from its time, which the duration rule checks.
    """
    for key, work in facts.fixed.items():
        found = [a for a in facts.by_operation.get(work.operation, ()) if a.lot == work.lot]
        if not found:
            facts.ledger.report("fixed", f"The fixed work {facts.ledger.name(*key)} is not in the schedule.")
        for a in found:
            _check_one(facts, a, work)
    for a in facts.assignments:
        if a.fixed and facts.work(a) is None:
            facts.ledger.report("fixed", f"{facts.name(a)} is marked as fixed, but is not.")


def _check_one(facts: Facts, a: Assignment, work: FixedWork) -> None:
    pairs = {
        "machine": (a.machine, work.machine),
        "operator": (a.operator, work.operator),
        "start": (a.start, work.start),
        "share": (a.share, work.share),
    }
    if work.completed:
        pairs["end"] = (a.end, work.end)
        if a.end > 0:
            facts.ledger.report("fixed", f"The completed work {facts.name(a)} ends at {a.end} s, after second zero.")
    wrong = [f"{what} {found} instead of {given}" for what, (found, given) in pairs.items() if found != given]
    if not a.fixed:
        wrong.append("no mark that it is fixed")
    if wrong:
        facts.ledger.report("fixed", f"The fixed work {facts.name(a)} has {', '.join(wrong)}.")
