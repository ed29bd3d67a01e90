"""Plans drawn by a policy: both directions of time, the best so far never lost, the same seed the same plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.shop.calendar import Calendars
from tests.ppo.shops import plant
from workers.ppo.build import Parts, Place, build, from_problem
from workers.ppo.generate import MadeUp, sd2
from workers.ppo.infer import Best, Planner, Sample, Way
from workers.ppo.mirror import mirrored
from workers.ppo.shop import Shop
from workers.ppo.store import in_force

KINDS = ("sd1", "sd2", "brandimarte", "hurink")


def made(kind: str, seed: int = 1) -> Shop:
    return MadeUp(tardy=False).draw(np.random.default_rng(seed), kind)


def best(shop: Shop, count: int = 30, seed: int = 0) -> Best:
    found = Planner(shop, in_force("makespan").weights).best_of(count, seed)
    assert found is not None
    return found


def in_order(shop: Shop, sample: Sample) -> bool:
    """Whether every operation is placed once, after what it follows."""
    place = np.argsort(sample.operations)
    following = [
        (before, int(shop.after[at]))
        for before in range(len(shop.job))
        for at in range(shop.next_first[before], shop.next_first[before + 1])
    ]
    once = sorted(sample.operations.tolist()) == list(range(len(shop.job)))
    return once and all(place[before] < place[after] for before, after in following)


def with_lanes() -> Shop:
    """A shop whose machines work on one, two or three operations at a time."""
    parts = sd2(np.random.default_rng(4), 8, 3)
    places = [Place(lanes=[0] * count) for count in (1, 2, 3)]
    return build(Parts(parts.works, places, parts.due, parts.weight))


@pytest.mark.parametrize("kind", [*KINDS, "lanes"])
def test_a_plan_made_backwards_is_a_plan_and_no_longer_forwards(kind: str) -> None:
    shop = with_lanes() if kind == "lanes" else made(kind)
    weights, mirror = in_force("makespan").weights, mirrored(shop)
    assert mirror is not None
    there, back = Way(mirror, weights), Way(shop, weights)
    backwards = there.choose(lambda: False)
    assert backwards is not None and backwards.complete
    forwards = back.turned(backwards)
    assert in_order(shop, forwards)
    assert forwards.value == forwards.ends.max() <= backwards.value
    again = there.turned(forwards)
    assert in_order(mirror, again) and again.value <= forwards.value


@pytest.mark.parametrize("has", [{"setups": True}, {"calendars": True}], ids=str)
def test_what_is_tied_to_time_is_not_run_backwards(has: dict[str, Any]) -> None:
    problem = plant(20, 5, **has)
    assert mirrored(from_problem(problem, range(20), Calendars(problem), tardy=False)[0]) is None


def test_weighted_tardiness_is_not_run_backwards() -> None:
    assert mirrored(MadeUp(tardy=True).draw(np.random.default_rng(1), "sd1")) is None


@pytest.mark.parametrize("kind", KINDS)
def test_more_plans_are_never_worse(kind: str) -> None:
    shop = made(kind, 2)
    found = best(shop)
    assert in_order(shop, found.plan)
    assert found.plan.value <= found.passes.value <= found.greedy.value
    assert found.tried == 30
    assert best(shop, 60).plan.value <= found.plan.value
    assert best(shop).plan.operations.tolist() == found.plan.operations.tolist()


def test_weighted_tardiness_is_never_worse_for_more_plans() -> None:
    shop = MadeUp(tardy=True).draw(np.random.default_rng(5), "plant")
    planner = Planner(shop, in_force("weighted_tardiness").weights)
    values = []
    for count in (1, 11, 40):
        found = planner.best_of(count, 3)
        assert found is not None and found.tried == count and in_order(shop, found.plan)
        assert found.passes is found.greedy
        values.append(found.plan.value)
    assert values == sorted(values, reverse=True)
    assert planner.forwards.weights is in_force("weighted_tardiness").weights


def test_one_plan_is_the_greedy_one() -> None:
    found = best(made("hurink"), 1)
    assert found.plan is found.passes is found.greedy and found.tried == 1
    assert found.decisions == len(found.plan.operations)
