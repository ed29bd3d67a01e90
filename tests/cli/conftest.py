from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main
from models.settings import settings
from tasks import base

ROOT = Path(__file__).parents[2]
UNSET = ("REDIS_URL", "DATABASE_URL", "NIGHTSHIFT_URL", "NIGHTSHIFT_API_KEY")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in and an environment in which nothing is set but a data folder of our own."""
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def nightshift(
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Run:
    """Runs a command in this process."""
    request.addfinalizer(settings.cache_clear)
    request.addfinalizer(base.forget_connections)

    def run(*arguments: object, stdin: str = "", **env: str) -> Done:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        settings.cache_clear()
        base.forget_connections()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def shell(environment: Path) -> Run:
    """Runs a command as a process of its own, as people do."""

    def run(*arguments: object, stdin: str = "") -> Done:
        command = [sys.executable, "-m", "app.cli", *map(str, arguments)]
        done = subprocess.run(command, env=os.environ, input=stdin, capture_output=True, text=True, timeout=120)
        return Done(done.returncode, done.stdout, done.stderr)

    return run
