"""``nightshift policy`` and ``nightshift train``: what they say and how they exit."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import cli
from models import settings as product_settings
from workers.ppo.policy import ARRAYS
from workers.ppo.store import SHIPPED


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path / "home"))
    product_settings.settings.cache_clear()
    yield
    product_settings.settings.cache_clear()


def called(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, arguments)
    return done.exit_code, done.output


def test_list_marks_what_is_in_force() -> None:
    code, text = called("policy", "list")
    assert code == 0
    assert any(line.startswith("* makespan-2") and "shipped" in line for line in text.splitlines())


def test_show_prints_the_card() -> None:
    code, text = called("policy", "show", "makespan-2")
    assert code == 0
    assert 'objective = "makespan"' in text and "[envelope]" in text


def test_import_and_activate_the_shipped_one() -> None:
    assert called("policy", "import", str(SHIPPED / "makespan-2"))[0] == 0
    code, text = called("policy", "activate", "makespan-2")
    assert code == 0 and "in force for makespan" in text


def test_a_tampered_policy_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(SHIPPED / "makespan-2", folder)
    content = bytearray((folder / ARRAYS).read_bytes())
    content[999] ^= 1
    (folder / ARRAYS).write_bytes(bytes(content))
    code, text = called("policy", "import", str(folder))
    assert code == 2
    assert text.count("\n") == 1 and "is not what its card was written for" in text


@pytest.mark.parametrize("command", ["show", "activate"])
def test_an_unknown_policy_is_bad_input(command: str) -> None:
    code, text = called("policy", command, "nobody")
    assert code == 2
    assert text == "there is no policy 'nobody'; nightshift policy list shows those there are\n"


def test_training_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    installed = ("sb3_contrib", "gymnasium")
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *a: None if name == "torch" else name in installed or found(name, *a),
    )
    code, text = called("train", "--out", str(tmp_path / "run"))
    assert code == 2
    assert text == "training needs the extra: pip install 'nightshift[train]' (torch missing)\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--plant", "main"], "--plant goes with --from-store\n"),
        (["--id", "Mine_1"], "a policy's id must be small letters, digits and - (got 'Mine_1')\n"),
        (["--from-store"], "the database has not the tables of this version; run: nightshift db upgrade\n"),
        (["--snapshots", "."], "there is no problem with an operation to learn on in .\n"),
    ],
)
def test_what_keeps_a_training_from_its_start_is_told_in_one_line(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.train._needs_extra", lambda: None)
    monkeypatch.chdir(tmp_path)
    code, text = called("train", "--out", "run", *arguments)
    assert code != 0
    assert text == words
