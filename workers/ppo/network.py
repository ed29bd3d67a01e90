"""The policy's network for training, in torch: what ``workers.ppo.forward`` computes, with a value for the critic.

Needs the extra ``train``; no worker imports this.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from torch import Tensor, nn

from workers.ppo.forward import Weights
from workers.ppo.observation import EACH, FEATURES, GLOBALS
from workers.ppo.shop import CANDIDATES

HIDDEN = 64

BEGIN = {"urgency": 2.0, "detour": -1.0, "start": -1.0}
"""Weights of the linear term before a training for weighted tardiness: apparent tardiness cost, on the machine that
ends first. Learning starts from there; for makespan it starts from nothing, and ends no worse."""


class Network(nn.Module):
    """Scores of candidates, and a value of the shop. Empty places are left out of all that costs time."""

    def __init__(self, *, tardy: bool) -> None:
        super().__init__()
        self.latent_dim_pi, self.latent_dim_vf = CANDIDATES, HIDDEN
        self.first = nn.Linear(FEATURES, HIDDEN)
        self.second = nn.Linear(HIDDEN, HIDDEN)
        self.pooled = nn.Linear(2 * HIDDEN + GLOBALS, HIDDEN)
        self.context = nn.Linear(HIDDEN, HIDDEN)
        self.third = nn.Linear(HIDDEN, HIDDEN)
        self.score = nn.Linear(HIDDEN, 1, bias=False)
        self.linear = nn.Linear(FEATURES, 1, bias=False)
        self.value = nn.Sequential(nn.Linear(2 * HIDDEN + GLOBALS, HIDDEN), nn.ReLU())
        with torch.no_grad():
            self.score.weight *= 0.1
            self.linear.weight.zero_()
            for at, feature in enumerate(EACH if tardy else ()):
                self.linear.weight[0, at] = BEGIN.get(feature.name, 0.0)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """(scores, features of the value) of observations, one a row."""
        around, rows, embedding, places, owners = self._embedded(seen)
        return self._scores(around, rows, embedding, places, owners), self.value(around)

    def forward_actor(self, seen: Tensor) -> Tensor:
        """Scores alone."""
        return self._scores(*self._embedded(seen))

    def forward_critic(self, seen: Tensor) -> Tensor:
        """Features of the value alone."""
        value: Tensor = self.value(self._embedded(seen)[0])
        return value

    def _embedded(self, seen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        count = seen.shape[0]
        each = seen[:, GLOBALS:].reshape(count * CANDIDATES, FEATURES)
        places = (each[:, 0] > 0).nonzero().squeeze(1)
        owners = places // CANDIDATES
        rows = each[places]
        embedding = torch.relu(self.second(torch.relu(self.first(rows))))
        sizes = seen.new_zeros(count).index_add_(0, owners, seen.new_ones(len(places))).clamp(min=1)
        mean = seen.new_zeros(count, HIDDEN).index_add(0, owners, embedding) / sizes[:, None]
        index = owners[:, None].expand_as(embedding)
        greatest = seen.new_zeros(count, HIDDEN).scatter_reduce(0, index, embedding, "amax")
        return torch.cat([mean, greatest, seen[:, :GLOBALS]], 1), rows, embedding, places, owners

    def _scores(self, around: Tensor, rows: Tensor, embedding: Tensor, places: Tensor, owners: Tensor) -> Tensor:
        context = self.context(torch.relu(self.pooled(around)))
        found = self.score(torch.relu(self.third(embedding) + context[owners])) + self.linear(rows)
        scores = around.new_zeros(len(around) * CANDIDATES).index_put((places,), found.squeeze(-1))
        return scores.view(len(around), CANDIDATES)

    def weights(self) -> Weights:
        """The arrays that the compiled network takes."""

        def turned(layer: nn.Linear) -> np.ndarray:
            return np.ascontiguousarray(layer.weight.detach().cpu().numpy().T, dtype=np.float32)

        def bias(layer: nn.Linear) -> np.ndarray:
            return layer.bias.detach().cpu().numpy().astype(np.float32)

        return Weights(
            first=turned(self.first),
            first_bias=bias(self.first),
            second=turned(self.second),
            second_bias=bias(self.second),
            pooled=turned(self.pooled),
            pooled_bias=bias(self.pooled),
            context=turned(self.context),
            context_bias=bias(self.context),
            third=turned(self.third),
            third_bias=bias(self.third),
            score=turned(self.score),
            linear=turned(self.linear),
        )


class CandidatePolicy(MaskableActorCriticPolicy):
    """The network as Stable-Baselines3 wants it; ``tardy`` as ``Network`` has it."""

    def __init__(self, *args: Any, tardy: bool = False, **kwargs: Any) -> None:
        self._tardy = tardy
        super().__init__(*args, **kwargs)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = Network(tardy=self._tardy)

    def _build(self, lr_schedule: Any) -> None:
        self.ortho_init = False
        super()._build(lr_schedule)
        self.action_net = nn.Identity()  # the scores are the logits
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)
