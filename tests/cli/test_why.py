"""``nightshift why``: late and left-out jobs in words and as a document, and what it says to bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.shop.problem import Problem
from models.shop.result import Outcome, Quality, to_document
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import at, document, job, problem
from tests.cli.conftest import Run

JOBS = [
    job("A", 5, ["M1"]),
    job("B", 2, ["M1"], lcd_date=at(4)),
    job("C", 9, ["M2"], lcd_date=at(4), lcd_hard=True),
    job("D", 1, ["M2"], lcd_date=at(4)),
]
MACHINES = ["M1", "M2"]


@pytest.fixture
def plan(tmp_path: Path) -> dict[str, Any]:
    """A problem and its plan, in problem.json and plan.json."""
    shop: Problem = problem(JOBS, MACHINES)
    schedule = replay(shop, [Decision(number, min(shop.operations[number].options)) for number in range(4)])
    made = to_document(shop, schedule, Outcome("feasible", {}, Quality((), "dispatch", ("dispatch",), {}, 0, "", {})))
    (tmp_path / "problem.json").write_text(json.dumps(document(JOBS, MACHINES)))
    (tmp_path / "plan.json").write_text(json.dumps(made))
    return made


def test_the_plan_in_words(nightshift: Run, plan: dict[str, Any]) -> None:
    done = nightshift("why", "problem.json", "plan.json", "--time-limit", 1)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[:5] == [
        "1 of 4 jobs are late",
        "B: 3.00 h late (weighted 9.00 h), due 2026-01-05 04:00, completed 2026-01-05 07:00",
        "  7.00 h since 2026-01-05 00:00 (second zero): own processing 2.00 h; behind others 5.00 h (5.00 h A on M1)",
        "1 job is left out:",
        "  C  lcd_hard: Operation 1 ends 5 h after the hard due date even alone in the shop.",
    ]
    assert said[5] == "C: lcd_hard conflicts with the rest, even alone in the shop (proved)"
    assert said[6].startswith("Without lcd_hard: schedules C; weight left out 3 -> 0, weighted_tardiness 9.00 h -> ")


def test_one_job_in_words(nightshift: Run, plan: dict[str, Any]) -> None:
    late = nightshift("why", "problem.json", "plan.json", "--job", "B").stdout.splitlines()
    assert [" ".join(line.split()) for line in late[2:]] == [
        "start end operation machine operator why then",
        "2026-01-05 00:00 2026-01-05 05:00 A/1 M1 - second zero",
        "2026-01-05 05:00 2026-01-05 07:00 B/1 M1 - machine busy with A/1",
    ]
    on_time = nightshift("why", "problem.json", "plan.json", "--job", "D").stdout
    assert on_time.startswith("D: on time, due 2026-01-05 04:00, completed 2026-01-05 01:00")
    assert nightshift("why", "problem.json", "plan.json", "--job", "A").stdout.startswith("A: completed")
    assert nightshift("why", "problem.json", "plan.json", "--job", "C").stdout.startswith("1 job is left out")


def test_the_plan_as_a_document(nightshift: Run, plan: dict[str, Any]) -> None:
    found = json.loads(nightshift("why", "problem.json", "plan.json", "--json").stdout)
    assert found["late_total"] == 1
    assert [row["job_id"] for row in found["jobs"]] == ["B"]
    assert found["jobs"][0]["links"] is None
    assert found["conflicts"]["conflicts"][0]["rules"] == ["lcd_hard"]
    one = json.loads(nightshift("why", "problem.json", "plan.json", "--json", "--job", "B").stdout)
    assert [link["waits_for"] for link in one["jobs"][0]["links"]] == ["zero", "machine"]
    assert one["conflicts"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.json", "plan.json"), "missing.json: cannot be read: No such file or directory"),
        (("problem.json", "missing.json"), "missing.json: cannot be read: No such file or directory"),
        (("problem.json", "problem.json"), "problem.json: scheduled_jobs: must be a list"),
        (("problem.json", "plan.json", "--job", "Z"), "--job: problem.json has no job 'Z'"),
        (("problem.json", "plan.json", "--time-limit", "nan"), "--time-limit"),
        (("problem.json", "plan.json", "--most", "0"), "--most"),
        (("problem.json",), "Missing argument 'SCHEDULE'"),
        (
            ("problem.json", "broken.json"),
            "broken.json: is no valid plan; see: nightshift check problem.json broken.json",
        ),
    ],
)
def test_bad_input(
    nightshift: Run, tmp_path: Path, plan: dict[str, Any], arguments: tuple[str, ...], said: str
) -> None:
    plan["scheduled_jobs"][0]["end_time"] = at(4)
    (tmp_path / "broken.json").write_text(json.dumps(plan))
    done = nightshift("why", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
