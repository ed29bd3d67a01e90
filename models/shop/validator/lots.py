"""The rule of lots: shares sum to one, not too many, none too small, numbered from 1 beside those that are fixed."""

from __future__ import annotations

from itertools import count, islice

from models.shop.problem import WHOLE_SHARE
from models.shop.schedule import Assignment
from models.shop.validator.facts import Facts, lot_seconds


def check_lots(facts: Facts) -> None:
    """Check each operation that is carried out; of jobs left out, only what is fixed is there to look at."""
    for number, row in facts.by_operation.items():
        if len(row) == 1 and row[0].share == WHOLE_SHARE and row[0].lot == 1:
            continue
        operation = facts.problem.operations[number]
        for a in row:
            if not 0 < a.share <= WHOLE_SHARE:
                facts.ledger.report("lots", f"{facts.name(a)} has a share of {a.share} millionths.")
            elif a.share < WHOLE_SHARE:
                _check_size(facts, a, operation.min_lot)
        if operation.job not in facts.left_out:
            _check_parts(facts, row, operation.max_lots)


def _check_size(facts: Facts, a: Assignment, smallest: int) -> None:
    whole = facts.operation(a).options.get(a.machine)
    if whole is None or facts.work(a) is not None:
        return
    seconds = lot_seconds(whole, a.share)
    if seconds < smallest:
        facts.ledger.report("lots", f"{facts.name(a)} takes {seconds} s, less than the smallest lot of {smallest} s.")


def _check_parts(facts: Facts, row: list[Assignment], most: int) -> None:
    shares = sum(a.share for a in row)
    name = facts.ledger.name(row[0].operation)
    if shares != WHOLE_SHARE:
        facts.ledger.report("lots", f"The lots of {name} have shares that sum to {shares} millionths.")
    if len(row) > most:
        facts.ledger.report("lots", f"{name} is cut into {len(row)} lots, more than {most}.")
    numbers = sorted(a.lot for a in row)
    fixed = {a.lot for a in row if facts.work(a) is not None}
    free = islice((lot for lot in count(1) if lot not in fixed), len(row) - len(fixed))
    expected = sorted([*fixed, *free])
    if numbers != expected:
        told = ", ".join(map(str, expected))
        facts.ledger.report("lots", f"The lots of {name} are numbered {numbers}, not {told}.")
