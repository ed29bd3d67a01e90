"""The validator's entry: runs every check and gathers the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.shop.problem import Problem
from models.shop.schedule import Schedule
from models.shop.validator.completeness import check_completeness, check_unscheduled
from models.shop.validator.facts import Facts
from models.shop.validator.fixed import check_fixed
from models.shop.validator.ledger import ALONE_RULES, PAIR_RULES, Ledger, Verdict
from models.shop.validator.lots import check_lots
from models.shop.validator.machines import check_calendars, check_eligibility, check_overlaps, check_times
from models.shop.validator.metrics import check_metrics, recompute
from models.shop.validator.operators import check_operator_capacity, check_operators
from models.shop.validator.precedence import check_precedence
from models.shop.validator.setups import check_setups
from models.shop.validator.windows import check_hard_due_dates, check_windows

RULES = (
    ALONE_RULES | PAIR_RULES | {"time", "duration", "lots", "missing", "duplicate", "fixed", "unscheduled", "metrics"}
)
"""Stable names of the rules that a violation may carry."""

CHECKS: tuple[Callable[[Facts], None], ...] = (
    check_completeness,
    check_unscheduled,
    check_fixed,
    check_lots,
    check_eligibility,
    check_times,
    check_calendars,
    check_overlaps,
    check_setups,
    check_operators,
    check_operator_capacity,
    check_precedence,
    check_windows,
    check_hard_due_dates,
)


def validate(problem: Problem, schedule: Schedule, metrics: Mapping[str, float | None] | None = None) -> Verdict:
    """Check a schedule against every rule of docs/problem.md.

    ``problem`` is the one that was solved, with ``options.relax`` already applied. ``metrics`` are the stated ones
    (hours, counts and rates as in a result); given, they must equal the recomputed ones within a millionth.
    """
    ledger = Ledger(problem, schedule.fixed_conflicts)
    facts = Facts(problem, schedule, ledger)
    for check in CHECKS:
        check(facts)
    recomputed = recompute(facts)
    if metrics is not None:
        check_metrics(facts, metrics, recomputed)
    ledger.close()
    return Verdict(tuple(ledger.violations), recomputed)
