"""One episode: a shop, its plan so far, what the policy sees of it and what a choice is worth.

- **Observation**: SIZE numbers (``workers.ppo.observation``): GLOBALS of the shop, then FEATURES for each of CANDIDATES
  places.
- **Action**: the place of the candidate to plan next. **Mask**: the places that hold one; all of them are valid, so
  there are no invalid actions to punish.
- **Reward**: what the choice added to a lower bound of the objective, negative and scaled (``workers.ppo.step``).
- **Ending**: when nothing is left to plan (an episode has as many steps as operations), or when what is left can never
  be placed.
"""

from __future__ import annotations

import numpy as np

from workers.ppo.observation import SIZE
from workers.ppo.place import LEFT, MAKESPAN, SHOWN, TARDINESS
from workers.ppo.rules import ATC, MWKR, by_rule, seeded
from workers.ppo.shop import CANDIDATES, Bools, Shop, Singles, new_state
from workers.ppo.step import reset, step

LEAST_MAKESPAN_SHARE = 0.05
"""Scale of the makespan: what a dispatch rule's plan is longer than the lower bound of the empty plan; at least this
share of the bound. So what can be won is about the same in every shop, whatever its kind and size."""

TARDINESS_SHARE = 0.02
"""Scale of weighted tardiness: that of a dispatch rule's plan, and this share of the bound for all dated weight."""


class Environment:
    """Plans one shop after another. ``seen`` and ``mask`` may be rows of arrays shared with other environments.

    ``chosen`` counts the choices of all episodes, ``refused`` those that were no candidates: always 0, because such a
    choice raises.
    """

    def __init__(self, seen: Singles | None = None, mask: Bools | None = None) -> None:
        self.seen = np.zeros(SIZE, np.float32) if seen is None else seen
        self.mask = np.zeros(CANDIDATES, np.bool_) if mask is None else mask
        self._generator = seeded(0)

    def begin(self, shop: Shop) -> None:
        """Starts an episode."""
        self.shop, self.state = shop, new_state(shop)
        self.rule_makespan, self.rule_tardiness = by_rule(
            shop, self.state, ATC if shop.tardy else MWKR, self._generator
        )
        reset(shop, self.state, self.seen, self.mask)
        self.bound = max(1.0, self.makespan)
        self.makespan_scale = max(self.rule_makespan - self.bound, LEAST_MAKESPAN_SHARE * self.bound)
        dated = float(shop.weight[shop.due < shop.due.max(initial=0) + 1].sum())
        self.tardiness_scale = max(1.0, self.rule_tardiness + TARDINESS_SHARE * dated * self.bound)

    def step(self, action: int) -> float:
        """Takes a candidate; returns the reward. Raises ValueError for a place that holds none."""
        if not 0 <= action < self.state.counts[SHOWN]:
            raise ValueError(f"action must be one of {self.state.counts[SHOWN]} candidates (got {action})")
        return step(self.shop, self.state, self.seen, self.mask, action, self.makespan_scale, self.tardiness_scale)

    @property
    def done(self) -> bool:
        """Whether there is nothing left to choose."""
        return int(self.state.counts[SHOWN]) == 0

    @property
    def complete(self) -> bool:
        """Whether all operations are planned."""
        return int(self.state.counts[LEFT]) == 0

    @property
    def makespan(self) -> float:
        """Lower bound of the makespan in seconds; of a complete plan the makespan."""
        return float(self.state.values[MAKESPAN])

    @property
    def tardiness(self) -> float:
        """Lower bound of the weighted tardiness in weighted seconds; of a complete plan the weighted tardiness."""
        return float(self.state.values[TARDINESS])

    @property
    def value(self) -> float:
        """The objective: tardiness or makespan."""
        return self.tardiness if self.shop.tardy else self.makespan
