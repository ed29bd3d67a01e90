"""What a training can begin with: the weights of a policy, and finished plans, to choose as they did.

Behaviour cloning (D. Pomerleau, Neural Computation 3, 1991) of what ``workers.ppo.plans`` finds in them. Needs the
extra ``train``; no worker imports this.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from workers.ppo.forward import Weights
from workers.ppo.network import HIDDEN, Network
from workers.ppo.plans import Example, choices

PASSES, BATCH, RATE = 10, 256, 1e-3


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


def imitate(network: Network, examples: Sequence[Example], seed: int, passes: int = PASSES) -> tuple[float, float, int]:
    """Teaches the network; returns in how many of how many choices (a share) it agreed before and after, and of how
    many.
    """
    seen, masks, chosen = choices(examples)
    if not len(chosen):
        return 0.0, 0.0, 0
    before = _agreement(network, seen, masks, chosen)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    rng = np.random.default_rng(seed)
    for _ in range(passes):
        order = rng.permutation(len(chosen))
        for at in range(0, len(order), BATCH):
            rows = order[at : at + BATCH]
            loss = cross_entropy(_scores(network, seen[rows], masks[rows]), torch.from_numpy(chosen[rows]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return before, _agreement(network, seen, masks, chosen), len(chosen)


def _scores(network: Network, seen: np.ndarray, masks: np.ndarray) -> torch.Tensor:
    scores = network.forward_actor(torch.from_numpy(seen))
    return scores.masked_fill(torch.from_numpy(~masks), -1e9)


def _agreement(network: Network, seen: np.ndarray, masks: np.ndarray, chosen: np.ndarray) -> float:
    with torch.no_grad():
        agreed = [
            int((_scores(network, seen[at : at + BATCH], masks[at : at + BATCH]).argmax(1).numpy() == row).sum())
            for at in range(0, len(chosen), BATCH)
            for row in (chosen[at : at + BATCH],)
        ]
    return sum(agreed) / len(chosen)
