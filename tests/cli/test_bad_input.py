"""Bad input: one clear line on stderr (or one a fault), exit code 2, never a traceback."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

MACHINE = {"machine_id": "M1"}
JOB = {"job_id": "J1", "machines": [{"machine_id": "M1", "processing_time": 1}]}


def problem(**changes: Any) -> str:
    return json.dumps({"schedule_start": "2026-01-05T06:00:00+01:00", "machines": [MACHINE], "jobs": [JOB], **changes})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"jobs": [', "problem.json"),
        ("[" * 5000, "problem.json"),
        ("", "problem.json"),
        ("\x00\xff", "problem.json"),
        (problem(schedule_start="2026-01-05T06:00:00"), "schedule_start"),
        (problem(jobs=[JOB, JOB]), "jobs[1].job_id"),
        (problem(jobs=[{**JOB, "machines": [{"machine_id": "M9", "processing_time": 1}]}]), "machine_id"),
        (problem(jobs=[{**JOB, "machines": [{"machine_id": "M1", "processing_time": -1}]}]), "processing_time"),
        (problem(surprise=1), "surprise"),
    ],
)
def test_a_bad_problem_names_the_field(nightshift: Run, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "problem.json").write_text(content, encoding="latin-1")
    done = nightshift("solve", "problem.json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_up_to_a_hundred_faults_one_a_line(nightshift: Run, tmp_path: Path) -> None:
    jobs = [{"job_id": f"J{i}", "machines": [{"machine_id": "M1", "processing_time": -1}]} for i in range(150)]
    (tmp_path / "problem.json").write_text(problem(jobs=jobs))
    done = nightshift("solve", "problem.json")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 101
    assert lines[0].startswith("problem.json: jobs[0].machines[0].processing_time: ")
    assert lines[-1] == "problem.json: and 50 more"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("solve", "missing.json"), "missing.json: cannot be read: No such file or directory"),
        (("solve", "."), ".: cannot be read: Is a directory"),
        (("solve", "p.json", "--time-limit", "soon"), "--time-limit"),
        (("solve", "p.json", "--time-limit", "0"), "--time-limit"),
        (("solve", "p.json", "--engine", "magic"), "'magic' is not one of 'auto', 'dispatch', 'search', 'cpsat'"),
        (("solve", "p.json", "--objective", "profit"), "--objective: 'profit' is none of makespan"),
        (("solve", "p.json", "--output", "no/such/folder.json"), "no/such/folder.json: cannot be written"),
        (("solve",), "Missing argument 'FILE'; see: nightshift solve --help"),
        (("check", "p.json", "missing.json"), "missing.json: cannot be read"),
        (("generate", "--jobs", "0"), "--jobs"),
        (("up", "webb"), "there is no process 'webb'; there are web, control, plan, solve, beat"),
        (("submit", "p.json", "--url", "ftp://x"), "must start with http:// or https:// (got 'ftp://x')"),
        (("submit", "p.json", "--output", "x"), "--output needs --wait"),
        (("apikey", "create", "x", "--role", "king"), "'king' is not one of"),
        (("nonsense",), "No such command 'nonsense'"),
    ],
)
def test_bad_arguments(nightshift: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "p.json").write_text(problem())
    done = nightshift(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_schedule_that_cannot_be_read(nightshift: Run, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(problem())
    row = {"job_id": "J1", "operation_id": "1", "machine_id": "M7", "start_time": "noon", "end_time": "noon"}
    (tmp_path / "s.json").write_text(json.dumps({"scheduled_jobs": [row]}))
    done = nightshift("check", "p.json", "s.json")
    assert done.returncode == 2
    assert "s.json: scheduled_jobs[0].machine_id: must name one of the problem (got 'M7')" in done.stderr
    assert "s.json: scheduled_jobs[0].start_time: must be an RFC 3339 instant" in done.stderr


def test_a_bad_setting_names_the_variable(nightshift: Run) -> None:
    done = nightshift("up", NIGHTSHIFT_PORT="many")
    assert done.returncode == 2
    assert done.stderr == "NIGHTSHIFT_PORT must be a whole number from 1 to 65535 (got 'many')\n"


def test_a_server_that_does_not_answer(nightshift: Run) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for arguments in (("status", "x"), ("result", "x"), ("cancel", "x")):
            done = nightshift(*arguments, NIGHTSHIFT_URL=url)
            assert done.returncode == 3
            assert done.stderr.startswith(f"{url} does not answer: ")
            assert len(done.stderr.splitlines()) == 1


def test_a_database_without_tables_says_what_to_run(nightshift: Run) -> None:
    done = nightshift("apikey", "create", "me")
    assert done.returncode == 1
    assert done.stderr == "the database has not the tables of this version; run: nightshift db upgrade\n"


def test_a_process_of_its_own_ends_as_politely(shell: Run, tmp_path: Path) -> None:
    (tmp_path / "problem.json").write_text("{")
    done = shell("solve", "problem.json")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [("solve", "problem.json", "--time-limit", "nan"), ("submit", "problem.json", "--key", "nsk_a\nb")]
)
def test_what_is_no_number_and_no_key_is_refused_in_a_line(
    nightshift: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "problem.json").write_text(problem())
    done = nightshift(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "nsk_a" not in done.stderr
