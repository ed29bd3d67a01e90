"""How good a policy is on a fixed set of shops, beside dispatch rules that choose among the same candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workers.ppo.environment import Environment
from workers.ppo.forward import Weights, new_scratch, plan
from workers.ppo.generate import KINDS, MadeUp, Source
from workers.ppo.place import MAKESPAN, TARDINESS
from workers.ppo.rules import RULES, by_rule, seeded
from workers.ppo.shop import Shop, State, new_state

VALIDATION_SEED = 20_261
"""Training draws its shops from other seeds."""

EACH_KIND = 16

REAL, REAL_EACH = "real", 3
"""The kind of pieces of real problems, and how many there are for one of a made-up kind."""


@dataclass(frozen=True)
class Case:
    """A shop to judge by, and what a value of 1 means there: the lower bound of the makespan, or a rule's lateness."""

    kind: str
    shop: Shop
    state: State
    scale: float


Scores = Mapping[str, float]
"""By kind, and under ``all`` the mean over kinds: value over scale, smaller is better."""


class Validation:
    """A fixed set of shops for one objective: made-up ones of all kinds, or of one kind, drawn from a ``source``."""

    def __init__(
        self, *, tardy: bool, each: int = EACH_KIND, seed: int = VALIDATION_SEED, source: Source | None = None
    ) -> None:
        environment = Environment()
        self.tardy = tardy
        self.kinds = tuple(KINDS) if source is None else (REAL,)
        each = each if source is None else each * REAL_EACH
        source = source or MadeUp(tardy=tardy)
        self.cases: list[Case] = []
        for number, kind in enumerate(self.kinds):
            rng = np.random.default_rng([seed, number])
            for _ in range(each):
                shop = source.draw(rng, kind)
                environment.begin(shop)
                scale = environment.tardiness_scale if tardy else environment.bound
                self.cases.append(Case(kind, shop, new_state(shop), scale))

    def policy(self, weights: Weights, temperature: float = 0.0, seed: int = 0) -> Scores:
        """What the network scores, taking its best candidate (or drawing one, with a temperature)."""
        scratch, generator = new_scratch(len(weights.first_bias)), seeded(seed)
        values = []
        for case in self.cases:
            plan(case.shop, case.state, weights, scratch, generator, temperature, np.inf, len(case.shop.job) + 1, True)
            values.append(self._value(case))
        return self._scores(values)

    def scores(self, values: Sequence[float]) -> Scores:
        """What plans of those objective values score, one for each case."""
        return self._scores([value / case.scale for value, case in zip(values, self.cases, strict=True)])

    def rules(self) -> dict[str, Scores]:
        """What each rule, and chance, scores; ``best`` is the best rule of each shop."""
        generator = seeded(1)
        values: dict[str, list[float]] = {}
        for number, name in enumerate(RULES):
            values[name] = []
            for case in self.cases:
                by_rule(case.shop, case.state, number, generator)
                values[name].append(self._value(case))
        values["best"] = [min(row) for row in zip(*(values[name] for name in RULES if name != "random"), strict=True)]
        return {name: self._scores(row) for name, row in values.items()}

    def _value(self, case: Case) -> float:
        return float(case.state.values[TARDINESS if self.tardy else MAKESPAN]) / case.scale

    def _scores(self, values: Sequence[float]) -> Scores:
        found = {
            kind: float(np.mean([v for v, case in zip(values, self.cases, strict=True) if case.kind == kind]))
            for kind in self.kinds
        }
        return {**found, "all": float(np.mean(list(found.values())))}
