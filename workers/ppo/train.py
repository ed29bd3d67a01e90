"""Training a policy with MaskablePPO: what a run does, keeps and can go on from.

Needs the extra ``train``; no worker imports this. The folder of a run holds ``curve.csv`` (a line an evaluation),
``best.npz`` (the weights that did best on the validation shops), ``steps-N.npz`` (weights along the way) and
``checkpoint.pt``, from which a run is resumed: tensors and numbers alone, read with ``weights_only``, so that no code
in it is run. An archive of Stable-Baselines3 is never written nor read: loading one runs code that it holds.
"""

from __future__ import annotations

import copy
import csv
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from torch import nn

from workers.ppo import classic
from workers.ppo.evaluate import Scores, Validation
from workers.ppo.forward import Weights
from workers.ppo.generate import MadeUp, Source
from workers.ppo.gym import BOUND, CANDIDATE, CLASSIC, ManyShops
from workers.ppo.imitate import REPEATED, Imitation, take_over
from workers.ppo.lessons import lessons
from workers.ppo.network import CandidatePolicy, Network
from workers.ppo.plans import Example
from workers.ppo.policy import read_weights, write_weights
from workers.ppo.shop import Bools, Integers, Singles

CHECKPOINT, CURVE, BEST = "checkpoint.pt", "curve.csv", "best.npz"
KEPT = ("steps", "seconds", "lessons", "taught_seconds", "best", "best_steps", "since_best", "imitated")
"""What a checkpoint holds of a run's standing."""

ROLLOUT, BATCHES, EPOCHS = 8192, 8, 3
"""Steps of all environments between updates, mini-batches of them, passes over a rollout."""

LONG = 500_000
"""A training of so many steps that was taught affords fewer, surer updates: of twice as many steps each."""

LAMBDA, CLIP, VALUE, GRADIENT = 0.97, 0.2, 0.5, 0.5
ENTROPY = {False: 0.003, True: 0.002}
RATES = {False: (4e-4, 3e-5), True: (3e-4, 1e-5)}
"""Weight of the entropy, and learning rate at the beginning and at the end: from nothing (False), or once something was
imitated (True)."""

AVERAGED = 0.95
"""What is judged and exported is a moving average of the weights over the last twenty rollouts or so: a single update
moves the policy's first choices more than it makes them better (B. Polyak, A. Juditsky, SIAM J. Control 30, 1992)."""

MILESTONES = (0.2, 0.5, 0.8)
"""Parts of the steps after which the weights are kept: 200, 500 and 800 thousand of a million."""


@dataclass(frozen=True)
class Training:
    """What a run is to do.

    ``tardy``: for weighted tardiness, else makespan. ``steps`` choices in all, in ``environments`` shops at once; an
    evaluation every ``evaluate_steps``; it stops early after ``patience`` evaluations without a better one, or after
    ``seconds``. ``source`` of shops, and ``judged`` on shops of: made up, where None. It begins with the weights
    ``begin``, and with imitating ``plans`` and those of so many ``lessons`` (``workers.ppo.lessons``). With the CLASSIC
    ``observation`` or ``reward`` it learns as the first design did; what observes so has another network, and neither
    imitates nor can be exported.
    """

    out: Path
    tardy: bool
    steps: int
    environments: int
    seed: int = 1
    evaluate_steps: int = 65_536
    patience: int = 20
    seconds: float = float("inf")
    threads: int = 1
    device: str = "cpu"
    source: Source | None = None
    judged: Source | None = None
    plans: Sequence[Example] = ()
    lessons: int = 0
    begin: Weights | None = None
    observation: str = CANDIDATE
    reward: str = BOUND


@dataclass
class Standing:
    """How far a run is; what a resumed one goes on from. Times in seconds over all its parts.

    ``lessons``: how many were planned. ``imitated``: the share of plans' choices that the network agreed with before
    and after it was taught them, which took ``taught_seconds``, and how many there were; None where there was nothing.
    """

    steps: int = 0
    seconds: float = 0.0
    lessons: int = 0
    taught_seconds: float = 0.0
    reward: float = 0.0
    best: float = float("inf")
    best_steps: int = 0
    since_best: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    stopped: str = ""
    imitated: tuple[float, float, int] | None = None


Told = Callable[[Standing], None]


class CannotResume(ValueError):
    """The folder holds no checkpoint that this run can go on from; says why in one sentence."""


def gpu() -> bool:
    """Whether torch finds a GPU here."""
    return bool(torch.cuda.is_available())


def train(
    training: Training, *, resume: bool = False, told: Told = lambda _: None, stop: Callable[[], bool] = lambda: False
) -> tuple[Weights | None, Standing, Mapping[str, Scores]]:
    """Runs, or resumes, a training; returns the best weights (None where they are no policy's), how it went, and what
    the rules score.

    ``stop`` is asked after every step; whatever ends a run, its checkpoint is kept. Raises CannotResume.
    """
    torch.set_num_threads(training.threads)
    training.out.mkdir(parents=True, exist_ok=True)
    source = training.source or MadeUp(tardy=training.tardy)
    standing = Standing()
    # a resumed run draws other shops than it has seen already
    validation = Validation(tardy=training.tardy, source=training.judged)
    saved = _read_checkpoint(training, validation) if resume else None
    shops = ManyShops(
        source,
        training.environments,
        training.seed * 1_000_003 + (saved["steps"] if saved else 0),
        observation=training.observation,
        reward=training.reward,
    )
    classic_network = training.observation == CLASSIC
    taught = bool(training.plans or training.lessons) and not classic_network
    rollout = ROLLOUT * (2 if taught and training.steps >= LONG else 1)
    first, last = RATES[taught]
    model = MaskablePPO(
        "MlpPolicy" if classic_network else CandidatePolicy,
        shops,
        n_steps=max(1, rollout // training.environments),
        batch_size=rollout // BATCHES,
        n_epochs=EPOCHS,
        learning_rate=lambda left: last + (first - last) * left,
        gamma=1.0,
        gae_lambda=LAMBDA,
        clip_range=CLIP,
        ent_coef=ENTROPY[taught],
        vf_coef=VALUE,
        max_grad_norm=GRADIENT,
        seed=training.seed,
        device=training.device,
        policy_kwargs=None if classic_network else {"tardy": training.tardy},
    )
    if saved is not None:
        model.policy.load_state_dict(saved["policy"])
        model.policy.optimizer.load_state_dict(saved["optimizer"])
        model.num_timesteps = saved["steps"]
        standing = Standing(**{name: saved[name] for name in KEPT if name in saved})
    elif training.begin is not None and not classic_network:
        take_over(model.policy.mlp_extractor, training.begin)
    imitation, left = None, training.steps - standing.steps
    if left > 0 and taught:
        imitation = _taught(training, standing, model.policy.mlp_extractor, saved is None, told, stop)
    rules = validation.rules()
    follow = _Follow(training, standing, validation, rules["best"], told, stop)
    follow.learned = model.policy if classic_network else model.policy.mlp_extractor
    follow.imitation = imitation
    if saved is not None and "averaged" in saved:
        follow.averaged = copy.deepcopy(follow.learned)
        follow.averaged.load_state_dict(saved["averaged"])
        follow.updates = standing.steps // rollout
    if left > 0:
        model.learn(left, callback=follow, reset_num_timesteps=False)
        follow.look()
    return None if classic_network else read_weights(training.out / BEST), standing, rules


def _taught(
    training: Training,
    standing: Standing,
    network: Network,
    new: bool,
    told: Told,
    stop: Callable[[], bool],
) -> Imitation:
    """What there is to imitate, taught to the network of a new run; a resumed one plans the same lessons again.

    Where it is stopped among them, it learns from those before.
    """
    begun, before = time.monotonic(), standing.seconds
    standing.lessons = 0

    def over() -> bool:
        standing.seconds = before + time.monotonic() - begun
        return stop() or standing.seconds > training.seconds

    def planned() -> Iterator[Example]:
        for one in lessons(training.lessons, tardy=training.tardy, seed=training.seed, stop=over):
            standing.lessons += 1
            told(standing)
            yield one

    imitation = Imitation(chain(training.plans, planned()), training.seed)
    if new:
        standing.imitated = imitation.teach(network)
    standing.seconds = before + time.monotonic() - begun
    standing.taught_seconds += time.monotonic() - begun
    return imitation


class _Follow(BaseCallback):
    """Evaluates, keeps and stops a run."""

    def __init__(
        self,
        training: Training,
        standing: Standing,
        validation: Validation,
        best_rule: Scores,
        told: Told,
        stop: Callable[[], bool],
    ) -> None:
        super().__init__()
        self.training, self.standing, self.validation, self.best_rule = training, standing, validation, best_rule
        self.told, self.stop = told, stop
        self.begun = time.monotonic() - standing.seconds
        self.looked, self.marked = -1, standing.steps
        self.learned: nn.Module
        self.imitation: Imitation | None = None
        self.averaged: nn.Module | None = None
        self.updates = 0
        self.rewards: list[float] = []

    def _on_step(self) -> bool:
        self.rewards += [info["episode"]["r"] for info in self.locals["infos"] if "episode" in info]
        standing, training = self.standing, self.training
        standing.seconds = time.monotonic() - self.begun
        if self.stop():
            standing.stopped = "asked to"
        elif standing.seconds > training.seconds:
            standing.stopped = "out of time"
        elif standing.since_best > training.patience:
            standing.stopped = "no longer better"
        return not standing.stopped

    def _average(self) -> nn.Module:
        """The average, with the weights of now taken in."""
        now = self.learned
        if self.averaged is None:
            self.averaged = copy.deepcopy(now)
        self.updates += 1
        share = min(AVERAGED, self.updates / (self.updates + 10))
        with torch.no_grad():
            for mean, value in zip(self.averaged.parameters(), now.parameters(), strict=True):
                mean.mul_(share).add_(value, alpha=1 - share)
        return self.averaged

    def _on_rollout_start(self) -> None:
        if self.imitation is not None and self.looked >= 0:
            policy, times = self.model.policy, REPEATED[self.training.tardy]
            self.imitation.repeat(policy.mlp_extractor, policy.optimizer, times)
        self._average()
        every = self.training.evaluate_steps
        if self.looked < 0 or self.model.num_timesteps // every > self.looked // every:
            self.look()
        else:
            self.standing.steps = self.model.num_timesteps
            self.told(self.standing)

    def look(self) -> None:
        """Evaluates the policy as it is, and keeps what a resumed run needs."""
        standing, out = self.standing, self.training.out
        before, standing.steps = self.marked, int(self.model.num_timesteps)
        standing.seconds = time.monotonic() - self.begun
        averaged = self.averaged or self._average()
        weights = averaged.weights() if isinstance(averaged, Network) else None
        scores = self.validation.policy(weights) if weights is not None else self._classic_scores(averaged)
        standing.scores, standing.reward = dict(scores), float(np.mean(self.rewards[-500:])) if self.rewards else 0.0
        if scores["all"] < standing.best:
            standing.best, standing.best_steps, standing.since_best = scores["all"], standing.steps, 0
            if weights is not None:
                write_weights(out / BEST, weights)
        elif standing.steps > before:
            standing.since_best += 1
        for part in MILESTONES:
            at = int(part * self.training.steps)
            if before < at <= standing.steps and weights is not None:
                write_weights(out / f"steps-{at}.npz", weights)
        self._write_curve(scores)
        _write_checkpoint(self.training, self.model, averaged, standing, self.validation)
        self.looked = self.marked = standing.steps
        self.told(standing)

    def _classic_scores(self, policy: Any) -> Scores:
        def predict(seen: Singles, masks: Bools) -> Integers:
            found: Integers = policy.predict(seen, deterministic=True, action_masks=masks)[0]
            return found

        done = classic.planned([case.shop for case in self.validation.cases], predict)
        return self.validation.scores([environment.value for environment in done])

    def _write_curve(self, scores: Scores) -> None:
        path, standing = self.training.out / CURVE, self.standing
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["steps", "seconds", "reward", "validation", "best_rule", *self.validation.kinds])
            numbers = [standing.seconds, standing.reward, scores["all"], self.best_rule["all"]]
            numbers += [scores[kind] for kind in self.validation.kinds]
            writer.writerow([standing.steps, *(f"{number:.4f}" for number in numbers)])


def _write_checkpoint(
    training: Training, model: BaseAlgorithm, averaged: nn.Module, standing: Standing, validation: Validation
) -> None:
    """Replaces the checkpoint as a whole, so that a kill leaves the one before."""
    content: dict[str, Any] = {
        "policy": model.policy.state_dict(),
        "optimizer": model.policy.optimizer.state_dict(),
        "averaged": averaged.state_dict(),
        "tardy": validation.tardy,
        "kinds": validation.kinds,
        "design": (training.observation, training.reward),
        **{name: getattr(standing, name) for name in KEPT},
    }
    new = training.out / f"{CHECKPOINT}.new"
    torch.save(content, new)
    new.replace(training.out / CHECKPOINT)


def _read_checkpoint(training: Training, validation: Validation) -> dict[str, Any]:
    path = training.out / CHECKPOINT
    if not path.is_file() or not (training.observation == CLASSIC or (training.out / BEST).is_file()):
        raise CannotResume(f"{training.out} holds no {CHECKPOINT} with {BEST} to resume from")
    try:
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the damage makes it stumble over
        raise CannotResume(f"{path} cannot be read: {type(error).__name__}") from error
    if found.get("tardy") is not training.tardy:
        raise CannotResume(f"{path} is of a training for another objective")
    design = (training.observation, training.reward)
    if found.get("design", (CANDIDATE, BOUND)) != design:
        raise CannotResume(f"{path} is of a training with observation and reward {' and '.join(found['design'])}")
    if found.get("kinds", validation.kinds) != validation.kinds:
        raise CannotResume(f"{path} is of a training that was judged on other shops: {', '.join(found['kinds'])}")
    return found
