"""What a training imitates first, and several seeds: needs the extra ``train``, and is skipped without it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

REASON = "the extra train (torch, sb3-contrib, gymnasium) is not installed"
torch = pytest.importorskip("torch", reason=REASON)
pytest.importorskip("sb3_contrib", reason=REASON)

from click.testing import CliRunner  # noqa: E402

from app.cli import cli  # noqa: E402
from models.shop.problem import Problem  # noqa: E402
from models.shop.timeline import replay  # noqa: E402
from tests.ppo.shops import plant  # noqa: E402
from workers.batch import solve_batch  # noqa: E402
from workers.engine import Limits, warm  # noqa: E402
from workers.ppo.export import export  # noqa: E402
from workers.ppo.pieces import Pieces  # noqa: E402
from workers.ppo.plans import Example, example  # noqa: E402
from workers.ppo.policy import load  # noqa: E402
from workers.ppo.rules import RULES  # noqa: E402
from workers.ppo.train import CHECKPOINT, CURVE, CannotResume, Training, train  # noqa: E402

pytestmark = pytest.mark.slow


def test_finished_plans_are_imitated_before_it_begins(tmp_path: Path) -> None:
    problems = [plant(60, 10, seed, routings=True, objective=["makespan"]) for seed in range(3)]
    found = [searched(problem) for problem in problems]
    plans = [one for one in found if one is not None]
    source = Pieces(problems, tardy=False)
    told = []
    training = Training(tmp_path / "run", False, 8192, 8, source=source, judged=source, plans=plans)
    weights, standing, rules = train(training, told=lambda now: told.append(now.scores["all"]))
    assert standing.imitated is not None
    before, after, count = standing.imitated
    assert count > 100 and after > before + 0.1
    train(Training(tmp_path / "plain", False, 1000, 8, source=source, judged=source))
    first = float(next(csv.DictReader((tmp_path / "plain" / CURVE).open()))["validation"])
    print(f"agreed {before:.2f}, then {after:.2f}; judged {told[0]:.3f} with, {first:.3f} without")
    assert told[0] < first, "imitation alone makes it better than nothing"
    home = export(tmp_path / "run", "mine", weights, tardy=False, standing=standing, rules=rules, source=source,
                  described="pieces", judged="pieces", seed=1, plans=plans)  # fmt: skip
    card = load(home).card
    assert card["training"]["imitated"]["choices"] == count
    assert card["validation"]["kept_plans"]["number"] == 3
    assert 0.8 < card["validation"]["kept_plans"]["best"] <= card["validation"]["kept_plans"]["greedy"] < 2.0
    with pytest.raises(CannotResume, match="judged on other shops"):
        train(Training(tmp_path / "run", False, 9000, 8, source=source), resume=True)


@pytest.mark.parametrize("tardy", [False, True])
def test_lessons_make_a_beginner_better_than_most_rules(tmp_path: Path, tardy: bool) -> None:
    told = []
    training = Training(tmp_path, tardy, 1, 8, lessons=40)
    _, standing, rules = train(training, told=lambda now: told.append((now.lessons, now.scores.get("all"))))
    before, after, count = standing.imitated
    assert [lesson for lesson, score in told if score is None] == list(range(1, 41)) and count > 700
    first = next(score for _, score in told if score is not None)
    scores = sorted(rules[name]["all"] for name in RULES)
    print(f"agreed {before:.2f}, then {after:.2f}; {first:.3f} after 40 lessons, rules {scores}")
    assert after > before  # for weighted tardiness it begins as a dispatch rule does
    assert first < scores[2]


def test_a_run_stopped_among_its_lessons_is_resumed(tmp_path: Path) -> None:
    told: list[int] = []
    training = Training(tmp_path, False, 9_000, 8, lessons=6)
    _, standing, _ = train(training, told=lambda now: told.append(now.lessons), stop=lambda: len(told) >= 3)
    assert standing.stopped == "asked to" and standing.lessons == 3
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["lessons"] == 3
    _, further, _ = train(training, resume=True)
    assert further.steps >= 9_000 and further.lessons == 6 and not further.stopped
    assert further.imitated == standing.imitated


def test_of_several_seeds_the_best_is_exported_and_all_are_told(tmp_path: Path) -> None:
    command = ["train", "--out", str(tmp_path), "--id", "mine", "--seeds", "2", "--seed", "5", "--lessons", "4",
               "--steps", "1000", "--envs", "2"]  # fmt: skip
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0, result.output
    homes = sorted(path.parent for path in tmp_path.glob("mine*/card.toml"))
    cards = [load(home).card for home in homes]
    best = cards[0]["training"]["seed"]
    assert [home.name for home in homes] == ["mine", f"mine-seed-{11 - best}"]
    told = {row["seed"]: row["score"] for row in cards[0]["training"]["seeds"]}
    assert set(told) == {5, 6} and told[best] == min(told.values())
    assert cards[0]["validation"]["scores"]["policy"] == told[best]
    assert cards[0]["training"]["imitated"]["lessons"] == 4
    assert (tmp_path / "seed-5" / CURVE).exists() and (tmp_path / "seed-6" / CURVE).exists()
    again = CliRunner().invoke(cli, command)
    assert again.exit_code == 2 and "holds a training already" in again.output


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["train", "--out", str(tmp_path), "--device", "cuda"])
    assert (result.exit_code, result.output) == (2, "--device cuda: torch finds no GPU here\n")


def searched(problem: Problem) -> Example | None:
    """What half a second of search makes of a problem, as something to learn from."""
    warm(problem)
    report = solve_batch(problem, range(len(problem.jobs)), "search", Limits.within(0.5, seed=1)).report
    return example(problem, replay(problem, report.decisions), tardy=False)
