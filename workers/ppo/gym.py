"""The environment for learners: one shop at a time as Gymnasium has it, many at once as Stable-Baselines3 has it.

Needs the extra ``train``; no worker imports this. Observation, action, mask, reward and ending: see
``workers.ppo.environment``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from workers.ppo import classic
from workers.ppo.environment import Environment
from workers.ppo.generate import Source
from workers.ppo.observation import SIZE
from workers.ppo.shop import CANDIDATES, Bools, Singles

RANGE = 6.0
"""No feature leaves [-RANGE, RANGE]."""


CANDIDATE, BOUND, CLASSIC = "candidates", "bound", "classic"
"""What is observed: every candidate, or the first design's top five; what is rewarded: the bound, or what that did."""


def spaces() -> tuple[Any, Any]:
    """Observation and action space, the same for every shop."""
    return Box(-RANGE, RANGE, (SIZE,), np.float32), Discrete(CANDIDATES)


class ShopEnv(gymnasium.Env[Singles, np.int64]):
    """One shop after another, drawn from a source; ``reset(seed=...)`` makes the draws reproducible.

    An action that is no candidate ends nothing and changes nothing: it stands for the first candidate, so that learners
    without masks (and Gymnasium's checker) can run; ``info["masked"]`` says that it happened. ``action_masks`` is what
    MaskablePPO asks for.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}

    def __init__(self, source: Source) -> None:
        self.observation_space, self.action_space = spaces()
        self._source, self._environment = source, Environment()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Singles, dict[str, Any]]:
        """Begins a new shop."""
        super().reset(seed=seed, options=options)
        self._environment.begin(self._source.draw(self.np_random))
        return self._environment.seen.copy(), {}

    def step(self, action: np.int64) -> tuple[Singles, float, bool, bool, dict[str, Any]]:
        """Plans the candidate in place ``action``."""
        masked = not self._environment.mask[int(action)]
        reward = self._environment.step(0 if masked else int(action))
        done = self._environment.done
        info = {"masked": masked, **({"value": self._environment.value} if done else {})}
        return self._environment.seen.copy(), reward, done, False, info

    def action_masks(self) -> Bools:
        """Which actions are candidates."""
        return self._environment.mask.copy()


class ManyShops(VecEnv):
    """Many shops at once, stepped one after another in compiled code; a finished one gives way to the next.

    ``observation`` and ``reward`` CLASSIC: those of the first design (``workers.ppo.classic``).
    """

    def __init__(
        self, source: Source, count: int, seed: int, *, observation: str = CANDIDATE, reward: str = BOUND
    ) -> None:
        self._classic, self._counted = observation == CLASSIC, reward == CLASSIC
        size, actions = (classic.SIZE, classic.ACTIONS) if self._classic else (SIZE, CANDIDATES)
        super().__init__(count, Box(-RANGE, RANGE, (size,), np.float32), Discrete(actions))
        self.source, self.rng = source, np.random.default_rng(seed)
        self.seen = np.zeros((count, size), np.float32)
        self.mask = np.zeros((count, actions), np.bool_)
        self.environments = [
            Environment() if self._classic else Environment(self.seen[i], self.mask[i]) for i in range(count)
        ]
        self._pairs: list[list[int]] = [[] for _ in range(count)]
        self.returns, self.lengths = np.zeros(count), np.zeros(count, int)
        self.episodes = 0
        self._actions: npt.NDArray[np.int64] = np.zeros(count, np.int64)

    def reset(self) -> Singles:
        """Begins all shops."""
        for at in range(self.num_envs):
            self._begin(at)
        return self.seen.copy()

    def _begin(self, at: int) -> None:
        self.environments[at].begin(self.source.draw(self.rng))
        self._look(at)
        self.returns[at], self.lengths[at] = 0.0, 0

    def _look(self, at: int) -> None:
        if self._classic:
            self._pairs[at] = classic.observe(self.environments[at], self.seen[at], self.mask[at])

    def _take(self, at: int, action: int) -> float:
        environment = self.environments[at]
        place = self._pairs[at][action] if self._classic else action
        operation = int(environment.state.operation[place])
        gained = environment.step(place)
        self._look(at)
        return classic.reward(environment, operation) if self._counted else gained

    def step_async(self, actions: npt.NDArray[np.int64]) -> None:
        """Remembers the choices."""
        self._actions = actions

    def step_wait(self) -> tuple[Singles, Singles, Bools, list[dict[str, Any]]]:
        """Takes the choices."""
        rewards, dones = np.zeros(self.num_envs, np.float32), np.zeros(self.num_envs, np.bool_)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for at, environment in enumerate(self.environments):
            rewards[at] = self._take(at, int(self._actions[at]))
            self.returns[at] += rewards[at]
            self.lengths[at] += 1
            if environment.done:
                dones[at] = True
                infos[at] = {
                    "episode": {"r": float(self.returns[at]), "l": int(self.lengths[at]), "t": 0.0},
                    "terminal_observation": self.seen[at].copy(),
                    "TimeLimit.truncated": False,
                }
                self.episodes += 1
                self._begin(at)
        return self.seen.copy(), rewards, dones, infos

    def close(self) -> None:
        """There is nothing to close."""

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """MaskablePPO asks for ``action_masks`` here."""
        if method_name != "action_masks":
            raise AttributeError(method_name)
        return [row.copy() for row in self.mask]

    def has_attr(self, attr_name: str) -> bool:
        """Whether environments have ``attr_name``."""
        return attr_name == "action_masks"

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """No attribute is told but the absence of a picture."""
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """There is nothing to set."""
        raise AttributeError(attr_name)

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: Any = None
    ) -> list[bool]:
        """Nothing is wrapped."""
        return [False] * self.num_envs
