"""Pieces of real problems, and what their final plans teach: without torch."""

from __future__ import annotations

import numpy as np
import pytest

from models.shop.objective import LEVEL_UNIT, evaluate
from models.shop.timeline import replay
from tests.ppo.shops import plant
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits
from workers.ppo.envelope import UNKNOWN, measures
from workers.ppo.environment import Environment
from workers.ppo.lessons import lessons
from workers.ppo.pieces import Pieces
from workers.ppo.place import SHOWN
from workers.ppo.plans import Example, choices, example
from workers.ppo.rules import RULES, by_rule, seeded
from workers.ppo.shop import new_state


def test_pieces_are_small_and_as_busy_as_batches_and_the_whole() -> None:
    whole = plant(400, 20, routings=True)
    source = Pieces([whole], tardy=True)
    shops = [source.draw(np.random.default_rng(seed)) for seed in range(20)]
    assert all(150 <= len(shop.job) <= 160 for shop in shops)
    assert all((np.diff(shop.first) > 0).all() for shop in shops), "every operation has a machine"
    loads = [measures(shop)["operations_a_machine"] for shop in shops]
    assert max(loads) <= len(whole.operations) / 20 * 1.01
    assert max(loads) > 2 * min(loads)
    environment = Environment()
    for shop in shops[:3]:
        environment.begin(shop)
        while not environment.done:
            environment.step(0)
        assert environment.complete


def test_a_small_problem_is_its_own_piece() -> None:
    shop = Pieces([plant(6, 8)], tardy=False).draw(np.random.default_rng(1))
    assert len(shop.job) == 6


def test_rules_that_the_problems_have_are_no_longer_unknown() -> None:
    assert Pieces([plant(20, 5)], tardy=True).unknown == set(UNKNOWN)
    assert "operators" not in Pieces([plant(20, 5), plant(20, 5, operators=True)], tardy=True).unknown


def test_nothing_to_learn_on_is_refused() -> None:
    with pytest.raises(ValueError, match="no problem with an operation"):
        Pieces([], tardy=True)


@pytest.mark.parametrize("tardy", [False, True])
def test_a_plan_teaches_the_choices_that_it_was_made_of(tardy: bool) -> None:
    problem = plant(30, 6, routings=True, objective=["weighted_tardiness" if tardy else "makespan"])
    schedule = dispatch_plans(problem, range(30), Limits.within(5)).schedule
    one = example(problem, schedule, tardy=tardy)
    assert one is not None
    assert one.value == pytest.approx(evaluate(problem, schedule)[1] / LEVEL_UNIT * 3600, abs=1.0)
    seen, masks, rights = choices([one])
    assert 10 <= len(seen) == len(masks) == len(rights) <= len(problem.operations)
    assert rights.any(axis=1).all() and (masks & ~rights).any(axis=1).all(), "something is right, something is not"
    assert not (rights & ~masks).any(), "what is right is a candidate"
    assert len(choices([one, one], most=7)[0]) == 7
    again = choices([one])
    assert all((first == second).all() for first, second in zip((seen, masks, rights), again, strict=True))


@pytest.mark.parametrize("tardy", [False, True])
def test_right_choices_in_any_order_lead_to_the_plan(tardy: bool) -> None:
    for seed, one in enumerate(lessons(6, tardy=tardy, seed=3)):
        environment, rng = Environment(), np.random.default_rng(seed)
        environment.begin(one.shop)
        state, queues = environment.state, rows(one)
        while not environment.done:
            count = int(state.counts[SHOWN])
            right = [at for at in range(count) if queues[int(state.to[at])][:1] == [int(state.operation[at])]]
            if not right:
                return  # the plan waits for what is no candidate: nothing is learned there
            at = int(rng.choice(right))
            queues[int(state.to[at])].pop(0)
            environment.step(at)
        assert environment.value == pytest.approx(one.value)


def rows(one: Example) -> dict[int, list[int]]:
    """By machine, its operations in order."""
    order = sorted(one.placed, key=lambda at: (one.placed[at][1], -int(one.shop.chain[at])))
    machines = {machine for machine, _ in one.placed.values()} | set(range(len(one.shop.opening)))
    return {machine: [at for at in order if one.placed[at][0] == machine] for machine in machines}


@pytest.mark.parametrize("tardy", [False, True])
def test_lessons_are_reproducible_and_better_than_every_rule(tardy: bool) -> None:
    found = list(lessons(8, tardy=tardy, seed=1))
    assert [one.value for one in found] == [one.value for one in lessons(8, tardy=tardy, seed=1)]
    assert [one.value for one in found] != [one.value for one in lessons(8, tardy=tardy, seed=2)]
    ratios = []
    for one in found:
        state, generator = new_state(one.shop), seeded(0)
        ruled = min(by_rule(one.shop, state, rule, generator)[tardy] for rule in range(len(RULES) - 1))
        assert one.value <= ruled + 1e-6
        ratios.append(one.value / max(1.0, ruled))
    print(f"lessons over the best rule of each: {np.round(ratios, 3)}")
    assert np.mean(ratios) < 0.95


def test_lessons_end_when_asked_to() -> None:
    seen: list[int] = []
    for _ in lessons(100, tardy=False, seed=1, stop=lambda: len(seen) >= 2):
        seen.append(1)
    assert len(seen) == 2


def test_a_plan_that_leaves_jobs_out_teaches_nothing() -> None:
    problem = plant(10, 4)
    assert example(problem, replay(problem, ()), tardy=True) is None
