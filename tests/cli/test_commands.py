from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distributions, version
from pathlib import Path

import pytest

from models.shop.parse import parse
from tests.cli.conftest import Run

TEXT = "2 2\n2 1 1 3 1 2 2\n2 1 2 4 2 1 2 2 3\n"


def test_help_is_quick_and_loads_no_solver() -> None:
    loaded = (
        "import sys, app.cli; heavy = {'numpy', 'ortools', 'sqlalchemy', 'celery', 'flask', 'redis', 'pandas'};"
        "print(*sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    "command",
    ["demo", "up", "solve", "check", "generate", "submit", "status", "result", "cancel", "db upgrade", "apikey create"],
)
def test_every_command_has_help(nightshift: Run, command: str) -> None:
    done = nightshift(*command.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: nightshift {command}")


def test_generate_solve_check(nightshift: Run, shell: Run, tmp_path: Path) -> None:
    assert nightshift("generate", "--jobs", 12, "--machines", 5, "--setups", "--output", "f.json").returncode == 0
    assert len(parse(json.loads((tmp_path / "f.json").read_text())).jobs) == 12
    solved = shell("solve", "f.json", "--engine", "dispatch", "--time-limit", 1, "--output", "plan.json")
    assert solved.returncode == 0, solved.stderr
    for name in ("Makespan", "Weighted tardiness", "On-time rate", "Completion", "Utilisation", "gap", "Wall time"):
        assert name in solved.stdout
    assert solved.stderr.startswith("making a first plan, ")
    checked = nightshift("check", "f.json", "plan.json")
    assert checked.returncode == 0
    assert checked.stdout == "valid: 12 operations placed, 0 jobs unscheduled\n"


def test_check_tells_violations_one_a_line(nightshift: Run, shell: Run, tmp_path: Path) -> None:
    (tmp_path / "text.fjs").write_text(TEXT)
    shell("solve", "text.fjs", "--engine", "dispatch", "--time-limit", 1, "--output", "plan.json")
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert len(plan["scheduled_jobs"]) == 4
    plan["scheduled_jobs"][0]["start_time"] = "2025-12-31T23:00:00+00:00"
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    checked = nightshift("check", "text.fjs", "plan.json")
    assert checked.returncode == 1
    assert checked.stdout.splitlines()
    assert all(": " in line for line in checked.stdout.splitlines())
    assert checked.stderr == f"plan.json: {len(checked.stdout.splitlines())} violations\n"


def test_solve_takes_what_is_asked_over_what_the_file_says(shell: Run, tmp_path: Path) -> None:
    asked = ("--objective", "makespan,total_flow_time", "--time-limit", 1, "--seed", 5, "--engine", "dispatch")
    done = shell("solve", "-", *asked, "--output", "plan.json", stdin=TEXT)
    assert done.returncode == 0, done.stderr
    quality = json.loads((tmp_path / "plan.json").read_text())["quality"]
    assert [level["objective"] for level in quality["levels"]] == ["makespan", "total_flow_time"]
    assert quality["seed"] == 5
    assert quality["parameters"]["time_limit_seconds"] == 1
    assert quality["engine"] == "dispatch"


def test_keys_and_tables(nightshift: Run) -> None:
    before = nightshift("db", "revision")
    assert before.returncode == 1
    assert before.stdout.startswith("at no revision")
    assert nightshift("db", "upgrade").returncode == 0
    assert nightshift("db", "revision").returncode == 0
    made = nightshift("apikey", "create", "shop floor", "--role", "viewer")
    token = made.stdout.strip()
    assert token.startswith("nsk_")
    key_id = token.split("_")[1]
    listed = nightshift("apikey", "list").stdout
    assert f"{key_id}  shop floor  viewer  made " in listed
    assert token not in listed
    assert nightshift("apikey", "revoke", key_id).stdout == f"key {key_id} revoked\n"
    again = nightshift("apikey", "revoke", key_id)
    assert again.returncode == 2
    assert again.stderr == f"no key '{key_id}' is in use\n"


def test_health_says_where_nothing_runs(nightshift: Run) -> None:
    done = nightshift("health")
    assert done.returncode == 1
    assert "critical  redis" in done.stdout
    assert done.stderr.splitlines()[-1].endswith("does not run; try: nightshift up")


@pytest.mark.skipif(not list(distributions(name="nightshift")), reason="Nightshift is not installed")
def test_version(nightshift: Run) -> None:
    assert nightshift("--version").stdout == f"{version('nightshift')}\n"
