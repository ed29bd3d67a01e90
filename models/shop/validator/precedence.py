"""The rule of precedence: an operation starts no earlier than each predecessor's end plus its delay."""

from __future__ import annotations

from models.shop.validator.facts import Facts


def check_precedence(facts: Facts) -> None:
    """Every lot waits for all lots of every predecessor; completed work no longer waits."""
    for operation in facts.problem.operations:
        if not operation.predecessors:
            continue
        for a in facts.by_operation.get(operation.number, ()):
            if facts.completed(a):
                continue
            for number in operation.predecessors:
                for before in facts.by_operation.get(number, ()):
                    if a.start < before.end + operation.min_delay:
                        detail = (
                            f"{facts.name(a)} starts at {a.start} s, before its predecessor {facts.name(before)} "
                            f"ends at {before.end} s and {operation.min_delay} s have passed."
                        )
                        facts.ledger.report("precedence", detail, before, a)
