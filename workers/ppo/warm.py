"""Compiles what plans with a policy, or loads what was compiled before, so that no request waits for it."""

from __future__ import annotations

import numpy as np

from workers.ppo.build import Parts, Place, Work, build
from workers.ppo.environment import Environment
from workers.ppo.forward import Weights
from workers.ppo.infer import Planner
from workers.ppo.kernel import FOLDER
from workers.ppo.policy import shapes
from workers.ppo.shop import NO_DUE

COMPLETE = FOLDER / "complete"
"""Says that everything was compiled once."""


def warm() -> None:
    """Plans two operations with a policy that knows nothing. Takes about 15 s the first time, a moment after that."""
    works = [Work(0, {0: 60, 1: 90}), Work(0, {0: 60}, before=(0,))]
    shop = build(Parts(works, [Place(), Place()], [NO_DUE], [1.0]))
    environment = Environment()
    environment.begin(shop)
    environment.step(0)
    nothing = Weights(**{name: np.zeros(shape, np.float32) for name, shape in shapes(2).items()})
    Planner(shop, nothing).best_of(2)
    COMPLETE.touch()


def warm_once() -> None:
    """The same, but nothing where all was compiled before."""
    if not COMPLETE.exists():
        warm()
