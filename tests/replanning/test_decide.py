from __future__ import annotations

from models.replanning.decide import LEAST_PRICE, Outcome, Tried, against, best, next_price, without_price

OBJECTIVE = ({"weighted_tardiness": 1000}, {"makespan": 1000})


def outcome(late: float, moves: int = 0, makespan: float = 10.0, left_out: int = 0) -> Outcome:
    return Outcome(left_out, {"weighted_tardiness": late, "makespan": makespan, "changes": moves})


def tried(late: float, moves: int, price: float = LEAST_PRICE) -> Tried:
    return Tried(f"{late}/{moves}", price, outcome(late, moves))


BEFORE = outcome(100.0)


def test_a_first_run_within_the_budget_is_the_last() -> None:
    assert next_price([tried(50, 20)], 20, BEFORE, OBJECTIVE) is None
    assert next_price([tried(50, 20)], None, BEFORE, OBJECTIVE) is None
    assert next_price([tried(50, 20)], 5, None, OBJECTIVE) is None


def test_the_second_price_is_what_a_move_gained_and_the_third_is_steeper_or_between() -> None:
    first = tried(50, 25)
    assert next_price([first], 10, BEFORE, OBJECTIVE) == 5.0
    assert next_price([first, tried(70, 20, 5.0)], 10, BEFORE, OBJECTIVE) == 40.0
    assert next_price([first, tried(90, 3, 5.0)], 10, BEFORE, OBJECTIVE) == 0.071
    assert next_price([first, tried(70, 12, 5.0), tried(90, 3, 40.0)], 10, BEFORE, OBJECTIVE) is None


def test_where_no_run_keeps_the_budget_the_plan_in_force_does() -> None:
    runs = [tried(50, 25), tried(70, 20, 5.0), tried(80, 12, 40.0)]
    assert next_price(runs, 10, BEFORE, OBJECTIVE) == 101.0
    assert next_price([*runs, tried(100, 0, 101.0)], 10, BEFORE, OBJECTIVE) is None
    assert next_price(runs, 10, outcome(100, 11), OBJECTIVE) is None


def test_no_price_is_tried_twice_and_none_is_below_the_least() -> None:
    assert next_price([tried(100, 25)], 10, BEFORE, OBJECTIVE) is None
    assert next_price([tried(100, 25, 0.5)], 10, BEFORE, OBJECTIVE) == LEAST_PRICE


def test_the_best_plan_within_the_budget_counts_or_else_the_calmest() -> None:
    runs = [tried(50, 25), tried(70, 10), tried(80, 8), tried(70, 9)]
    assert best(runs, None, OBJECTIVE) == runs[0]
    assert best(runs, 10, OBJECTIVE) == runs[3]
    assert best(runs, 3, OBJECTIVE) == runs[2]


def test_a_rule_takes_what_is_no_worse_and_within_the_budget() -> None:
    assert against(outcome(90, 5), BEFORE, 5, OBJECTIVE) == ()
    assert against(outcome(100, 0), BEFORE, 5, OBJECTIVE) == ()
    assert against(outcome(90, 5, makespan=99), BEFORE, None, OBJECTIVE) == ()
    assert against(outcome(100, 0), None, 0, OBJECTIVE) == ()
    (worse,) = against(outcome(110), BEFORE, None, OBJECTIVE)
    assert worse == "its weighted_tardiness would be 110.00, and 100.00 where the plan in force goes on"
    (later,) = against(outcome(100, 0, makespan=11), BEFORE, None, OBJECTIVE)
    assert later.startswith("its makespan would be 11.00")
    (fewer,) = against(outcome(10, 0, left_out=1), BEFORE, None, OBJECTIVE)
    assert fewer.startswith("its jobs left out would be 1.00")
    (churn,) = against(outcome(90, 6), BEFORE, 5, OBJECTIVE)
    assert churn == "it moves 6 operations, and at most 5 may be moved"
    (forced,) = against(outcome(90, 6), outcome(100, 6), 5, OBJECTIVE)
    assert forced.endswith("; going on as planned moves 6 by itself")


def test_prices_are_no_part_of_the_objective() -> None:
    priced = ({"weighted_tardiness": 1000, "changes": 5}, {"changes": 1000})
    assert without_price(priced) == ({"weighted_tardiness": 1000},)
    assert outcome(3, 9).levels(priced) == (0.0, 3.0, 0.0)
