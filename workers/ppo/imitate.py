"""Learning from finished plans: before PPO begins, the network is taught to choose as improved plans did.

Behaviour cloning (D. Pomerleau, Neural Computation 3, 1991) of what ``workers.ppo.plans`` finds in them. Needs the
extra ``train``; no worker imports this.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from workers.ppo.network import Network
from workers.ppo.plans import Example, choices

PASSES, BATCH, RATE = 10, 256, 1e-3


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
