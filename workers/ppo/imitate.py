"""What a training can begin with: the weights of a policy, and finished plans, to choose as they did.

Behaviour cloning (D. Pomerleau, Neural Computation 3, 1991) of what ``workers.ppo.plans`` finds in them. Needs the
extra ``train``; no worker imports this.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import logsumexp
from torch.nn.functional import log_softmax

from workers.ppo.forward import Weights
from workers.ppo.network import HIDDEN, Network
from workers.ppo.plans import Example, choices
from workers.ppo.shop import Integers

PASSES, BATCH = (4, 10), 512
RATES = (1e-3, 2e-5)
"""Learning rate at the beginning and at the end."""

WORK = 400_000
"""Choices to learn from in all passes together, within PASSES."""

REPEATED = {False: 0, True: 12}
"""Mini-batches repeated before each rollout, for makespan (False) and weighted tardiness (True): there PPO would
unlearn what plants need for the sake of other shops (after A. Nair et al., IEEE ICRA 2018)."""

NEVER = -1e9
"""The score of what is no candidate."""

LAYERS = ("first", "second", "pooled", "context", "third")
"""Of the network, with a bias; ``score`` and ``linear`` have none."""


def take_over(network: Network, weights: Weights) -> None:
    """Gives the network the weights of a policy. Raises ValueError where that has other numbers of hidden units."""
    if len(weights.first_bias) != HIDDEN:
        raise ValueError(f"must have {HIDDEN} hidden units (got {len(weights.first_bias)})")
    arrays = weights._asdict()
    with torch.no_grad():
        for name in (*LAYERS, "score", "linear"):
            layer = getattr(network, name)
            layer.weight.copy_(torch.from_numpy(arrays[name].T))
            if name in LAYERS:
                layer.bias.copy_(torch.from_numpy(arrays[f"{name}_bias"]))


class Imitation:
    """Choices of plans, learned as the odds that all right candidates have together."""

    def __init__(self, examples: Iterable[Example], seed: int) -> None:
        self._seen, self._masks, self._rights = choices(examples, seed=seed)
        self._rng = np.random.default_rng(seed)

    def teach(self, network: Network) -> tuple[float, float, int]:
        """Teaches the network; returns in how many choices (a share) it agreed before and after, of how many."""
        count = len(self._rights)
        if not count:
            return 0.0, 0.0, 0
        before = self._agreement(network)
        optimizer = torch.optim.Adam(network.parameters())
        passes = int(np.clip(WORK // count, *PASSES))
        for turn in range(passes):
            order = self._rng.permutation(count)
            for at in range(0, count, BATCH):
                left = 1 - (turn + at / count) / passes
                optimizer.param_groups[0]["lr"] = RATES[1] + (RATES[0] - RATES[1]) * left
                self._learn(network, optimizer, order[at : at + BATCH])
        return before, self._agreement(network), count

    def repeat(self, network: Network, optimizer: torch.optim.Optimizer, times: int) -> None:
        """Learns some of it again, so many mini-batches, with another learner's optimizer."""
        for _ in range(times if len(self._rights) else 0):
            self._learn(network, optimizer, self._rng.integers(0, len(self._rights), BATCH))

    def _learn(self, network: Network, optimizer: torch.optim.Optimizer, rows: Integers) -> None:
        odds = log_softmax(self._scores(network, rows), 1)
        wrong = torch.from_numpy(~self._rights[rows]).to(odds.device)
        loss = -logsumexp(odds.masked_fill(wrong, NEVER), 1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def _scores(self, network: Network, rows: Integers) -> torch.Tensor:
        device = network.score.weight.device
        scores = network.forward_actor(torch.from_numpy(self._seen[rows].astype(np.float32)).to(device))
        return scores.masked_fill(torch.from_numpy(~self._masks[rows]).to(device), NEVER)

    def _agreement(self, network: Network) -> float:
        agreed = 0
        with torch.no_grad():
            for at in range(0, len(self._rights), BATCH):
                rows = np.arange(at, min(at + BATCH, len(self._rights)))
                first = self._scores(network, rows).argmax(1).cpu().numpy()
                agreed += int(self._rights[rows, first].sum())
        return agreed / len(self._rights)
