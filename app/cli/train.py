"""``nightshift train``: learns a policy by planning made-up shops, or pieces of real ones."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli import material
from app.cli.errors import BadInput, Failed
from app.cli.progress import Line, bar

if TYPE_CHECKING:
    from workers.ppo.evaluate import Scores
    from workers.ppo.forward import Weights
    from workers.ppo.train import Standing, Training

PRESETS: Mapping[str, Mapping[str, tuple[int, int, int, int]]] = {
    "quick": {"makespan": (100_000, 8, 16_384, 100), "weighted_tardiness": (100_000, 8, 16_384, 100)},
    "full": {"makespan": (3_200_000, 64, 65_536, 0), "weighted_tardiness": (1_200_000, 64, 65_536, 2_000)},
}
"""Steps, shops at once, steps between evaluations, and lessons: for makespan they save steps, but a long training ends
as well without."""

OBJECTIVES = tuple(PRESETS["full"])


@click.command(short_help="Train a policy (extra: train).")
@click.option("--preset", type=click.Choice(tuple(PRESETS)), default="quick", show_default=True)
@click.option("--objective", type=click.Choice(OBJECTIVES), default="makespan", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the run.")
@click.option("--id", "name", metavar="ID", help="Id of the policy that comes out.  [default: as the folder]")
@click.option("--steps", type=click.IntRange(1_000, 1_000_000_000), help="Choices in all.  [default: as the preset]")
@click.option("--envs", type=click.IntRange(1, 1024), help="Shops at once.  [default: as the preset]")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option(
    "--seeds",
    type=click.IntRange(1, 20),
    default=1,
    show_default=True,
    help="Train with so many, from --seed on, each in OUT/seed-N; the best becomes ID, the others ID-seed-N.",
)
@click.option("--seconds", type=click.FloatRange(1, 10_000_000), help="Stop after so long.  [default: never]")
@click.option(
    "--patience",
    type=click.IntRange(1, 100_000),
    default=30,
    show_default=True,
    help="Evaluations without a better one until it stops.",
)
@click.option("--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="Threads of torch.")
@click.option(
    "--device",
    type=click.Choice(("cpu", "cuda")),
    default="cpu",
    show_default=True,
    help="Where torch computes. The network is small: a GPU pays with many --envs, if at all.",
)
@click.option(
    "--snapshots",
    type=click.Path(exists=True, path_type=Path),
    help="A problem, or a folder of them, to learn on.  [default: made-up shops]",
)
@click.option("--from-store", is_flag=True, help="Learn on snapshots of plants, and on finished runs where kept.")
@click.option("--plant", help="With --from-store: of this plant alone.")
@click.option("--begin-with", metavar="ID", help="Go on from a policy of this host.  [default: from nothing]")
@click.option(
    "--lessons",
    type=click.IntRange(0, 1_000_000),
    help="Made-up problems to imitate our search on first.  [default: as the preset; 0 on real problems, with "
    "--begin-with and with a classic observation]",
)
@click.option("--imitate/--no-imitate", default=True, show_default=True, help="Begin by imitating finished plans.")
@click.option("--observation", type=click.Choice(("candidates", "classic")), default="candidates", show_default=True)
@click.option("--reward", type=click.Choice(("bound", "classic")), default="bound", show_default=True)
@click.option("--resume", is_flag=True, help="Go on from the folder's checkpoint.")
def train(
    preset: str,
    objective: str,
    out: Path,
    name: str | None,
    steps: int | None,
    envs: int | None,
    seed: int,
    seeds: int,
    seconds: float | None,
    patience: int,
    threads: int,
    device: str,
    snapshots: Path | None,
    from_store: bool,
    plant: str | None,
    begin_with: str | None,
    lessons: int | None,
    imitate: bool,
    observation: str,
    reward: str,
    resume: bool,
) -> None:
    """Train a policy with MaskablePPO and export it to OUT/ID, ready for ``nightshift policy import``.

    It may begin with lessons: made-up problems that our own search plans, and whose plans the network learns to
    imitate; then it learns from the plans that it makes itself. quick takes two minutes, full some 15 on one core.
    OUT keeps the learning curve (curve.csv), weights after 20, 50 and 80 % of the steps, and a checkpoint for --resume;
    Ctrl-C and SIGTERM keep it too.

    --from-store reads the snapshots that nightshift ingest stored, and the newest finished runs with their plans, as
    many as NIGHTSHIFT_TRAINING_RUNS says. Trained on real problems, a policy is judged on pieces of real problems too.

    --observation classic and --reward classic learn as the first design did, to compare; docs/policy.md has what they
    are. A policy that observes so is not exported.
    """
    _needs_extra()
    if plant is not None and not from_store:
        raise BadInput("--plant goes with --from-store")
    from workers.ppo.export import home_of
    from workers.ppo.policy import PolicyRefused
    from workers.ppo.train import CHECKPOINT, Training, gpu

    if device == "cuda" and not gpu():
        raise BadInput("--device cuda: torch finds no GPU here")
    preset_steps, preset_envs, every, preset_lessons = PRESETS[preset][objective]
    if not resume and [*out.glob(CHECKPOINT), *out.glob(f"seed-*/{CHECKPOINT}")]:
        raise BadInput(f"{out} holds a training already; --resume goes on with it")
    name = name or out.resolve().name.lower().replace("_", "-")
    try:  # before the training, not after it
        for ours in (name, *(f"{name}-seed-{number}" for number in range(seed, seed + seeds) if seeds > 1)):
            home_of(out, ours)
    except PolicyRefused as error:
        raise BadInput(str(error)) from None
    tardy = objective != "makespan"
    made_up = snapshots is None and not from_store and observation == "candidates"
    real = None
    if snapshots is not None or from_store:
        real = material.gathered(snapshots, store=from_store, plant=plant, tardy=tardy)
        click.echo(f"learning on {real.described}", err=True)
    training = Training(
        out=out,
        tardy=tardy,
        steps=steps or preset_steps,
        environments=envs or preset_envs,
        seed=seed,
        evaluate_steps=every,
        patience=patience,
        seconds=seconds or float("inf"),
        threads=threads,
        device=device,
        source=None if real is None else real.source,
        judged=None if real is None else real.judged,
        plans=real.plans if real is not None and imitate else (),
        lessons=preset_lessons if lessons is None and made_up and begin_with is None else lessons or 0,
        begin=None if begin_with is None else _weights(begin_with, tardy, observation),
        observation=observation,
        reward=reward,
    )
    runs: list[Run] = []
    for number in range(seed, seed + seeds):
        one = training if seeds == 1 else replace(training, seed=number, out=out / f"seed-{number}")
        runs.append(_run(one, resume=resume and (seeds == 1 or (one.out / CHECKPOINT).exists())))
    _export(runs, out, name, real, begin_with)


@dataclass(frozen=True)
class Run:
    """A training that has ended; ``weights`` None where they are no policy's."""

    training: Training
    weights: Weights | None
    standing: Standing
    rules: Mapping[str, Scores]


def _run(training: Training, *, resume: bool) -> Run:
    """Trains, shows how far it is and says what came of it."""
    from workers.ppo.train import CHECKPOINT, CannotResume, train

    with Line() as line, _asked_to_stop() as stopped:
        line.show("loading torch")
        try:
            weights, standing, rules = train(
                training,
                resume=resume,
                told=lambda now: line.show(_told(now, training)),
                stop=lambda: bool(stopped),
            )
        except CannotResume as error:
            raise BadInput(str(error)) from None
    if standing.imitated is not None:
        before, after, count = standing.imitated
        plans = len(training.plans) + standing.lessons
        click.echo(f"imitated {count} choices of {plans} plans: agreed in {before:.0%}, then {after:.0%}")
    best_rule, chance = (rules[name]["all"] for name in ("best", "random"))
    click.echo(f"policy {standing.best:.4f}, best rule of each shop {best_rule:.4f}, chance {chance:.4f}")
    if stopped:
        at = f"{standing.steps} of {training.steps} steps"
        raise Failed(f"stopped after {at}; --resume goes on from {training.out / CHECKPOINT}")
    return Run(training, weights, standing, rules)


def _export(runs: Sequence[Run], out: Path, name: str, real: material.Gathered | None, begin_with: str | None) -> None:
    """The best run's policy as OUT/ID, those of other seeds as OUT/ID-seed-N."""
    from workers.ppo.export import export
    from workers.ppo.generate import MadeUp
    from workers.ppo.policy import PolicyRefused

    best = min(runs, key=lambda one: one.standing.best)
    for one in (best, *(other for other in runs if other is not best)):
        tardy, seed = one.training.tardy, one.training.seed
        if one.weights is None:
            click.echo("not exported: workers know no network for the classic observation")
            continue
        try:
            home = export(
                out,
                name if one is best else f"{name}-seed-{seed}",
                one.weights,
                tardy=tardy,
                standing=one.standing,
                rules=one.rules,
                source=real.source if real is not None else MadeUp(tardy=tardy),
                described=(real.described if real is not None else "made-up shops of all kinds")
                + (f", going on from policy {begin_with}" if begin_with is not None else ""),
                judged=real.judged_on if real is not None else "made-up shops that were not trained on",
                seed=seed,
                seeds={other.training.seed: other.standing for other in runs},
                plans=real.plans if real is not None else (),
            )
        except PolicyRefused as error:
            raise BadInput(str(error)) from None
        click.echo(f"exported to {home}" + (f"; nightshift policy import {home}" if one is best else ""))


def _needs_extra() -> None:
    import importlib.util

    missing = [
        name for name in ("torch", "sb3_contrib", "gymnasium", "tomli_w") if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise BadInput(f"training needs the extra: pip install 'nightshift[train]' ({', '.join(missing)} missing)")


def _weights(name: str, tardy: bool, observation: str) -> Weights:
    from workers.ppo.network import HIDDEN
    from workers.ppo.policy import PolicyRefused, load
    from workers.ppo.store import find

    try:
        found = load(find(name))
    except PolicyRefused as error:
        raise BadInput(f"--begin-with: {error}") from None
    if (found.objective != "makespan") != tardy:
        raise BadInput(f"--begin-with: policy {name} is for {found.objective}")
    if observation != "candidates" or len(found.weights.first_bias) != HIDDEN:
        raise BadInput(f"--begin-with: policy {name} has another network")
    return found.weights


def _told(now: Standing, training: Training) -> str:
    if not now.steps and not now.scores and training.lessons:
        return (
            f"{bar(now.lessons / training.lessons)} planned {now.lessons:,} of {training.lessons:,} lessons by search"
        )
    speed = now.steps / max(1.0, now.seconds - now.taught_seconds)
    done = f"{bar(min(1.0, now.steps / training.steps))} {now.steps:,} steps, {speed:,.0f} a second"
    return f"{done}, best {now.best:.4f}, reward {now.reward:.2f}"


@contextmanager
def _asked_to_stop() -> Iterator[Sequence[int]]:
    """Collects SIGTERM and Ctrl-C instead of dying of them; a second one kills."""
    seen: list[int] = []
    former: dict[signal.Signals, Any] = {}

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        signal.signal(number, former[signal.Signals(number)])

    for wish in (signal.SIGTERM, signal.SIGINT):
        former[wish] = signal.signal(wish, note)
    try:
        yield seen
    finally:
        for wish, handler in former.items():
            signal.signal(wish, handler)
