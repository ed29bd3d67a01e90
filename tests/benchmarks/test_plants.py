"""Studies of plants: each kind is measured against its own bar."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from benchmarks.factory import factory, tell
from benchmarks.plant_results import PlantResults, by_plant, picture
from benchmarks.plants import FLOOR, KINDS, LOTS, PLAIN, SETUPS, Made, Plant, found, kind_of, made
from benchmarks.report import Report
from benchmarks.scale import Jobs, scale
from benchmarks.study import Study
from benchmarks.work import Outcome, Task
from models.shop.parse import load


def measures(folder: Path, name: str) -> dict[str, Any]:
    rows = json.loads((folder / f"{name}.json").read_text())["measures"]
    return {row["what"]: row for row in rows}


def test_every_kind_is_told_from_the_others(tmp_path: Path) -> None:
    for kind in KINDS:
        plant = made(kind, 25, 10, tmp_path)
        assert kind_of(load(Path(plant.task.file).read_bytes())) == kind
        assert made(kind, 25, 10, tmp_path).task.digest == plant.task.digest
    (tmp_path / "broken.json").write_text("{}")
    assert sorted(plant.kind for plant in found(tmp_path)) == sorted([PLAIN, SETUPS, LOTS, FLOOR])


def test_plants_are_measured_beside_rules_and_peers(tmp_path: Path) -> None:
    plants, out = tmp_path / "plants", tmp_path / "out"
    made(LOTS, 12, 6, plants)
    options = ["--made", "setups:12", "--machines", "6", "--time-factor", "0.01", "--jobs-at-once", "2"]
    done = CliRunner().invoke(factory, [str(plants), *options, "--seeds", "1", "--peers", "cpsat", "--out", str(out)])
    assert done.exit_code == 0, done.output
    told = measures(out, "factory")
    assert {row["bar"] for row in told.values()} == {"Q2", "Q6", "Q10"}
    assert all(row["met"] for what, row in told.items() if "refuses" in what or "worse than the best rule" in what)
    table = (out / "factory.md").read_text()
    assert "cannot state setups" in table
    assert "| setups-12 | 12 | 12 |" in table
    ElementTree.parse(out / "factory.svg")
    rows = [json.loads(line) for line in (out / "factory.jsonl").read_text().splitlines()]
    floors = [Outcome.of(row["outcome"]) for row in rows if row["task"]["solver"] == "rules"]
    assert len(floors) == 2
    assert all(set(one.more["rules"]) == {"spt", "lpt", "edd", "atc", "mwkr", "mor"} for one in floors)
    assert all(one.value == min(one.more["rules"].values()) for one in floors)


def ran(value: float, bound: float, first: float = 0.2) -> Outcome:
    return Outcome(value=value, bound=bound, points=[(first, 2 * value), (1.0, value)], seconds=1.0, valid=True)


def fabricated(plants: Sequence[Plant], outcomes: Mapping[str, Outcome], folder: Path) -> dict[str, Any]:
    study = Study(folder / "factory.jsonl")
    results = PlantResults(
        study=study,
        plants=plants,
        limits={plant.name: [5.0, 30.0] for plant in plants},
        seeds=range(1, 4),
        peers={plant.name: ("pyjobshop",) for plant in plants},
        objective={},
    )
    floor = Outcome(value=100.0, more={"rules": {"edd": 100.0}, "best_atc": 90.0})
    for task in results.tasks():
        study.known[task.key] = {"rules": floor}.get(task.solver) or outcomes[task.solver]
    report = Report("factory")
    for plant in plants:
        tell(results, report, plant)
    assert by_plant(results).count("\n| ") == len(plants) + 1
    ElementTree.fromstring(picture(results, "t", "n", "y", {plant.name: 100.0 for plant in plants}))
    return {row.what: row for row in report.measures}


def test_each_kind_has_its_bar(tmp_path: Path) -> None:
    plants = [
        Plant(Task("small", "small.json", ""), PLAIN, 400),
        Plant(Task("large", "large.json", ""), PLAIN, 2000),
        Plant(Task("vast", "vast.json", ""), PLAIN, 10_000),
        Plant(Task("floor", "floor.json", ""), FLOOR, 400),
    ]
    ours = ran(83.0, 82.17)
    missing = Outcome(error="no answer 30 s after the time limit")
    told = fabricated(plants, {"nightshift": ours, "pyjobshop/1": missing, "pyjobshop": ran(830.0, 0.0)}, tmp_path)
    assert told["small: above the best plan known, at 5 s, median"].value == 0
    assert told["small: gap proved, at 30 s, median"].value == pytest.approx(1.0)
    assert told["small: gap proved, at 30 s, median"].most == 1.0
    assert told["large: over the best ATC, at 30 s, median"].value == pytest.approx(83 / 90)
    assert told["large: over the best ATC, at 30 s, median"].met is False
    assert told["vast: over the best ATC, at 30 s, median"].met is True
    assert told["floor: over the best rule, at 30 s, median"].value == pytest.approx(0.83)
    assert told["vast: ours over pyjobshop at the largest limit"].value == pytest.approx(0.1)
    assert told["vast: the latest first plan"].value == 0.2


def test_large_plants_tell_their_memory(tmp_path: Path) -> None:
    options = ["--jobs", "40", "--setups", "30", "--machines", "8", "--time-factor", "0.02", "--peers", "none"]
    done = CliRunner().invoke(scale, [*options, "--seeds", "1", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    told = measures(tmp_path, "scale")
    assert told["plain-40: memory a job"]["value"] > 0
    assert told["setups-30: most memory"]["met"]
    assert told["plain-40: makespan above its bound, at 0.1 s, median"]["value"] >= 0


@pytest.mark.parametrize("text", ["plain", "plain:0", "house:3", "plain:-1"])
def test_kinds_and_sizes_that_make_no_plant_are_refused(text: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(factory, [str(tmp_path), "--made", text])
    assert done.exit_code == 2
    assert Made().convert("none", None, None) == ()
    assert Jobs().convert("30,10,10", None, None) == [10, 30]
