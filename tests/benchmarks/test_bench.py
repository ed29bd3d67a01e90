"""The benchmarks run, and tell what they found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import cli
from benchmarks import COMMANDS
from benchmarks.report import Report, percentile, shown
from benchmarks.rules import rules

TEXT = "2 2\n2 1 1 3 1 2 2\n2 1 2 4 2 1 2 2 3\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_benchmark_has_help(name: str) -> None:
    done = CliRunner().invoke(cli, ["bench", name, "--help"])
    assert done.exit_code == 0, done.output
    assert "--out" in done.output


def test_away_from_the_repository_it_says_so(tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['nightshift', 'bench', 'service']; from app.cli import main; main()"
    environment = {"PYTHONPATH": str(Path.cwd()), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "there is no folder benchmarks here; call nightshift bench from the repository\n"


def test_no_plan_is_worse_than_the_best_rule(tmp_path: Path) -> None:
    (tmp_path / "small.fjs").write_text(TEXT)
    (tmp_path / "broken.json").write_text("{}")
    done = CliRunner().invoke(rules, [str(tmp_path), "--seconds", "0.3", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out" / "rules.json").read_text())
    assert [row["value"] for row in found["measures"]] == [0, 0]
    assert "broken.json is passed over" in done.output
    assert (tmp_path / "out" / "rules.md").read_text().count("| met |") == 2


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (0, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert percentile([7.0], 0.99) == 7


def test_a_report_says_what_is_missed(tmp_path: Path) -> None:
    report = Report("example")
    report.add("T9", "something", 2.0, "s", 1.0, samples=5)
    report.add("T9", "something else", 1234.5678, "ms")
    report.write(tmp_path)
    assert "| T9 | something | 2.00 s | 1 s | missed |" in (tmp_path / "example.md").read_text()
    found = json.loads((tmp_path / "example.json").read_text())
    assert [row["met"] for row in found["measures"]] == [False, None]
    assert found["machine"].count(",") >= 3
    assert [shown(value) for value in (0.0, 0.01234, 1.5, 1234.5678)] == ["0", "0.0123", "1.50", "1,235"]
