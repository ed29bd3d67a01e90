"""From a finished training to a policy: arrays and a card. Needs the extra ``train`` for writing TOML."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import tomli_w

from workers.ppo.envelope import UNKNOWN, envelope_of
from workers.ppo.evaluate import Scores
from workers.ppo.forward import Weights
from workers.ppo.generate import Source
from workers.ppo.observation import schema_hash
from workers.ppo.plans import Example, beside_plans
from workers.ppo.policy import ARRAYS, CARD, ID, PolicyRefused, load, write_weights
from workers.ppo.train import Standing

ENVELOPE_SHOPS, SAMPLES = 400, 100


def home_of(folder: Path, name: str) -> Path:
    """The folder in ``folder`` that a new policy called ``name`` gets. Raises PolicyRefused for a bad or taken name."""
    if ID.fullmatch(name) is None:
        raise PolicyRefused(f"a policy's id must be small letters, digits and - (got {name!r})")
    home = folder / name
    if (home / CARD).exists():
        raise PolicyRefused(f"{home} holds a policy already")
    return home


def export(
    folder: Path,
    name: str,
    weights: Weights,
    *,
    tardy: bool,
    standing: Standing,
    rules: Mapping[str, Scores],
    source: Source,
    described: str,
    judged: str,
    seed: int,
    seeds: Mapping[int, Standing] = MappingProxyType({}),
    plans: Sequence[Example] = (),
) -> Path:
    """Writes a policy called ``name`` below ``folder`` and loads it again; returns its folder.

    ``described`` says in a sentence what it was trained on, ``judged`` on what it was judged; it is told beside
    ``plans``. ``seeds``: how trainings like this one went with each seed. Raises PolicyRefused for a bad or taken name.
    """
    home = home_of(folder, name)
    home.mkdir(parents=True, exist_ok=True)
    sha256 = write_weights(home / ARRAYS, weights)
    rng = np.random.default_rng(0)
    scores = {"policy": standing.best, **{rule: found["all"] for rule, found in rules.items()}}
    card: dict[str, Any] = {
        "id": name,
        "objective": "weighted_tardiness" if tardy else "makespan",
        "sha256": sha256,
        "schema": schema_hash(),
        "made": datetime.now(UTC).date().isoformat(),
        "nightshift": version("nightshift"),
        "training": {
            "algorithm": "MaskablePPO",
            "data": described,
            "seed": seed,
            "steps": standing.steps,
            "best_at_step": standing.best_steps,
            "seconds": round(standing.seconds),
            "hardware": f"{platform.machine()}, {os.cpu_count()} cores",
        },
        "validation": {
            "meaning": f"mean over {judged}: value over the "
            + ("lateness of the rule ATC" if tardy else "lower bound of the empty plan"),
            "scores": {rule: round(float(score), 4) for rule, score in scores.items()},
        },
        "envelope": envelope_of([source.draw(rng) for _ in range(ENVELOPE_SHOPS)], getattr(source, "unknown", UNKNOWN)),
    }
    if standing.imitated is not None:
        before, after, count = standing.imitated
        card["training"]["imitated"] = {
            "lessons": standing.lessons,
            "choices": count,
            "agreed_before": before,
            "agreed_after": after,
        }
    if len(seeds) > 1:
        card["training"]["seeds"] = [
            {"seed": number, "score": round(float(one.best), 4), "steps": one.steps, "seconds": round(one.seconds)}
            for number, one in seeds.items()
        ]
    if plans:
        greedy, best = beside_plans(plans, weights, SAMPLES)
        card["validation"]["kept_plans"] = {
            "meaning": f"mean over final plans of the store: value of the policy's over theirs, best of {SAMPLES}",
            "number": len(plans),
            "greedy": round(greedy, 4),
            "best": round(best, 4),
        }
    (home / CARD).write_text(tomli_w.dumps(card), encoding="utf-8")
    load(home)
    return home
