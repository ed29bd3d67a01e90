"""Learning works: needs the extra ``train``, and is skipped without it."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

REASON = "the extra train (torch, sb3-contrib, gymnasium) is not installed"
torch = pytest.importorskip("torch", reason=REASON)
pytest.importorskip("sb3_contrib", reason=REASON)

from gymnasium.utils.env_checker import check_env  # noqa: E402

from tests.ppo.shops import plant  # noqa: E402
from workers.ppo import train as training_module  # noqa: E402
from workers.ppo.evaluate import Validation  # noqa: E402
from workers.ppo.forward import new_scratch, score_once  # noqa: E402
from workers.ppo.generate import MadeUp  # noqa: E402
from workers.ppo.gym import ManyShops, ShopEnv  # noqa: E402
from workers.ppo.imitate import take_over  # noqa: E402
from workers.ppo.network import Network  # noqa: E402
from workers.ppo.pieces import Pieces  # noqa: E402
from workers.ppo.policy import load  # noqa: E402
from workers.ppo.rules import RULES  # noqa: E402
from workers.ppo.store import SHIPPED  # noqa: E402
from workers.ppo.train import CHECKPOINT, CURVE, CannotResume, Training, train  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object, object]:
    """A short training, and what came of it."""
    out = tmp_path_factory.mktemp("run")
    _, standing, rules = train(Training(out, False, 40_000, 16, evaluate_steps=16_384))
    return out, standing, rules


def test_gymnasium_finds_nothing_to_say() -> None:
    check_env(ShopEnv(MadeUp(tardy=True)), skip_render_check=True)


def test_the_mask_is_what_a_learner_is_told() -> None:
    shops = ManyShops(MadeUp(tardy=False), 3, 1)
    shops.reset()
    masks = shops.env_method("action_masks")
    assert [row.sum() for row in masks] == [environment.mask.sum() for environment in shops.environments]
    for _ in range(30):
        shops.step_async(np.array([int(np.flatnonzero(row)[-1]) for row in shops.env_method("action_masks")]))
        seen, rewards, dones, infos = shops.step_wait()
        assert seen.shape == (3, shops.observation_space.shape[0])
        assert [bool(info) for info in infos] == dones.tolist()
        assert np.isfinite(rewards).all()


def test_torch_and_the_compiled_network_agree() -> None:
    torch.manual_seed(1)
    network = Network(tardy=False)
    weights = network.weights()
    scratch = new_scratch(len(weights.first_bias))
    shops = ManyShops(MadeUp(tardy=False), 16, 1)
    seen = shops.reset()
    for _ in range(20):
        with torch.no_grad():
            scores = network.forward_actor(torch.tensor(seen)).numpy()
        chosen = []
        for row in range(16):
            count = int(shops.mask[row].sum())
            scratch.seen[:] = seen[row]
            score_once(weights, scratch, count)
            assert scratch.scores[:count] == pytest.approx(scores[row, :count], abs=1e-4)
            chosen.append(int(scratch.scores[:count].argmax()))
        shops.step_async(np.array(chosen))
        seen = shops.step_wait()[0]


def test_it_learns_from_nothing_to_beat_chance_and_every_rule(run: tuple[Path, object, object]) -> None:
    out, standing, rules = run
    told = {name: round(scores["all"], 3) for name, scores in rules.items()}  # type: ignore[attr-defined]
    before, learner = float(next(csv.DictReader((out / CURVE).open()))["validation"]), standing.best  # type: ignore[attr-defined]
    print(f"makespan over the lower bound, mean: learner {learner:.3f} (before {before:.3f}), rules and chance {told}")
    assert learner < min(told[name] for name in RULES)
    assert told["random"] > told["mwkr"]
    assert learner < before - 0.2


def test_a_run_keeps_its_curve_and_weights_along_the_way(run: tuple[Path, object, object]) -> None:
    out, standing, _ = run
    rows = list(csv.DictReader((out / CURVE).open()))
    assert [int(row["steps"]) for row in rows] == sorted({int(row["steps"]) for row in rows})
    assert int(rows[-1]["steps"]) == standing.steps >= 40_000  # type: ignore[attr-defined]
    assert {path.name for path in out.glob("steps-*.npz")} == {f"steps-{n}.npz" for n in (8000, 20000, 32000)}


def test_a_run_is_resumed_where_it_ended(run: tuple[Path, object, object]) -> None:
    out, standing, _ = run
    _, further, _ = train(Training(out, False, 49_000, 16, evaluate_steps=8_192), resume=True)
    assert further.steps >= 49_000
    assert further.seconds > standing.seconds  # type: ignore[attr-defined]
    assert further.best <= standing.best  # type: ignore[attr-defined]


def test_what_cannot_be_resumed_is_refused(run: tuple[Path, object, object], tmp_path: Path) -> None:
    out, _, _ = run
    with pytest.raises(CannotResume, match="another objective"):
        train(Training(out, True, 1000, 1), resume=True)
    with pytest.raises(CannotResume, match="holds no checkpoint"):
        train(Training(tmp_path, False, 1000, 1), resume=True)
    (tmp_path / CHECKPOINT).write_bytes((out / CHECKPOINT).read_bytes()[:1000])
    (tmp_path / training_module.BEST).write_bytes(b"x")
    with pytest.raises(CannotResume, match="cannot be read"):
        train(Training(tmp_path, False, 1000, 1), resume=True)


def test_a_training_goes_on_from_a_policy(tmp_path: Path) -> None:
    known = load(SHIPPED / "makespan-2").weights
    network = Network(tardy=False)
    take_over(network, known)
    assert all((one == other).all() for one, other in zip(network.weights(), known, strict=True))
    judged = Pieces([plant(60, 10, 1)], tardy=False)
    train(Training(tmp_path, False, 1000, 8, judged=judged, begin=known))
    first = float(next(csv.DictReader((tmp_path / CURVE).open()))["validation"])
    assert first == pytest.approx(Validation(tardy=False, source=judged).policy(known)["all"], abs=1e-4)
    with pytest.raises(ValueError, match="must have 64 hidden units"):
        take_over(network, known._replace(first_bias=np.zeros(8, np.float32)))


def test_sigterm_keeps_the_checkpoint(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "app.cli", "train", "--out", str(out), "--lessons", "0",
               "--steps", "100000000", "--envs", "4"]  # fmt: skip
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    ) as run:
        deadline = time.monotonic() + 60
        while not (out / CHECKPOINT).exists():
            assert run.poll() is None and time.monotonic() < deadline, "it does not start"
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "--resume goes on from" in errors
    assert torch.load(out / CHECKPOINT, weights_only=True)["steps"] >= 0
