"""Rules of operators: operator (who may attend) and operator-capacity (how much at a time)."""

from __future__ import annotations

from models.shop.validator.capacity import check_capacity
from models.shop.validator.facts import Facts


def check_operators(facts: Facts) -> None:
    """Work with a skill has one operator of at least its level; other work has none, unless fixed so."""
    for a in facts.doubtful:
        if facts.completed(a):
            continue
        operation = facts.operation(a)
        if operation.skill is None:
            if a.operator is not None and facts.work(a) is None:
                who = facts.problem.operators[a.operator].operator_id
                facts.ledger.report("operator", f"{facts.name(a)} needs no operator but has {who}.")
        elif a.operator is None:
            detail = f"{facts.name(a)} has no operator but needs skill {operation.skill}."
            facts.ledger.report("operator", detail, a)
        else:
            operator = facts.problem.operators[a.operator]
            level = operator.skills.get(operation.skill, 0)
            if level < operation.skill_level:
                detail = (
                    f"{facts.name(a)} needs skill {operation.skill} of level {operation.skill_level}, "
                    f"operator {operator.operator_id} has level {level}."
                )
                facts.ledger.report("operator", detail, a)


def check_operator_capacity(facts: Facts) -> None:
    """An operator attends at most ``capacity`` operations at a time, each from its start to its end."""
    for operator, row in zip(facts.problem.operators, facts.of_operators(), strict=True):
        check_capacity(facts, row, operator.capacity, "operator-capacity", f"Operator {operator.operator_id} attends")
