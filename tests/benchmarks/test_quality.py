"""Studies of job shops: run, resumed, judged and drawn."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from benchmarks.curves import gap, mean_curve, middle, times
from benchmarks.options import Numbers
from benchmarks.ours import job_shop
from benchmarks.picture import Curve, Picture
from benchmarks.quality import quality
from benchmarks.quality_tables import class_of
from benchmarks.report import told_command
from benchmarks.study import Cores, Study
from benchmarks.work import Outcome, Task, crowded, digest_of, value_at
from models.shop.formats import parse_text

TEXT = "3 2\n2 1 1 3 1 2 2\n2 1 2 4 2 1 2 2 3\n2 2 1 5 2 4 1 1 1\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "tiny1.fjs").write_text(TEXT)
    (folder / "tiny2.fjs").write_text(TEXT.replace("2 1 1 3", "2 1 1 4"))
    (folder / "bks.csv").write_text("instance,lower_bound,best_known_makespan\ntiny1,9,9\ntiny2,9,10\n")
    return folder


def test_a_study_is_measured_told_and_not_repeated(shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    checker = f"{sys.executable} -c 'import sys; print(sys.argv[1:]); sys.exit(0)'"
    options = ["--limits", "0.3", "--seeds", "1", "--peers", "cpsat", "--half", "1", "--out", str(out)]
    done = CliRunner().invoke(quality, [str(shop), *options, "--checker", checker])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (out / "quality.jsonl").read_text().splitlines()]
    assert [row["task"]["solver"] for row in rows] == ["nightshift", "cpsat"]
    assert {row["task"]["name"] for row in rows} == {"tiny1"}, "half 1 is every second name"
    ours = Outcome.of(rows[0]["outcome"])
    assert (ours.valid, ours.checked, ours.error) == (True, True, None)
    assert ours.value is not None and ours.bound is not None and ours.bound <= ours.value
    assert 0 < ours.parsed_mib <= ours.peak_mib
    found = json.loads((out / "quality.json").read_text())
    assert {row["bar"] for row in found["measures"]} == {"Q1", "Q8"}
    assert all(row["met"] in (True, None) for row in found["measures"] if "refuse" in row["what"])
    assert "| tiny1 | 6 | 9 |" in (out / "quality.md").read_text()
    ElementTree.parse(out / "quality.svg")

    again = CliRunner().invoke(quality, [str(shop), *options])
    assert again.exit_code == 0, again.output
    assert "2 of 2 runs are known already" in again.output
    assert len((out / "quality.jsonl").read_text().splitlines()) == 2


def test_one_run_can_be_read_at_each_limit(shop: Path, tmp_path: Path) -> None:
    options = ["--limits", "0.1,0.3", "--seeds", "1", "--peers", "none", "--trajectory", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(quality, [str(shop), *options])
    assert done.exit_code == 0, done.output
    assert len((tmp_path / "out" / "quality.jsonl").read_text().splitlines()) == 2
    assert "it paced itself for the largest" in (tmp_path / "out" / "quality.md").read_text()


def test_a_folder_without_texts_and_odd_limits_are_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(quality, [str(tmp_path)])
    assert (done.exit_code, "no FJSP or JSP text" in done.output) == (1, True)
    for limits in ("5;6", "0", "nan"):
        done = CliRunner().invoke(quality, [str(tmp_path), "--limits", limits])
        assert done.exit_code == 2, limits


def test_what_a_solver_raises_is_an_outcome(tmp_path: Path) -> None:
    file = tmp_path / "plant.json"
    file.write_text("{}")
    study = Study(tmp_path / "runs.jsonl")
    task = Task("plant", str(file), digest_of(file), "cpsat", limit=0.1)
    study.run([task])
    found = study.get(task)
    assert found is not None and found.value is None
    assert found.error is not None and found.error.startswith("InvalidProblem")
    assert Study(tmp_path / "runs.jsonl").get(task) == found
    study.forget(["cpsat"])
    assert study.get(task) is None and Study(tmp_path / "runs.jsonl").get(task) is None


def test_a_job_shop_to_warm_up_with() -> None:
    problem = parse_text(job_shop(3, 4))
    assert (len(problem.jobs), len(problem.machines), len(problem.operations)) == (3, 4, 12)
    assert all(len(operation.options) == 2 for operation in problem.operations)


def test_gaps() -> None:
    assert gap(11.0, 10.0) == pytest.approx(10.0)
    assert gap(10.0000001, 10.0) == 0.0
    assert gap(None, 10.0) == math.inf
    assert middle([1.0, 5.0, 3.0]) == 3.0
    assert middle([1.0, math.inf, math.inf]) == math.inf
    assert value_at([(0.1, 5.0), (0.4, 4.0)], 0.3) == 5.0
    assert value_at([(0.1, 5.0)], 0.05) is None


def test_a_mean_curve_begins_when_every_problem_has_a_plan() -> None:
    runs = {"a": [[(0.1, 12.0), (2.0, 10.0)]], "b": [[(1.0, 24.0)]]}
    curve = mean_curve(runs, {"a": 10.0, "b": 20.0}, [0.5, 1.0, 3.0])
    assert curve == [(1.0, pytest.approx(20.0)), (3.0, pytest.approx(10.0))]
    moments = times(0.1, 10.0)
    assert (moments[0], moments[-1]) == (0.1, pytest.approx(10.0))


@pytest.mark.parametrize("curves", [[], [Curve("a <b>", [(1.0, 5.0), (9.0, 0.0)]), Curve("c", [(2.0, 700.0)])]])
def test_a_picture_is_well_formed(curves: list[Curve]) -> None:
    drawn = Picture("Title & more", "note", "seconds", "gap", curves).svg()
    texts = [node.text for node in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert "Title & more" in texts
    assert all(curve.name in texts for curve in curves)


def test_cores_are_lent_and_given_back() -> None:
    cores = Cores(1)
    assert len(cores.all) == 1
    taken = cores.take(5)
    assert taken == cores.all
    cores.give(taken)
    assert cores.take(1) == cores.all


def test_names_and_numbers() -> None:
    assert [class_of(name) for name in ("mk01", "edata-la21", "x9", "17")] == ["Brandimarte", "Hurink e", "x", "others"]
    assert Numbers().convert("15,5,5", None, None) == (5.0, 15.0)
    told = told_command(["bench", "quality", "../some/open", "--checker", "python /a/check.py"])
    assert told == "nightshift bench quality open --checker 'python check.py'"


def test_a_solver_that_does_not_answer_is_ended(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.study.PEER_GRACE_SECONDS", 0.1)
    file = shop / "tiny1.fjs"
    study = Study(tmp_path / "runs.jsonl")
    task = Task("tiny1", str(file), digest_of(file), "cpsat", limit=0.01)
    study.run([task])
    found = study.get(task)
    assert found is not None and found.error == "no answer 0.1 s after the time limit"


def test_runs_that_shared_their_core_are_told() -> None:
    alone, shared = Outcome(seconds=2.0, cpu_seconds=1.95), Outcome(seconds=2.0, cpu_seconds=1.0)
    assert crowded([alone]) == ""
    assert crowded([alone, shared]).startswith("In 1 of 2 runs")
