"""``nightshift diff`` in words and as a document, and what it says to bad input."""

from __future__ import annotations

import json
from pathlib import Path

from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import at, job, problem
from tests.cli.conftest import Run
from tests.plans import result

BOTH = ["M1", "M2"]


def write(folder: Path) -> None:
    shop = problem([job("A", 2, BOTH, lcd_date=at(2)), job("B", 1, BOTH, lcd_date=at(2))], BOTH)
    for name, plan in (("a", [Decision(0, 0), Decision(1, 0)]), ("b", [Decision(0, 0), Decision(1, 1)])):
        (folder / f"{name}.json").write_text(json.dumps(result(shop, replay(shop, plan))))


def test_it_tells_what_moved_and_what_it_changes(nightshift: Run, environment: Path) -> None:
    write(environment)
    said = nightshift("diff", "a.json", "b.json").stdout.splitlines()
    assert said[0] == ("1 operations moved, 1 of them to another machine; 0 adjusted, 1 unchanged, 0 added, 0 dropped")
    assert next(line.split() for line in said if line.startswith("weighted_tardiness")) == [
        "weighted_tardiness", "3.00", "h", "0.00", "h", "-3.00", "h",
    ]  # fmt: skip
    assert next(line.split() for line in said if line.startswith("B/1")) == [
        "B/1", "-2.00", "h", "M1", "M2", "2026-01-05", "02:00", "2026-01-05", "00:00",
    ]  # fmt: skip


def test_the_document_is_the_one_of_the_api(nightshift: Run, environment: Path) -> None:
    write(environment)
    assert json.loads(nightshift("diff", "a.json", "b.json", "--json").stdout)["counts"]["moved"] == 1


def test_bad_input_is_named(nightshift: Run, environment: Path) -> None:
    write(environment)
    (environment / "c.json").write_text('{"metrics": 3}')
    done = nightshift("diff", "a.json", "c.json")
    assert (done.returncode, done.stderr.strip()) == (
        2, "c.json: schedule_id: must be there, as in the result of a schedule (str) [result]",
    )  # fmt: skip
    assert nightshift("diff", "a.json", "nothing.json").returncode == 2
