"""``nightshift bench training``: what observation and reward of the first design learn, beside those of now (C4)."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks.picture import Curve, Picture
from benchmarks.report import Report, table

if TYPE_CHECKING:
    from workers.ppo.evaluate import Scores

OBSERVATIONS, REWARDS = ("candidates", "classic"), ("bound", "classic")
DEFAULT = ("candidates", "bound")
"""What nightshift train takes unless told otherwise."""

LESSONS = 300
"""Plans of our search that a fifth policy, of the default design, imitates first."""

EVERY = 16_384
ENVIRONMENTS = 16


@click.command(short_help="Observation and reward: the first design beside now (C4).")
@click.option("--steps", default=150_000, show_default=True, type=click.IntRange(1_000, 100_000_000), help="Each.")
@click.option("--objective", type=click.Choice(("makespan", "weighted_tardiness")), default="makespan")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, 2**31 - 1))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="For training.json, .md and .svg.")
def training(steps: int, objective: str, seed: int, out: Path | None) -> None:
    """Train four small policies, with each observation and reward, and judge all on the same validation shops; and a
    fifth that begins with lessons, as nightshift train does.

    Needs the extra train; takes about a core-minute a policy at 150,000 steps.
    """
    from workers.ppo.train import CURVE, Training, train  # noqa: PLC0415  needs the extra train

    report = Report("training")
    tardy = objective != "makespan"
    curves: list[Curve] = []
    scores: dict[tuple[str, str, int], float] = {}
    rows: list[list[object]] = []
    rules: Mapping[str, Scores] = {}
    for observation, reward, lessons in (*product(OBSERVATIONS, REWARDS, (0,)), (*DEFAULT, LESSONS)):
        with tempfile.TemporaryDirectory() as folder:
            asked = Training(
                Path(folder),
                tardy,
                steps,
                ENVIRONMENTS,
                seed=seed,
                evaluate_steps=EVERY,
                patience=10**6,
                observation=observation,
                reward=reward,
                lessons=lessons,
            )
            _, standing, rules = train(asked)
            points = [_point(row) for row in csv.DictReader((Path(folder) / CURVE).open(encoding="utf-8"))]
        name = f"{observation}, {reward}" + (f", {lessons} lessons" if lessons else "")
        curves.append(Curve(name, points))
        scores[observation, reward, lessons] = standing.best
        first = f", {lessons} lessons first" if lessons else ""
        report.add("C4", f"observation {observation}, reward {reward}{first}: value over its scale", standing.best, "")
        seconds = f"{standing.seconds:.0f}"
        rows.append(
            [observation, reward, lessons, f"{standing.best:.3f}", standing.best_steps, standing.steps, seconds]
        )
    unaided = {design[:2]: score for design, score in scores.items() if not design[2]}
    best = unaided[DEFAULT] / min(score for design, score in unaided.items() if design != DEFAULT)
    report.add("C4", "the default over the best other design", best, "", 1.0)
    rule, chance = rules["best"]["all"], rules["random"]["all"]
    report.sections += [
        "![Learning curves](training.svg)",
        f"## {objective}, {steps:,} steps each, seed {seed}\n\nMean over the validation shops of value over scale "
        f"({'lateness of the rule ATC' if tardy else 'lower bound of the empty plan'}); best rule of\neach shop "
        f"{rule:.3f}, chance {chance:.3f}.\n\n"
        + table(["Observation", "Reward", "Lessons", "Best score", "At step", "Steps", "Seconds"], rows),
    ]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        picture = Picture(
            title=f"Learning {objective.replace('_', ' ')}: observation, reward",
            note=f"made-up validation shops; {'value' if tardy else 'above the lower bound'}; logarithmic axes",
            x_label="steps",
            y_label="% of the rule's lateness" if tardy else "% above the lower bound",
            curves=[
                Curve(c.name, [(at, 100 * (value if tardy else value - 1)) for at, value in c.points])
                for c in (*curves, Curve("best rule", [(EVERY, rule), (steps, rule)]))
            ],
            steps=False,
        )
        (out / "training.svg").write_text(picture.svg(), encoding="utf-8")
    report.write(out)


def _point(row: dict[str, str]) -> tuple[float, float]:
    """The untrained network stands at an eighth of the first evaluation: a logarithmic axis has no 0."""
    return max(EVERY / 8, float(row["steps"])), float(row["validation"])
