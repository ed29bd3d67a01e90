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
from workers.ppo.pieces import Pieces
from workers.ppo.plans import choices, example


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
    seen, masks, chosen = choices([one])
    assert 10 <= len(seen) == len(masks) == len(chosen) <= len(problem.operations)
    assert masks[np.arange(len(chosen)), chosen].all()
    assert len(choices([one, one], most=7)[0]) == 7


def test_a_plan_that_leaves_jobs_out_teaches_nothing() -> None:
    problem = plant(10, 4)
    assert example(problem, replay(problem, ()), tardy=True) is None
