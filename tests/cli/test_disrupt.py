"""``nightshift disrupt``: a plan in files is repaired, and what it says to bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.shop.parse import load
from models.shop.result_reader import read_result
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.build import at, document, job, problem
from tests.cli.conftest import Run
from tests.plans import result

BOTH = ["M1", "M2"]
JOBS = [job("A", 2, BOTH), job("B", 4, BOTH, lcd_date=at(6)), job("C", 3, BOTH, lcd_date=at(9))]
DOWN = {"type": "machine_breakdown", "machine_id": "M1", "from": at(3), "to": at(9)}


@pytest.fixture
def files(environment: Path) -> Path:
    shop = problem(JOBS, BOTH)
    plan = result(shop, replay(shop, [Decision(0, 0), Decision(1, 0), Decision(2, 0)]))
    written: dict[str, Any] = {
        "problem": document(JOBS, BOTH),
        "plan": plan,
        "down": [DOWN],
        "all": {"disruptions": [DOWN]},
    }
    for name, content in written.items():
        (environment / f"{name}.json").write_text(json.dumps(content))
    return environment


def test_it_shifts_right_and_tells_what_it_costs(nightshift: Run, files: Path) -> None:
    outputs = ("--output", "new.json", "--problem-output", "shop.json")
    done = nightshift("disrupt", "problem.json", "plan.json", "down.json", "--at", at(3), "--time-limit", 0, *outputs)
    assert done.returncode == 0, done.stderr
    assert "1 operations moved, 0 of them to another machine" in done.stdout
    shop = load((files / "shop.json").read_bytes())
    made = json.loads((files / "new.json").read_text())
    assert made["metrics"]["total_tardiness"] == 12
    assert validate(shop, read_result(shop, made)[0]).valid


def test_a_search_repairs_it(nightshift: Run, files: Path) -> None:
    arguments = ("--at", at(3), "--time-limit", 2, "--workers", 1, "--output", "new.json")
    done = nightshift("disrupt", "problem.json", "plan.json", "all.json", *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads((files / "new.json").read_text())["metrics"]["total_tardiness"] == 6


@pytest.mark.parametrize(
    ("rows", "moment", "said"),
    [
        ([DOWN | {"machine_id": "M9"}], at(3), "rows.json: disruptions[0].machine_id: names none"),
        ({}, at(3), "rows.json: disruptions: must list at least one disruption"),
        ([DOWN], "noon", "--at: "),
    ],
)
def test_bad_input_is_named(nightshift: Run, files: Path, rows: Any, moment: str, said: str) -> None:
    (files / "rows.json").write_text(json.dumps(rows))
    done = nightshift("disrupt", "problem.json", "plan.json", "rows.json", "--at", moment)
    assert (done.returncode, done.stderr.startswith(said)) == (2, True), done.stderr
