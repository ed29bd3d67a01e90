"""The first design of observation and reward, which the defaults are compared with."""

from __future__ import annotations

import numpy as np
import pytest

from workers.ppo import classic
from workers.ppo.environment import Environment
from workers.ppo.generate import KINDS, MadeUp
from workers.ppo.shop import NO_DUE, Bools, Integers, Singles


@pytest.mark.parametrize("tardy", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_step_shows_sixty_numbers_and_a_valid_pair(kind: str, tardy: bool) -> None:
    rng = np.random.default_rng(5)
    environment = Environment()
    seen, mask = np.zeros(classic.SIZE, np.float32), np.zeros(classic.ACTIONS, np.bool_)
    environment.begin(MadeUp(tardy=tardy).draw(rng, kind))
    total = 0.0
    while not environment.done:
        pairs = classic.observe(environment, seen, mask)
        assert mask.any() and np.isfinite(seen).all() and np.abs(seen).max() <= 6.0
        assert [place >= 0 for place in pairs] == mask.tolist()
        place = pairs[int(rng.choice(np.flatnonzero(mask)))]
        operation = int(environment.state.operation[place])
        environment.step(place)
        total += classic.reward(environment, operation)
    shop, end = environment.shop, environment.state.end
    early = int(((shop.due < NO_DUE) & (end <= shop.due)).sum())
    important = int((shop.weight > classic.IMPORTANT_WEIGHT).sum())
    wanted = 10 * len(shop.due) + 20 * important + 5 * early + 50 - 0.1 * len(shop.job)
    assert total == pytest.approx(classic.SCALE * wanted)


def test_shops_are_planned_beside_each_other_to_their_ends() -> None:
    rng = np.random.default_rng(6)
    shops = [MadeUp(tardy=False).draw(rng, kind) for kind in ("sd1", "hurink")]

    def first(seen: Singles, masks: Bools) -> Integers:
        assert seen.shape == (len(masks), classic.SIZE)
        return masks.argmax(1)

    assert all(environment.complete for environment in classic.planned(shops, first))
